# SPDX-License-Identifier: Apache-2.0
"""Bids: the order that a job rests with, its limit, and withdrawing it."""

import pytest

from tests.outside.market import usd


@pytest.fixture
def bid(buyer):
    """The address of a bid that rests at 0.020 for one unit."""
    return f"/v1/bids/{buyer.submit(limit_price_per_unit_hour=usd('0.020')).ok()['job']['bid_id']}"


def limit(amount):
    return {"limit_price_per_unit_hour": usd(amount)}


def test_a_bid_rests_with_its_job(buyer):
    job = buyer.submit(units=2, limit_price_per_unit_hour=usd("0.020")).ok()["job"]
    told = buyer.get(f"/v1/bids/{job['bid_id']}").ok()
    assert (told["job_id"], told["state"], told["units"]) == (job["job_id"], "open", 2)
    assert (told["limit_price_per_unit_hour"], told["held"]) == (usd("0.020000"), job["held"])
    assert (told["created_at"], told["expires_at"]) == (job["created_at"], job["expires_at"])


def test_bids_have_pages_newest_first(crowd):
    person = crowd("10")
    made = [person.submit().ok()["job"]["bid_id"] for _ in range(5)]
    assert [b["bid_id"] for b in person.pages("/v1/bids", 2)] == made[::-1]


def test_bids_of_a_state(crowd, machine):
    person = crowd("10")
    machine.offer(units=1, price="0.010").ok()
    filled, rests = (person.submit().ok()["job"]["bid_id"] for _ in range(2))
    assert [b["bid_id"] for b in person.get("/v1/bids?state=filled").ok()["data"]] == [filled]
    assert [b["bid_id"] for b in person.get("/v1/bids?state=open").ok()["data"]] == [rests]
    assert person.get("/v1/bids?state=cancelled").ok()["data"] == []


def test_what_one_has_is_not_sent_again(buyer, bid):
    tag = buyer.get(bid).headers["ETag"]
    assert buyer.get(bid, If_None_Match=tag).status == 304
    buyer.patch(bid, limit("0.021")).ok()
    assert buyer.get(bid, If_None_Match=tag).status == 200


def test_the_same_limit_keeps_the_place_in_the_line(buyer, bid):
    before = buyer.get(bid).ok()
    after = buyer.patch(bid, limit("0.020")).ok()
    assert after["priority"] == before["priority"]
    after = buyer.patch(bid, limit("0.019")).ok()
    assert after["limit_price_per_unit_hour"] == usd("0.019000") and after["priority"] > before["priority"]


def test_a_higher_limit_goes_to_the_end_and_holds_more(crowd):
    person = crowd("10")
    job = person.submit(limit_price_per_unit_hour=usd("0.012"), max_duration_seconds=3600).ok()["job"]
    before = person.get(f"/v1/bids/{job['bid_id']}").ok()
    after = person.patch(f"/v1/bids/{job['bid_id']}", limit("0.024")).ok()
    assert after["priority"] > before["priority"]
    assert (before["held"], after["held"]) == (usd("0.012000"), usd("0.024000"))
    assert person.balance() == (9_976_000, 24_000)


def test_the_same_limit_changes_nothing(buyer, bid):
    before = buyer.get(bid)
    after = buyer.patch(bid, limit("0.020"))
    assert (after.status, after.json) == (200, before.json)


def test_a_new_limit_can_trade_at_once(buyer, machine):
    machine.offer(units=1, price="0.030").ok()
    job = buyer.submit(limit_price_per_unit_hour=usd("0.020")).ok()["job"]
    assert buyer.patch(f"/v1/bids/{job['bid_id']}", limit("0.030")).ok()["state"] == "filled"
    assert buyer.get(f"/v1/jobs/{job['job_id']}").ok()["state"] == "placed"


def test_a_change_only_of_what_one_has_seen(buyer, bid, problem):
    old = buyer.get(bid).headers["ETag"]
    now = buyer.patch(bid, limit("0.021"), {"If-Match": old}).headers["ETag"]
    assert now != old
    problem(buyer.patch(bid, limit("0.022"), {"If-Match": old}), "precondition-failed")
    assert buyer.get(bid).ok()["limit_price_per_unit_hour"] == usd("0.021000")
    for tag in (now, f'"x", {now}', "*"):
        now = buyer.patch(bid, limit("0.022"), {"If-Match": tag}).headers["ETag"]


def test_a_filled_bid_stays_as_it_is(buyer, machine, problem):
    machine.offer(units=1, price="0.010").ok()
    bid_id = buyer.submit().ok()["job"]["bid_id"]
    problem(buyer.patch(f"/v1/bids/{bid_id}", limit("0.030")), "wrong-state")


def test_what_is_over_stays_as_it_is(buyer, bid, problem):
    buyer.post(f"{bid}/cancel").ok()
    problem(buyer.patch(bid, limit("0.030")), "wrong-state")


def test_a_limit_that_one_cannot_hold(crowd, problem):
    person = crowd("0.02")
    job = person.submit(limit_price_per_unit_hour=usd("0.012"), max_duration_seconds=3600).ok()["job"]
    problem(person.patch(f"/v1/bids/{job['bid_id']}", limit("0.024")), "insufficient-funds")
    assert person.balance() == (8_000, 12_000)


def test_a_limit_between_two_ticks(buyer, bid, problem):
    problem(buyer.patch(bid, limit("0.0205")), "validation-failed")


def test_cancelling_a_bid_cancels_its_job(crowd):
    person = crowd("10")
    job = person.submit().ok()["job"]
    told = person.post(f"/v1/bids/{job['bid_id']}/cancel")
    assert (told.ok()["state"], told.json["held"]) == ("cancelled", usd("0.000000"))
    assert person.get(f"/v1/jobs/{job['job_id']}").ok()["state"] == "cancelled"
    assert person.balance() == (10_000_000, 0)
    assert person.post(f"/v1/bids/{job['bid_id']}/cancel").content == told.content
