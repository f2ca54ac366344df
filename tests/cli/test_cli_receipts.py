# SPDX-License-Identifier: Apache-2.0
"""A receipt can be checked by anyone who has it and knows the market's key, without the market."""

import json

import pytest

from tests.cli.market import JOB, Market, b64, new_key


@pytest.fixture
def document(market):
    return market.receipt({"a": b"1"})


def save(tmp_path, document):
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(document))
    return path


def offline(bourse):
    del bourse.env["BOURSE_SERVER"]
    return bourse


def test_a_file_is_verified_offline_by_a_given_key(bourse, market, document, tmp_path):
    said = offline(bourse)("receipt", "verify", save(tmp_path, document), "--market-key", market.public())
    assert "The receipt is valid" in said.stdout
    assert "0.05 × 1 × 12 s ÷ 3600 = 0.000166, of which 0.000001 fee and 0.000165 to the provider" in said.stdout
    assert market.requests == []


def test_a_file_is_verified_offline_by_the_pinned_key(bourse, market, document, tmp_path):
    bourse.without_key()("login")
    before = len(market.requests)
    offline(bourse)("receipt", "verify", save(tmp_path, document))
    assert len(market.requests) == before


def test_the_key_is_pinned_at_the_first_contact(bourse, market, document, tmp_path):
    assert "Pinned market" in bourse("receipt", "verify", save(tmp_path, document)).stderr
    offline(bourse)("receipt", "verify", save(tmp_path, document))
    assert len(market.requests) == 1


def test_without_key_and_server_there_is_nothing_to_check_against(bourse, market, document, tmp_path):
    assert "Which server?" in offline(bourse)("receipt", "verify", save(tmp_path, document), code=2).stderr


def test_a_job_is_verified_by_its_id(bourse, market, document):
    market.answers["GET", f"/v1/jobs/{JOB}/receipt"] = 200, document
    assert "The receipt is valid" in bourse("receipt", "verify", JOB).stdout
    assert json.loads(bourse("receipt", "verify", JOB, "--json").stdout) == document


def test_standard_input_is_a_file_too(bourse, market, document):
    bourse("receipt", "verify", "-", "--market-key", market.public(), stdin=json.dumps(document))


def tamper(document, how):
    if how == "receipt":
        return {**document, "receipt": document["receipt"].replace('"seconds":12', '"seconds":13')}
    if how == "signature":
        return {**document, "agent_signature": b64(b"\0" * 64)}
    counter = dict(document["countersignature"])
    if how == "charge":
        counter["document"] = counter["document"].replace("0.000166", "0.000167")
    if how == "countersignature":
        counter["signature"] = b64(b"\0" * 64)
    return {**document, "countersignature": counter}


@pytest.mark.parametrize("how", ["receipt", "signature", "charge", "countersignature"])
def test_what_was_changed_afterwards_is_found(bourse, market, document, tmp_path, how):
    said = bourse("receipt", "verify", save(tmp_path, tamper(document, how)), "--market-key", market.public(), code=4)
    assert "THE RECEIPT IS NOT VALID" in said.stderr and "valid:" not in said.stdout


def test_another_markets_or_nodes_key_does_not_fit(bourse, market, document, tmp_path):
    path, other = save(tmp_path, document), market.public(new_key())
    bourse("receipt", "verify", path, "--market-key", other, code=4)
    bourse("receipt", "verify", path, "--market-key", market.public(), "--node-key", other, code=4)
    bourse("receipt", "verify", path, "--market-key", market.public(), "--node-key", market.public(market.node_key))


def test_a_key_that_is_none_is_wrong_usage(bourse, market, document, tmp_path):
    assert "not a public key" in bourse("receipt", "verify", save(tmp_path, document), "--market-key", "abc", code=2).stderr


def test_what_is_no_receipt_is_not_verified(bourse, market, tmp_path):
    path = tmp_path / "x.json"
    path.write_text("{}")
    bourse("receipt", "verify", path, "--market-key", market.public(), code=4)
    path.write_text("{")
    bourse("receipt", "verify", path, code=2)
    bourse("receipt", "verify", tmp_path / "absent", code=2)


def test_a_receipt_is_shown(bourse, market, document):
    market.answers["GET", f"/v1/jobs/{JOB}/receipt"] = 200, document
    said = bourse("receipt", "show", JOB).stdout
    assert "seconds    12 by the node, 12 by the market, 12 billed" in said
    assert "settled    2026-11-24T09:00:13.000Z" in said


def test_a_job_without_a_receipt_says_so(bourse, market):
    assert "has no receipt yet" in bourse("receipt", "show", JOB, code=1).stderr


def test_the_market_in_the_receipt_is_that_of_the_pin(bourse, market, tmp_path):
    bourse.without_key()("login")
    other = Market("mkt_two")
    other.close()
    offline(bourse)
    # The pinned server is asked, as nothing is known of mkt_two; its key does not fit.
    assert "NOT VALID" in bourse("receipt", "verify", save(tmp_path, other.receipt()), code=4).stderr
