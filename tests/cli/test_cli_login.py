# SPDX-License-Identifier: Apache-2.0
"""Who am I, and is this still the market that I knew?"""

import json

from tests.cli.market import ACCOUNT, TOKEN, Market, new_key

ACCOUNT_BODY = {"account_id": ACCOUNT, "balance": {"available": {"amount": "25.000000", "currency": "USD"},
                                                  "held": {"amount": "0.500000", "currency": "USD"}}, "scopes": ["read", "trade"]}


def test_the_first_login_makes_a_key_and_shows_the_recovery_code_once(bourse, market):
    bourse.without_key()
    first = bourse("login")
    assert ACCOUNT in first.stdout and "brs_rec_abc" in first.stdout
    assert "Pinned market mkt_test" in first.stderr
    key = (bourse.home / "key.pem").read_bytes()
    second = bourse("login")
    assert ACCOUNT in second.stdout and "brs_rec" not in second.stdout
    assert (bourse.home / "key.pem").read_bytes() == key


def test_the_server_of_the_last_login_is_the_one_to_use(bourse, market):
    market.answers["GET", "/v1/account"] = 200, ACCOUNT_BODY
    bourse.without_key()
    bourse("login")
    del bourse.env["BOURSE_SERVER"]
    assert bourse("balance").stdout.splitlines() == [
        f"account    {ACCOUNT}", "available  25.00", "held       0.50", "scopes     read,trade"]


def test_a_token_is_kept_and_used_again(bourse, market):
    market.answers["GET", "/v1/account"] = 200, ACCOUNT_BODY
    bourse.without_key()
    bourse("login")
    bourse("balance")
    bourse("balance")
    assert len(market.asked("POST", "/v1/session/tokens")) == 1
    assert market.asked("GET", "/v1/account")[-1].headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_token_that_is_refused_is_renewed_once(bourse, market):
    refused = 401, {"title": "Credentials are missing or not valid.", "request_id": "r1"}
    market.answers["GET", "/v1/account"] = [refused, (200, ACCOUNT_BODY)]
    bourse.without_key()
    bourse("login")
    bourse("balance")
    assert len(market.asked("POST", "/v1/session/tokens")) == 2
    market.answers["GET", "/v1/account"] = refused
    assert "Credentials are missing" in bourse("balance", code=1).stderr
    assert len(market.asked("POST", "/v1/session/tokens")) == 3


def test_a_token_near_its_end_is_renewed_before_use(bourse, market):
    market.answers["GET", "/v1/account"] = 200, ACCOUNT_BODY
    bourse.without_key()
    bourse("login")
    file = bourse.home / "markets.json"
    file.write_text(file.read_text().replace("2099-", "2020-"))
    bourse("balance")
    assert len(market.asked("POST", "/v1/session/tokens")) == 2


def test_an_api_key_needs_no_login(bourse, market):
    market.answers["GET", "/v1/account"] = 200, ACCOUNT_BODY
    bourse("balance")
    assert [r.path for r in market.requests] == ["/v1/account"]
    assert market.requests[0].headers["Authorization"] == "Bearer brs_live_secret"


def test_without_credentials_it_says_what_to_do(bourse, market):
    assert "run `bourse login`" in bourse.without_key()("balance", code=2).stderr
    assert market.requests == []


def test_a_changed_market_key_is_refused_loudly_and_nothing_is_signed(bourse, market):
    bourse.without_key()
    bourse("login")
    market.key, before = new_key(), len(market.requests)
    said = bourse("login", code=4)
    assert "IS NOT THE ONE THAT WAS PINNED" in said.stderr
    assert [r.path for r in market.requests[before:]] == ["/.well-known/bourse"]
    assert "account" not in said.stdout


def test_a_changed_market_id_is_refused(bourse, market):
    bourse.without_key()
    bourse("login")
    market.market_id = "mkt_other"
    assert "IS NOT THE ONE THAT WAS PINNED" in bourse("login", code=4).stderr


def test_the_challenge_of_another_market_is_not_signed(bourse, market):
    """Who asks could be passing on what another market asked him."""
    def foreign(request):
        status, body = market.challenge(request)
        return status, {**body, "message": body["message"].replace("mkt_test", "mkt_victim")}

    market.answers["POST", "/v1/session/challenges"] = foreign
    assert "challenge cannot be understood" in bourse.without_key()("login", code=3).stderr
    assert market.asked("POST", "/v1/session/tokens") == []


def test_two_markets_have_two_pins(bourse, market):
    bourse.without_key()
    bourse("login")
    other = Market("mkt_two")
    try:
        bourse("login", "--server", other.url)
        bourse("login")
    finally:
        other.close()
    assert set(json.loads((bourse.home / "markets.json").read_text())["markets"]) == {market.url, other.url}


def test_a_recovery_code_opens_the_account_for_this_key(bourse, market):
    market.created = False
    market.answers["POST", "/v1/session/recoveries"] = 201, {"account_id": ACCOUNT, "recovery_code": "brs_rec_next"}
    said = bourse.without_key()("login", "--recover", "brs_rec_abc")
    assert "brs_rec_next" in said.stdout
    body = json.loads(market.asked("POST", "/v1/session/recoveries")[0].body)
    assert body["recovery_code"] == "brs_rec_abc" and len(body["public_key"]) == 44
