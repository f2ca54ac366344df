# SPDX-License-Identifier: Apache-2.0
"""The account: its balance, its login keys, its API keys, its part of the ledger."""

import pytest

from tests.api.people import Key, fresh
from tests.outside.market import micros, usd


def test_an_account_tells_of_itself(crowd):
    person = crowd("12.5")
    account = person.get("/v1/account").ok()
    assert account["account_id"] == person.account_id
    assert account["balance"] == {"available": usd("12.500000"), "held": usd("0.000000")}
    assert account["scopes"] == ["read", "trade", "provider", "keys"]


# ---- login keys ----------------------------------------------------------------------------------


def test_a_second_key_opens_the_account_too(stranger):
    key = Key()
    made = stranger.post("/v1/account/keys", {"public_key": key.public, "name": "spare"}).ok()
    assert (made["public_key"], made["name"]) == (key.public, "spare")
    assert made in stranger.get("/v1/account/keys").ok()["data"]


def test_a_key_opens_one_account_only(stranger, buyer, problem):
    body = {"public_key": Key().public, "name": "spare"}
    stranger.post("/v1/account/keys", body).ok()
    problem(stranger.post("/v1/account/keys", body), "wrong-state")
    problem(buyer.post("/v1/account/keys", body), "wrong-state")


def test_only_who_may_do_everything_adds_a_key(stranger, problem):
    keys, body = stranger.with_token(stranger.api_key("keys")["secret"]), {"public_key": Key().public, "name": "mine"}
    problem(keys.post("/v1/account/keys", body), "forbidden")
    every = stranger.with_token(stranger.api_key("read", "trade", "provider", "keys")["secret"])
    assert every.post("/v1/account/keys", body).ok()["public_key"] == body["public_key"]


def test_who_may_not_do_everything_adds_no_login_key(stranger, problem):
    """Whoever signs in with it may do everything."""
    holder = stranger.with_token(stranger.api_key("keys", "read", "trade")["secret"])
    problem(holder.post("/v1/account/keys", {"public_key": Key().public, "name": "spare"}), "forbidden")


def test_login_keys_have_pages(crowd):
    person = crowd()
    made = [person.post("/v1/account/keys", {"public_key": Key().public, "name": f"key {n}"}).ok() for n in range(5)]
    assert person.pages("/v1/account/keys", 2) == made[::-1]


# ---- API keys ------------------------------------------------------------------------------------


def test_an_api_key_shows_its_secret_once(stranger):
    made = stranger.api_key("trade", "read")
    assert made["scopes"] == ["read", "trade"] and made["last_used_at"] is None
    secret = made.pop("secret")
    listed = stranger.get("/v1/api-keys")
    assert made in listed.ok()["data"] and secret.encode() not in listed.content


def test_an_api_key_asks_for_its_account(stranger):
    made = stranger.api_key("read")
    account = stranger.with_token(made["secret"]).get("/v1/account").ok()
    assert (account["account_id"], account["scopes"], account["key_id"]) == (
        stranger.account_id, ["read"], made["key_id"])
    used = next(k for k in stranger.get("/v1/api-keys").ok()["data"] if k["key_id"] == made["key_id"])
    assert used["last_used_at"]


def test_a_key_cannot_make_one_that_may_more(stranger, problem):
    keys = stranger.with_token(stranger.api_key("keys", "read")["secret"])
    problem(keys.post("/v1/api-keys", {"name": "more", "scopes": ["read", "trade"]}), "forbidden")
    assert keys.post("/v1/api-keys", {"name": "less", "scopes": ["read"]}).ok()["scopes"] == ["read"]


def test_a_key_that_is_taken_back_opens_nothing(stranger, problem):
    made = stranger.api_key("read")
    holder = stranger.with_token(made["secret"])
    holder.get("/v1/account").ok()
    assert stranger.delete(f"/v1/api-keys/{made['key_id']}").status == 204
    problem(holder.get("/v1/account"), "unauthenticated")
    problem(stranger.delete(f"/v1/api-keys/{made['key_id']}"), "not-found")


def test_a_key_can_take_itself_back(stranger):
    made = stranger.api_key("keys")
    assert stranger.with_token(made["secret"]).delete(f"/v1/api-keys/{made['key_id']}").status == 204


def test_api_keys_have_pages(crowd):
    person = crowd()
    made = [person.api_key("read")["key_id"] for _ in range(4)]
    assert [k["key_id"] for k in person.pages("/v1/api-keys", 2)][:4] == made[::-1]


