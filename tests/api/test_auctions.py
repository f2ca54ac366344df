# SPDX-License-Identifier: Apache-2.0
"""Sealed bids: announced to machines, answered with sealed offers, given to the cheapest at the second price."""

import concurrent.futures
import time

import pytest

from tests.api.people import Machine
from tests.outside.market import usd
from tests.outside.process import wait_for


@pytest.fixture
def sellers(provider, crowd):
    """Two machines of two owners, who ask 0.050 and would go down to 0.005."""
    both = Machine(provider), Machine(crowd())
    for machine in both:
        machine.offer(units=2, price="0.050", floor_price_per_unit_hour=usd("0.005")).ok()
    return both


def asks_of(machine):
    return machine.call("GET", "/v1/agent/asks?state=open").ok()["data"]


def seal(buyer, **wishes):
    return buyer.submit(auction_ms=1500, limit_price_per_unit_hour=usd("0.060"), **wishes).ok()


def offer(machine, bid_id, price, ask=None):
    return machine.post(f"/v1/agent/auctions/{bid_id}/offers", {
        "ask_id": ask or asks_of(machine)[0]["ask_id"], "price_per_unit_hour": usd(price)})


def placed(buyer, made):
    wait_for("the end of the auction", lambda: buyer.get(f"/v1/jobs/{made['job']['job_id']}").ok()["state"] == "placed", 10)
    return buyer.get(f"/v1/jobs/{made['job']['job_id']}").ok()["leases"][0]


def test_the_cheapest_wins_and_gets_the_second_price(buyer, sellers):
    made = seal(buyer, units=2)
    assert (made["job"]["state"], made["job"]["waits_for"], made["trades"]) == ("open", "auction", [])
    told = sellers[0].assignments().ok()
    (auction,) = told["auctions"]
    assert auction["bid_id"] == made["job"]["bid_id"] and auction["pools"] == [{"pool": "cpu", "units": 2}]
    assert auction["max_seconds"] == 600 and "limit" not in str(auction)
    assert offer(sellers[0], auction["bid_id"], "0.012").ok() == {
        "bid_id": auction["bid_id"], "ask_id": asks_of(sellers[0])[0]["ask_id"], "price_per_unit_hour": usd("0.012000")}
    offer(sellers[1], auction["bid_id"], "0.020").ok()
    offer(sellers[1], auction["bid_id"], "0.018").ok()  # instead of the first
    lease = placed(buyer, made)
    assert (lease["node_id"], lease["price_per_unit_hour"]) == (sellers[0].node_id, usd("0.018000"))
    assert "waits_for" not in buyer.get(f"/v1/jobs/{made['job']['job_id']}").ok()


def test_without_offers_the_standing_book_serves(buyer, sellers):
    lease = placed(buyer, seal(buyer))
    assert lease["price_per_unit_hour"] == usd("0.050000")


def test_who_waits_is_woken(buyer, sellers):
    after = sellers[0].assignments().json
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(sellers[0].assignments, (after or {}).get("next", 0), 20)
        time.sleep(0.3)
        made = seal(buyer)
        began = time.monotonic()
        told = waiting.result(timeout=25).ok()
    assert [a["bid_id"] for a in told["auctions"]] == [made["job"]["bid_id"]] and time.monotonic() - began < 1.4
    assert sellers[0].assignments(told["next"]).status == 204  # told once


def test_an_auction_is_told_to_those_who_sell_in_its_pools(buyer, provider, sellers):
    other = Machine(provider)
    seal(buyer)
    assert other.assignments().status == 204


def test_offers_that_are_none(buyer, sellers, problem, provider):
    made = seal(buyer, units=2)
    bid = made["job"]["bid_id"]
    problem(offer(sellers[0], bid, "0.0121"), "validation-failed")
    problem(offer(sellers[0], bid, "0.004"), "validation-failed")
    problem(offer(sellers[0], bid, "0.010", ask=asks_of(sellers[1])[0]["ask_id"]), "not-found")
    problem(offer(sellers[0], bid, "0.010", ask="ask_1"), "validation-failed", "/ask_id")
    problem(offer(sellers[0], bid[:-1] + ("0" if bid[-1] != "0" else "1"), "0.010"), "not-found")
    small = Machine(provider)
    small.offer(units=1, price="0.050", floor_price_per_unit_hour=usd("0.005")).ok()
    problem(offer(small, bid, "0.010"), "wrong-state")
    placed(buyer, made)
    problem(offer(sellers[0], bid, "0.010"), "not-found")
    open_bid = buyer.submit(limit_price_per_unit_hour=usd("0.001")).ok()["job"]["bid_id"]
    problem(offer(sellers[0], open_bid, "0.010"), "not-found")


def test_a_sealed_bid_can_be_cancelled_but_not_changed(buyer, sellers, problem):
    made = seal(buyer)
    problem(buyer.patch(f"/v1/bids/{made['job']['bid_id']}", {"limit_price_per_unit_hour": usd("0.070")}), "wrong-state")
    assert buyer.post(f"/v1/jobs/{made['job']['job_id']}/cancel").ok()["state"] == "cancelled"


def test_none_is_passed_over_while_leases_come(buyer, provider):
    """`next` counts leases and sealed bids with one number: a lease that comes between two looks hides no bid."""
    machine, heard, sealed = Machine(provider), set(), []
    machine.offer(units=64, price="0.010", floor_price_per_unit_hour=usd("0.005")).ok()

    def listen():
        after = 0
        while not (done.done() and set(sealed) <= heard) and time.monotonic() < until:
            told = machine.assignments(after, wait=1)
            if told.status == 204:
                continue
            heard.update(a["bid_id"] for a in told.ok()["auctions"])
            after = told.ok()["next"]

    def flood():
        for n in range(30):
            made = buyer.submit(auction_ms=4000 if n % 2 else 0, limit_price_per_unit_hour=usd("0.060")).ok()
            if n % 2:
                sealed.append(made["job"]["bid_id"])

    until = time.monotonic() + 20
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        done = pool.submit(flood)
        listen()
        done.result()
    assert len(sealed) == 15 and set(sealed) <= heard
