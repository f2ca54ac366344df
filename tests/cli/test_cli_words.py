# SPDX-License-Identifier: Apache-2.0
"""The words of the command line: help, options, explanations, and the smaller verbs."""

import json
import subprocess

import pytest

from tests.cli.conftest import PROGRAM
from tests.cli.market import ACCOUNT, JOB, Market, b64, new_key, usd
from tests.outside import seal

VERBS = ["login", "submit", "ps", "logs", "cancel", "checkpoint", "outputs", "receipt show", "receipt verify", "balance", "pools", "nodes",
         "asks", "asks place", "asks cancel", "join-token", "keys", "keys create", "keys revoke", "registry", "registry login",
         "registry logout", "payouts", "payouts request", "help", "version"]


def test_the_help_names_every_verb_and_every_exit_code(bourse):
    said = bourse("help").stdout
    assert [verb for verb in VERBS if f"\n  {verb} " not in said] == []
    for code in ("0 done", "1 the server refused", "2 wrong usage", "3 no answer", "4 a signature", "5 the job ended"):
        assert code in said
    assert bourse("--help").stdout == said
    assert bourse(code=2).stderr == said


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_a_page(bourse, verb):
    page = bourse("help", *verb.split()).stdout
    assert page.startswith(f"usage: bourse {verb} [OPTION…]")
    assert bourse(*verb.split(), "--help").stdout == page


def test_the_version_is_told(bourse):
    assert bourse("--version").stdout == bourse("version").stdout
    assert bourse("version").stdout.startswith("bourse ")


def test_a_misspelt_word_is_told_with_the_nearest(bourse):
    assert "did you mean submit?" in bourse("sumbit", code=2).stderr
    assert "did you mean receipt verify?" in bourse("receipt", "verif", code=2).stderr
    assert "did you mean --budget?" in bourse("submit", "--buget", "1", code=2).stderr
    assert "See `bourse help`" in bourse("zzzzzz", code=2).stderr


def test_words_too_few_or_too_many(bourse):
    assert "JOB is missing" in bourse("cancel", code=2).stderr
    assert "one word too many" in bourse("cancel", JOB, JOB, code=2).stderr
    assert "one word too many" in bourse("ps", "x", code=2).stderr
    assert "Nothing may stand behind --" in bourse("ps", "--", "x", code=2).stderr
    assert "Either --image or --image-file" in bourse("submit", "--image", "a", "--image-file", "b", code=2).stderr


def test_without_a_server_it_says_how_to_name_one(bourse):
    del bourse.env["BOURSE_SERVER"]
    assert "Use --server" in bourse("pools", code=2).stderr
    assert "looks like https://" in bourse("pools", "--server", "example.org", code=2).stderr


def test_explain_prints_a_command_that_does_the_same(bourse, market):
    answers = {"data": [Market.job("open")], "next_cursor": None}
    market.answers["GET", "/v1/jobs"] = 200, answers
    said = bourse("ps", "--explain", "--json")
    assert said.stderr == f"curl -sS '{market.url}/v1/jobs?limit=100' -H \"Authorization: Bearer $BOURSE_TOKEN\"\n"
    ran = subprocess.run(["sh", "-c", said.stderr], env={"BOURSE_TOKEN": "t", "PATH": "/usr/bin:/bin"}, capture_output=True)
    assert json.loads(ran.stdout) == json.loads(said.stdout)
    assert market.requests[-1].headers["Authorization"] == "Bearer t"


def test_explain_quotes_a_body_for_the_shell(bourse, market):
    market.answers["POST", "/v1/jobs"] = 201, {"job": Market.job("open"), "trades": []}
    said = bourse("submit", "--image", "a", "--name", "it's $HOME", "--explain")
    subprocess.run(["sh", "-c", said.stderr], env={"BOURSE_TOKEN": "t", "PATH": "/usr/bin:/bin"}, check=True, capture_output=True)
    ours, theirs = market.requests
    assert ours.body == theirs.body
    assert ours.headers["Idempotency-Key"] == theirs.headers["Idempotency-Key"]


def test_prices_are_public(bourse, market):
    market.answers["GET", "/v1/pools"] = 200, {"data": [{
        "pool": "cpu", "gpu_model": None, "asks": {"open": 2, "units_free": 5, "best_price_per_unit_hour": usd("0.050000")},
        "bids": {"open": 0, "units": 0, "best_price_per_unit_hour": None}, "last_trade": None}]}
    assert bourse.without_key()("pools").stdout.splitlines() == [
        "POOL  GPU  OFFERS  UNITS FREE  BEST OFFER  REQUESTS  BEST REQUEST  LAST TRADE",
        "cpu   -         2           5        0.05         0             -           -"]
    assert market.requests[0].headers["Authorization"] is None