@pytest.mark.parametrize("scopes, pointers", [
    ([], ["/scopes"]), (["all"], ["/scopes/0"]), (["read", "read"], ["/scopes/1"]),
    (["Read", ""], ["/scopes/0", "/scopes/1"]),
])
def test_scopes_are_those_that_there_are(stranger, problem, scopes, pointers):
    problem(stranger.post("/v1/api-keys", {"name": "a key", "scopes": scopes}), "validation-failed", *pointers)


# ---- the ledger ----------------------------------------------------------------------------------


def total(entry):
    return sum(micros_of(line["amount"]) for line in entry["lines"])


def micros_of(money):
    """Also of negative amounts."""
    negative = money["amount"].startswith("-")
    return (-1 if negative else 1) * micros({**money, "amount": money["amount"].lstrip("-")})


def mine(entries, bucket):
    return sum(micros_of(line["amount"]) for e in entries for line in e["lines"]
               if (line["account"], line["bucket"]) == ("self", bucket))


def test_the_ledger_tells_all_that_moved(crowd, machine):
    person = crowd("20")
    machine.offer(units=1, price="0.010").ok()
    made = person.submit(units=1, budget=usd("5")).ok()["job"]
    machine.run(made["lease_id"])
    person.post("/v1/payouts", {"amount": usd("3")}, fresh()).ok()
    entries = person.get("/v1/postings").ok()["data"]
    assert [e["kind"] for e in entries] == ["request-payout", "lease-exit", "submit-job", "credit"]
    assert [total(e) for e in entries] == [0, 0, 0, 0]
    assert (mine(entries, "available"), mine(entries, "held")) == person.balance()


def test_the_other_side_sees_the_same_entry_from_its_own_side(crowd, provider, machine):
    person = crowd("20")
    machine.offer(units=1, price="0.010").ok()
    machine.run(person.submit(units=1).ok()["job"]["lease_id"])
    ours = person.get("/v1/postings?limit=1").ok()["data"][0]
    theirs = provider.get("/v1/postings?limit=1").ok()["data"][0]
    assert ours["entry"] == theirs["entry"] and total(theirs) == 0
    assert {line["account"] for line in ours["lines"]} <= {"self", "counterparty", "market-fees"}
    paid = next(line for line in ours["lines"] if line["account"] == "counterparty")
    assert {**paid, "account": "self"} in theirs["lines"]


def test_a_credit_comes_from_the_world(crowd):
    entry = crowd("7").get("/v1/postings").ok()["data"][0]
    assert sorted((line["account"], line["amount"]["amount"]) for line in entry["lines"]) == [
        ("self", "7.000000"), ("world", "-7.000000")]


def test_the_ledger_of_one_job(crowd):
    person = crowd("20")
    first, second = (person.submit(units=1).ok()["job"]["job_id"] for _ in range(2))
    entries = person.get(f"/v1/postings?job_id={first}").ok()["data"]
    assert [e["kind"] for e in entries] == ["submit-job"]
    person.post(f"/v1/jobs/{first}/cancel").ok()
    assert [e["kind"] for e in person.get(f"/v1/postings?job_id={first}").ok()["data"]] == ["cancel-job", "submit-job"]
    assert [e["kind"] for e in person.get(f"/v1/postings?job_id={second}").ok()["data"]] == ["submit-job"]


def test_the_ledger_has_pages(crowd):
    person = crowd("20")
    for _ in range(3):
        person.post("/v1/payouts", {"amount": usd("1")}, fresh()).ok()
    entries = person.pages("/v1/postings", 2)
    assert [e["kind"] for e in entries] == ["request-payout"] * 3 + ["credit"]
    assert entries == person.get("/v1/postings").ok()["data"]


@pytest.mark.parametrize("job_id", ["x", "bid_01m86ch877e0080000000004k7", "job_1"])
def test_the_ledger_of_no_job(stranger, problem, job_id):
    problem(stranger.get(f"/v1/postings?job_id={job_id}"), "validation-failed", "?job_id")


def test_the_ledger_of_somebody_elses_job_is_empty(crowd, stranger):
    theirs = crowd("20").submit(units=1).ok()["job"]["job_id"]
    assert stranger.get(f"/v1/postings?job_id={theirs}").ok()["data"] == []
