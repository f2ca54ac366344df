# SPDX-License-Identifier: Apache-2.0
"""Signing in: a challenge and its answer, recovery, and the dashboard's cookie."""

import base64
import datetime
import re
import time

import pytest

from tests.api.people import Asker, Key
from tests.outside.protocol import b64

HOUR = 3600


def challenge(anybody, key):
    return anybody.post("/v1/session/challenges", {"public_key": key.public}).ok()


def answer(anybody, key, asked):
    signature = b64(key.private.sign(asked["message"].encode()))
    return anybody.post("/v1/session/tokens", {"challenge_id": asked["challenge_id"], "signature": signature})


def sign_in(anybody, key):
    return answer(anybody, key, challenge(anybody, key)).ok()


def seconds_until(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() - time.time()


@pytest.fixture
def key():
    return Key()


# ---- challenge and token -------------------------------------------------------------------------


def test_a_challenge_says_what_to_sign(anybody, key):
    market = anybody.get("/.well-known/bourse").ok()["market_id"]
    asked = challenge(anybody, key)
    until = re.fullmatch(r"bourse-login-v1\|(.+)\|(.+)\|(.+)\|(\d+)", asked["message"])
    assert until.groups()[:3] == (market, asked["nonce"], key.public)
    assert 58 < seconds_until(asked["expires_at"]) <= 60
    assert int(until[4]) == round(seconds_until(asked["expires_at"]) + time.time())


def test_no_two_challenges_are_alike(anybody, key):
    first, second = challenge(anybody, key), challenge(anybody, key)
    assert first["nonce"] != second["nonce"] and first["challenge_id"] != second["challenge_id"]


def test_a_new_key_opens_an_account(anybody, key, market, contract):
    told = sign_in(anybody, key)
    assert told["created"] and told["recovery_code"].startswith("brs_rec_")
    assert 14 * 60 < seconds_until(told["expires_at"]) <= 15 * 60
    account = Asker(market, contract, token=told["token"]).get("/v1/account").ok()
    assert account["account_id"] == told["account_id"]
    assert account["scopes"] == ["read", "trade", "provider", "keys"] and account["key_id"] is None


def test_a_known_key_opens_the_same_account(anybody, key):
    first, second = sign_in(anybody, key), sign_in(anybody, key)
    assert (second["account_id"], second["created"], second["recovery_code"]) == (first["account_id"], False, None)


def test_an_answer_counts_once(anybody, key, problem):
    asked = challenge(anybody, key)
    answer(anybody, key, asked).ok()
    problem(answer(anybody, key, asked), "unauthenticated")


def test_a_wrong_answer_spends_the_challenge(anybody, key, problem):
    asked = challenge(anybody, key)
    problem(answer(anybody, Key(), asked), "unauthenticated")
    problem(answer(anybody, key, asked), "unauthenticated")


def test_another_keys_challenge_cannot_be_answered(anybody, key, problem):
    problem(answer(anybody, key, challenge(anybody, Key())), "unauthenticated")


@pytest.mark.parametrize("name", ["chal_01m86ch877e0080000000004k7", "job_01m86ch877e0080000000004k7", "x", "x" * 64])
def test_there_is_no_other_challenge(anybody, problem, name):
    problem(anybody.post("/v1/session/tokens", {"challenge_id": name, "signature": b64(bytes(64))}), "unauthenticated")


def test_a_signature_over_something_else_is_none(anybody, key, problem):
    asked = challenge(anybody, key)
    signature = b64(key.private.sign(asked["nonce"].encode()))
    problem(anybody.post("/v1/session/tokens", {"challenge_id": asked["challenge_id"], "signature": signature}),
            "unauthenticated")


@pytest.mark.parametrize("public", [bytes(32), b"\x01" + bytes(31), b"\xec" + b"\xff" * 30 + b"\x7f"])
def test_a_key_of_small_order_signs_nothing(anybody, problem, public):
    """For such keys one signature fits many texts: identity, order 2 and their like open no account."""
    asked = anybody.post("/v1/session/challenges", {"public_key": b64(public)})
    if asked.status == 201:
        forged = b64(public + bytes(32))
        problem(anybody.post("/v1/session/tokens", {"challenge_id": asked.json["challenge_id"], "signature": forged}),
                "unauthenticated")
    else:
        problem(asked, "validation-failed", "/public_key")


# ---- recovery ------------------------------------------------------------------------------------


def recover(anybody, code, key):
    return anybody.post("/v1/session/recoveries", {"recovery_code": code, "public_key": key.public})


def test_a_recovery_code_lets_another_key_in(anybody, key):
    lost = sign_in(anybody, Key())
    told = recover(anybody, lost["recovery_code"], key).ok()
    assert told["account_id"] == lost["account_id"] and told["recovery_code"] != lost["recovery_code"]
    assert sign_in(anybody, key)["account_id"] == lost["account_id"]


def test_a_code_counts_once_and_the_next_one_then(anybody, key, problem):
    lost = sign_in(anybody, Key())
    told = recover(anybody, lost["recovery_code"], key).ok()
    problem(recover(anybody, lost["recovery_code"], Key()), "unauthenticated")
    assert recover(anybody, told["recovery_code"], Key()).ok()["account_id"] == lost["account_id"]


def test_a_key_of_another_account_cannot_be_added_and_the_code_stays(anybody, key, problem):
    lost = sign_in(anybody, Key())
    sign_in(anybody, key)
    problem(recover(anybody, lost["recovery_code"], key), "wrong-state")
    recover(anybody, lost["recovery_code"], Key()).ok()


@pytest.mark.parametrize("code", ["brs_rec_" + "A" * 43, "brs_live_" + "A" * 43, "x"])
def test_there_is_no_other_code(anybody, key, problem, code):
    problem(recover(anybody, code, key), "unauthenticated")


# ---- the cookie ----------------------------------------------------------------------------------


def cookie_of(answered):
    """Value and attributes of the cookie that was set."""
    value, *attributes = answered.headers["Set-Cookie"].split("; ")
    return value.removeprefix("session="), sorted(attributes)


def with_cookie(anybody, method, path, value, body=None, **headers):
    headers = {name.replace("_", "-"): text for name, text in headers.items()}
    return anybody.call(method, path, body, {"Cookie": f"session={value}", **headers})


def test_a_token_becomes_a_cookie_that_lasts_as_long(anybody, key):
    told = sign_in(anybody, key)
    value, attributes = cookie_of(anybody.post("/v1/session", {"token": told["token"]}))
    assert value == told["token"]
    life = int(attributes[1].removeprefix("Max-Age="))
    assert attributes == ["HttpOnly", f"Max-Age={life}", "Path=/", "SameSite=Strict"] and 14 * 60 <= life <= 15 * 60
    assert with_cookie(anybody, "GET", "/v1/account", value).ok()["account_id"] == told["account_id"]


def test_an_api_key_becomes_a_cookie_for_half_a_day_with_its_scopes(anybody, stranger):
    made = stranger.api_key("read", "trade")
    value, attributes = cookie_of(anybody.post("/v1/session", {"token": made["secret"]}))
    assert f"Max-Age={12 * HOUR}" in attributes and made["secret"] not in value
    account = with_cookie(anybody, "GET", "/v1/account", value).ok()
    assert (account["account_id"], account["scopes"]) == (stranger.account_id, ["read", "trade"])
    assert account["key_id"] == made["key_id"]


def test_such_a_cookie_ends_with_its_key(anybody, stranger, problem):
    made = stranger.api_key("read")
    value, _ = cookie_of(anybody.post("/v1/session", {"token": made["secret"]}))
    stranger.delete(f"/v1/api-keys/{made['key_id']}").ok()
    problem(with_cookie(anybody, "GET", "/v1/account", value), "unauthenticated")


def test_a_cookie_changes_things_only_from_our_own_page(anybody, stranger, market):
    value, _ = cookie_of(anybody.post("/v1/session", {"token": stranger.key}))
    body = {"name": "a key", "scopes": ["read"]}
    for headers in ({"Sec_Fetch_Site": "same-origin"}, {"Origin": market.url}):
        assert with_cookie(anybody, "POST", "/v1/api-keys", value, body, **headers).status == 201


def test_what_the_browser_says_outweighs_an_origin(anybody, stranger, market, problem):
    value, _ = cookie_of(anybody.post("/v1/session", {"token": stranger.key}))
    problem(with_cookie(anybody, "POST", "/v1/api-keys", value, {"name": "a", "scopes": ["read"]},
                        Sec_Fetch_Site="cross-site", Origin=market.url), "forbidden")


def test_a_cookie_is_found_among_others(anybody, stranger):
    value, _ = cookie_of(anybody.post("/v1/session", {"token": stranger.key}))
    assert anybody.call("GET", "/v1/account", headers={"Cookie": f"a=b; session={value}; c=d"}).status == 200
    assert anybody.call("GET", "/v1/account", headers={"Cookie": f"xsession={value}"}).status == 401


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}])
def test_another_site_signs_nobody_in_or_out(anybody, stranger, problem, headers):
    problem(anybody.post("/v1/session", {"token": stranger.key}, headers=headers), "forbidden")
    problem(anybody.delete("/v1/session", headers=headers), "forbidden")


@pytest.mark.parametrize("token", ["x", "a.b.c", "brs_live_" + "A" * 43, "brs_rec_" + "A" * 43])
def test_other_words_give_no_cookie(anybody, problem, token):
    problem(anybody.post("/v1/session", {"token": token}), "unauthenticated")


def test_signing_out_clears_the_cookie_whatever_it_held(anybody):
    value, attributes = cookie_of(anybody.delete("/v1/session"))
    assert value == "" and "Max-Age=0" in attributes


def test_a_nonce_has_32_bytes(anybody, key):
    assert len(base64.b64decode(challenge(anybody, key)["nonce"])) == 32