@pytest.mark.parametrize(("verb", "path", "none"), [
    ("ps", "/v1/jobs", "No jobs yet."), ("nodes", "/v1/nodes", "No machines yet; `bourse join-token` adds one."),
    ("asks", "/v1/asks", "No offers yet."), ("keys", "/v1/api-keys", "No API keys."), ("payouts", "/v1/payouts", "No payouts.")])
def test_an_empty_list_says_so(bourse, market, verb, path, none):
    market.answers["GET", path] = 200, {"data": [], "next_cursor": None}
    assert bourse(verb).stdout == none + "\n"
    assert json.loads(bourse(verb, "--json").stdout) == {"data": [], "next_cursor": None}


def test_a_key_is_made_shown_once_and_ended(bourse, market):
    key = {"key_id": "key_01m93tdxshe0vr000000xdwt5h", "name": "ci", "scopes": ["read"], "created_at": "x", "last_used_at": None}
    market.answers["POST", "/v1/api-keys"] = 201, {**key, "secret": "brs_live_shown"}
    market.answers["DELETE", "/v1/api-keys/" + key["key_id"]] = 204, None
    assert "brs_live_shown" in bourse("keys", "create", "ci", "--scopes", "read,provider").stdout
    assert json.loads(market.requests[0].body) == {"name": "ci", "scopes": ["read", "provider"]}
    bourse("keys", "revoke", key["key_id"])
    assert market.requests[-1].method == "DELETE"


def with_seal_key(market, signer=None):
    """A market that keeps logins; what opens them."""
    reader = seal.Reader()
    signature = b64((signer or market.key).sign(b"bourse-seal-key-v1\n" + reader.public.encode()))
    market.answers["GET", "/.well-known/bourse"] = 200, {
        **market.info(), "seal_key": reader.public, "seal_key_signature": signature}
    market.answers["GET", "/v1/account"] = 200, {"account_id": ACCOUNT}
    market.answers["PUT", "/v1/registry-logins/ghcr.io"] = 204, None
    return reader


def test_a_login_for_a_registry_is_sealed_before_it_leaves(bourse, market):
    reader = with_seal_key(market)
    said = bourse("registry", "login", "ghcr.io", "--user", "robot", stdin="tok3n\nmore\n")
    assert "can read it" in said.stderr and "tok3n" not in said.stdout + said.stderr
    sent = market.requests[-1]
    assert sent.method == "PUT" and b"tok3n" not in sent.body and b"robot" not in sent.body
    plain = reader.open(json.loads(sent.body)["sealed"], seal.KEPT, seal.lines(market.market_id, ACCOUNT, "ghcr.io"))
    assert json.loads(plain) == {"username": "robot", "password": "tok3n"}


def test_nothing_is_sealed_to_a_key_that_the_market_has_not_signed(bourse, market):
    with_seal_key(market, new_key())
    assert "not signed" in bourse("registry", "login", "ghcr.io", "--user", "robot", stdin="tok3n", code=4).stderr
    assert all(r.method == "GET" for r in market.requests)
    market.answers["GET", "/.well-known/bourse"] = 200, market.info()
    assert "keeps no logins" in bourse("registry", "login", "ghcr.io", "--user", "robot", stdin="tok3n", code=3).stderr


def test_what_is_no_login_is_told_before_anything_is_asked(bourse, market):
    assert "--user is missing" in bourse("registry", "login", "ghcr.io", stdin="x", code=2).stderr
    assert "is no registry" in bourse("registry", "login", "GHCR", "--user", "a", stdin="x", code=2).stderr
    assert "standard input" in bourse("registry", "login", "ghcr.io", "--user", "a", code=2).stderr
    assert market.requests == []


def test_logins_are_listed_and_forgotten(bourse, market):
    market.answers["GET", "/v1/registry-logins"] = 200, {"data": []}
    assert bourse("registry").stdout == "No logins.\n"
    market.answers["GET", "/v1/registry-logins"] = 200, {"data": [{"registry": "ghcr.io", "put_at": "2026-11-24T09:00:00.000Z"}]}
    assert "ghcr.io   2026-11-24 09:00:00" in bourse("registry").stdout
    market.answers["DELETE", "/v1/registry-logins/ghcr.io"] = 204, None
    bourse("registry", "logout", "ghcr.io")
    assert market.requests[-1].method == "DELETE"


