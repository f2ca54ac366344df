# SPDX-License-Identifier: Apache-2.0
"""Idempotency keys, ids, and query parameters that name nothing: refused, and nothing changes."""

import pytest

from tests.api.contract import Contract
from tests.api.people import fresh
from tests.api.samples import send
from tests.outside.market import usd

CONTRACT = Contract()


@pytest.fixture(scope="session")
def market(quiet_market):
    return quiet_market


@pytest.fixture(autouse=True)
def clear_books():
    """The estate stays."""


# ---- idempotency keys ----------------------------------------------------------------------------

KEYED = [o for o in CONTRACT.operations.values() if any(p.get("$ref",
    "").endswith("/IdempotencyKey") for p in o.parameters)]
BAD_KEYS = {
    "of 256 signs": "x" * 256, "of 4,000 signs": "x" * 4000, "not ASCII": "schlüssel", "with a blank": "a b",
    "with a tab": "a\tb", "with a DEL": "a\x7fb", "with a byte above": "a\xffb",
}


@pytest.mark.parametrize("operation", KEYED, ids=repr)
def test_without_a_key(estate, unchanged, problem, operation):
    sample = estate.sample(operation)
    with unchanged():
        problem(estate.owner(operation).call("POST", sample.path, sample.body), "idempotency-key-missing")


@pytest.mark.parametrize("what", BAD_KEYS)
def test_a_key_that_is_none(estate, unchanged, problem, what):
    with unchanged():
        for operation in KEYED:
            problem(send(estate, operation, estate.sample(operation).body, {"Idempotency-Key": BAD_KEYS[what]}),
                    "malformed-request")


@pytest.mark.parametrize("operation", KEYED, ids=repr)
def test_an_empty_key_is_none(estate, unchanged, operation):
    with unchanged():
        answer = send(estate, operation, estate.sample(operation).body, {"Idempotency-Key": ""})
    assert answer.json["code"] in ("idempotency-key-missing", "malformed-request")


@pytest.mark.parametrize("operation", KEYED, ids=repr)
def test_a_key_of_255_signs_is_one_and_counts_for_one_body(estate, unchanged, problem, operation):
    key = (fresh() * 8)[:255]
    body = estate.sample(operation).body
    send(estate, operation, body, {"Idempotency-Key": key}).ok()
    other = {**body, "amount": usd("2")} if "amount" in body else {**body, "units": 2}
    with unchanged():
        problem(send(estate, operation, other, {"Idempotency-Key": key}), "idempotency-key-reused")
        assert send(estate, operation, body, {"Idempotency-Key": key}).headers["Idempotency-Replayed"] == "true"


# ---- ids -----------------------------------------------------------------------------------------

IDS = ("job_id", "bid_id", "ask_id", "node_id", "lease_id", "payout_id", "key_id")
WITH_ID = [o for o in CONTRACT.operations.values() if any(f"{{{name}}}" in o.path for name in IDS)]


def id_name(operation):
    return next(name for name in IDS if f"{{{name}}}" in operation.path)


def wrong_ids(right):
    """Ids of nothing: of another thing's kind, of another time, misspelt."""
    prefix, digits = right.split("_")
    other = "job" if prefix != "job" else "ask"
    yield "another prefix", f"{other}_{digits}"
    yield "no prefix", digits
    yield "a digit less", right[:-1]
    yield "a digit more", right + "0"
    yield "upper case", f"{prefix}_{digits.upper()}"
    yield "another number", right[:-1] + ("0" if right[-1] != "0" else "1")
    yield "another time", f"{prefix}_00{digits[2:]}"
    yield "letters that are no digits", right[:-1] + "u"
    yield "a number", "1"
    yield "SQL", f"{right}%27%20OR%201=1--"
    yield "a path", "..%2f..%2fetc"
    yield "not ASCII", "job_%C3%A4"


@pytest.mark.parametrize("operation", WITH_ID, ids=repr)
def test_an_id_of_nothing_is_not_found(estate, unchanged, problem, operation):
    name = id_name(operation)
    with unchanged():
        for what, wrong in wrong_ids(estate.ids()[name]):
            sample = estate.sample(operation, **{name: wrong})
            answer = estate.owner(operation).call(operation.method, sample.path, sample.body, sample.headers())
            assert answer.status == 404, (what, answer)
            problem(answer, "not-found")


@pytest.mark.parametrize("node", ["node_1", "x", "ask_01m86ch86ge0080000000004jg", "node_01M86CH86GE0080000000004JG"])
def test_an_ask_for_what_is_no_node(estate, unchanged, problem, node):
    operation = CONTRACT.operations["post_asks"]
    with unchanged():
        problem(send(estate, operation, {**estate.sample(operation).body, "node_id": node}), "validation-failed",
            "/node_id")


def test_an_ask_for_an_unknown_node(estate, unchanged, problem):
    operation = CONTRACT.operations["post_asks"]
    body = {**estate.sample(operation).body, "node_id": "node_01m86ch86ge0080000000004jg"}
    with unchanged():
        problem(send(estate, operation, body), "not-found")


# ---- queries -------------------------------------------------------------------------------------

LISTS = ["/v1/jobs", "/v1/bids", "/v1/asks", "/v1/leases", "/v1/nodes", "/v1/payouts", "/v1/postings", "/v1/api-keys",
         "/v1/account/keys", "/v1/trades"]


@pytest.mark.parametrize("limit",
    ["0", "-1", "101", "1.5", "ten", "", "%201", "0x10", "99999999999999999999", "1e1", "+1"])
def test_limits_that_are_none(estate, problem, limit):
    for path in LISTS:
        problem(estate.buyer.get(f"{path}?limit={limit}"), "validation-failed", "?limit")


@pytest.mark.parametrize("cursor", ["", "x", "MTIz", "0", "A" * 256, "A" * 5000, "%00x", "%C3%A4"])
def test_cursors_that_are_none(estate, problem, cursor):
    for path in LISTS:
        answer = estate.buyer.get(f"{path}?cursor={cursor}")
        if cursor.startswith("%00"):
            problem(answer, "malformed-request")
        else:
            problem(answer, "validation-failed", "?cursor")


@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/bids", "/v1/asks", "/v1/leases"])
@pytest.mark.parametrize("state", ["Open", "opened", "0", "open,settled", "both"])
def test_states_that_are_none(estate, problem, path, state):
    problem(estate.buyer.get(f"{path}?state={state}"), "validation-failed", "?state")


@pytest.mark.parametrize("role", ["both", "Buyer", "0"])
def test_roles_that_are_none(estate, problem, role):
    problem(estate.buyer.get(f"/v1/leases?role={role}"), "validation-failed", "?role")


@pytest.mark.parametrize("stream", ["", "stdin", "0", "STDOUT"])
def test_streams_that_are_none(estate, unchanged, problem, stream):
    path = f"/v1/agent/leases/{estate.offered['lease_id']}/log/0?stream={stream}"
    with unchanged():
        problem(estate.machine.call("PUT", path, b"x"), "validation-failed", "?stream")


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "9223372036854775808"])
def test_sequences_that_are_none(estate, problem, after):
    problem(estate.machine.assignments(after), "validation-failed", "?after")
