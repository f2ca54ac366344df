# SPDX-License-Identifier: Apache-2.0
"""Money that leaves: asked for by its owner, paid or given back by the operator."""

import pytest

from tests.api.people import fresh
from tests.outside.market import usd


def ask(person, amount, key=None):
    return person.post("/v1/payouts", {"amount": usd(amount)}, key or fresh())


def test_a_payout_is_held_until_it_is_paid(crowd, market):
    person = crowd("10")
    made = ask(person, "4.5").ok()
    assert (made["state"], made["amount"], made["rail"]) == ("requested", usd("4.500000"), "operator")
    assert person.balance() == (5_500_000, 4_500_000)
    path = f"/v1/payouts/{made['payout_id']}"
    assert person.get(path).ok() == made
    market.verb("payout", "complete", made["payout_id"])
    assert person.get(path).ok() == {**made, "state": "paid"}
    assert person.balance() == (5_500_000, 0)


def test_a_payout_that_fails_comes_back(crowd, market):
    person = crowd("10")
    made = ask(person, "10").ok()
    market.verb("payout", "fail", made["payout_id"])
    assert person.get(f"/v1/payouts/{made['payout_id']}").ok()["state"] == "failed"
    assert person.balance() == (10_000_000, 0)


def test_the_version_of_a_payout_changes_with_it(crowd, market):
    person = crowd("10")
    path = f"/v1/payouts/{ask(person, '1').ok()['payout_id']}"
    tag = person.get(path).headers["ETag"]
    assert person.get(path, If_None_Match=tag).status == 304
    market.verb("payout", "complete", path.rpartition("/")[2])
    assert person.get(path, If_None_Match=tag).status == 200


def test_the_same_again_is_answered_the_same(crowd, market):
    person, key = crowd("10"), fresh()
    first = ask(person, "1", key)
    market.verb("payout", "complete", first.ok()["payout_id"])
    again = ask(person, "1", key)
    assert (again.status, again.content, again.headers["Idempotency-Replayed"]) == (201, first.content, "true")
    assert person.balance() == (9_000_000, 0)


def test_another_amount_with_the_same_key(crowd, problem):
    person, key = crowd("10"), fresh()
    ask(person, "1", key).ok()
    problem(ask(person, "2", key), "idempotency-key-reused")


@pytest.mark.parametrize("amount", ["10.000001", "1000000000"])
def test_no_more_than_is_available(crowd, problem, amount):
    person = crowd("10")
    problem(ask(person, amount), "insufficient-funds")
    assert person.balance() == (10_000_000, 0)


def test_what_is_held_is_not_available(crowd, problem):
    person = crowd("10")
    ask(person, "6").ok()
    problem(ask(person, "6"), "insufficient-funds")


def test_payouts_have_pages_newest_first(crowd):
    person = crowd("10")
    made = [ask(person, "1").ok() for _ in range(5)]
    assert person.pages("/v1/payouts", 2) == made[::-1]