def test_a_join_token_comes_with_the_command_to_use_it(bourse, market):
    market.answers["POST", "/v1/join-tokens"] = 201, {"token": "brs_join_x.y", "expires_at": "2026-11-24T09:00:00.000Z"}
    said = bourse("join-token", "--name", "ada")
    assert "brs_join_x.y" in said.stdout
    assert "bourse-agent join --server http://127.0.0.1:8081 --token brs_join_x.y" in said.stderr


def test_a_payout_is_requested_exactly(bourse, market):
    market.answers["POST", "/v1/payouts"] = 201, {"payout_id": "payout_1", "amount": usd("2.500000"), "state": "requested",
                                                 "rail": "operator"}
    assert "amount  2.50" in bourse("payouts", "request", "2.50").stdout
    assert json.loads(market.requests[0].body) == {"amount": {"amount": "2.50", "currency": "USD"}}
    assert market.requests[0].headers["Idempotency-Key"]
    assert "not an amount" in bourse("payouts", "request", "1e3", code=2).stderr


def test_names_from_outside_cannot_move_the_cursor(bourse, market):
    market.answers["GET", "/v1/jobs"] = 200, {"data": [Market.job("open", name="\033[2Jevil\n")], "next_cursor": None}
    assert "?[2Jevil?" in bourse("ps").stdout


def test_a_reader_that_goes_away_is_no_crash(bourse, market):
    market.answers["GET", "/v1/jobs"] = 200, {"data": [Market.job("open")] * 100, "next_cursor": None}
    ran = subprocess.run(f"{PROGRAM} ps | true", shell=True, env=bourse.env, capture_output=True, text=True)
    assert ran.returncode == 0 and ran.stderr == ""


def test_an_offer_is_placed_and_taken_back(bourse, market):
    node, ask = "node_01m86ch86ge0080000000004jg", "ask_01m86ch86je0080000000004jj"
    body = {"ask_id": ask, "node_id": node, "pool": "cpu", "state": "open", "price_per_unit_hour": usd("0.050000"),
            "floor_price_per_unit_hour": usd("0.040000"), "pricing": "undercut",
            "units": 2, "units_free": 2, "available_until": "2026-11-24T09:00:00.000Z"}
    market.answers["POST", "/v1/asks"] = 201, {"ask": body, "trades": []}
    market.answers["POST", f"/v1/asks/{ask}/cancel"] = 200, {**body, "state": "cancelled"}
    assert "price    0.05" in bourse("asks", "place", node, "--price", "0.05", "--units", "2").stdout
    assert json.loads(market.requests[0].body) == {
        "node_id": node, "pool": "cpu", "units": 2, "price_per_unit_hour": {"amount": "0.05", "currency": "USD"}}
    assert market.requests[0].headers["Idempotency-Key"]
    assert "--price is missing" in bourse("asks", "place", node, code=2).stderr
    said = bourse("asks", "place", node, "--price", "0.05", "--floor", "0.04", "--pricing", "undercut").stdout
    assert "pricing  undercut" in said
    assert json.loads(market.requests[-1].body) == {
        "node_id": node, "pool": "cpu", "units": 1, "price_per_unit_hour": {"amount": "0.05", "currency": "USD"},
        "floor_price_per_unit_hour": {"amount": "0.04", "currency": "USD"}, "pricing": "undercut"}
    assert "state    cancelled" in bourse("asks", "cancel", ask).stdout


def test_why_a_price_moved(bourse, market):
    ask = "ask_01m86ch86je0080000000004jj"
    moves = [{"at": "2026-11-24T09:12:00.000Z", "price_per_unit_hour": usd("0.300000"),
              "previous_price_per_unit_hour": usd("0.310000"), "by": "agent",
              "reason": "idle for 12 min, best other ask 0.305"},
             {"at": "2026-11-24T09:00:00.000Z", "price_per_unit_hour": usd("0.310000"),
              "previous_price_per_unit_hour": None, "by": "owner", "reason": None}]
    market.answers["GET", f"/v1/asks/{ask}/prices"] = 200, {"data": moves, "next_cursor": None}
    head, newest, placed = bourse("asks", "prices", ask).stdout.splitlines()
    assert head.split() == ["AT", "FROM", "TO", "BY", "WHY"]
    assert newest.split(None, 5) == [
        "2026-11-24", "09:12:00", "0.31", "0.30", "agent", "idle for 12 min, best other ask 0.305"]
    assert placed.split() == ["2026-11-24", "09:00:00", "-", "0.31", "owner", "-"]
    assert "is not the id of a ask" in bourse("asks", "prices", "../keys", code=2).stderr
