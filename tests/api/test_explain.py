# SPDX-License-Identifier: Apache-2.0
"""Why nothing is matched: each constraint as it is seen through HTTP, and what an explanation suggests, done."""

import copy
import threading
import time

import pytest

from tests.api.people import Machine, Person, fresh, inventory, job, report
from tests.outside.market import Market, micros, usd
from tests.outside.process import Folder
from tests.outside.protocol import rfc3339

PLACE = {"region": "europe", "bandwidth_mbps": 100, "data_label": "imagenet"}


@pytest.fixture(scope="module")
def machine(provider):
    """In Europe, with 100 Mbit/s."""
    machine = Machine(provider)
    machine.call("PUT", "/v1/agent/node", report(inventory={**inventory(), **PLACE})).ok()
    return machine


def timeless(told):
    """Without the change that begins with the present time."""
    why = told["explanation"]
    return {**told, "explanation": why and {**why, "changes": [c for c in why["changes"] if c["change"] != "wait"]}}


def explain(person, made):
    """Of a bid and of its job the same is told."""
    told = person.get(f"/v1/bids/{made['bid_id']}/explain").ok()
    again = person.get(f"/v1/jobs/{made['job_id']}/explain").ok()
    assert timeless(again) == timeless(told)
    assert (told["bid_id"], told["job_id"]) == (made["bid_id"], made["job_id"])
    return told


def changed(wishes, change):
    """The wishes with a change made that an explanation names."""
    made = copy.deepcopy(wishes)
    where = made
    *outer, last = change["field"].split(".")
    for name in outer:
        where = where.setdefault(name, {})
    where[last] = change["to"]
    if last == "data_label":
        del where[last]
    return made


# name of the constraint, what the offer says, what the job says, the changes that are suggested
CASES = [
    ("price", {"price": "0.030"}, {}, ["limit"]),
    ("units", {"units": 2}, {"units": 3}, ["units"]),
    ("unit-sets", {"units": 4, "unit_sets": [2, 4]}, {"units": 3}, ["units"]),
    ("shortest", {"min_lease_seconds": 7200}, {}, ["duration"]),
    ("longest", {"max_lease_seconds": 300}, {}, ["duration"]),
    ("available-until", {"available_until": 300}, {}, ["duration"]),
    ("buyer-tier", {"min_buyer_tier": 1}, {}, []),
    ("checkpoint", {"max_checkpoint_seconds": 600}, {"checkpoint_seconds": 601}, ["checkpoint"]),
    ("interruptible", {"interruptible": True}, {}, ["interruptible"]),
    ("region", {}, {"requires": {"regions": ["asia", "africa"]}}, ["regions"]),
    ("tier", {}, {"requires": {"tier": 1}}, ["tier"]),
    ("verified", {}, {"requires": {"verified": True}}, ["verified"]),
    ("isolation", {}, {"requires": {"isolation": "vm"}}, ["isolation"]),
    ("interconnect", {}, {"requires": {"interconnect": "nvlink"}}, ["interconnect"]),
    ("bandwidth", {}, {"requires": {"bandwidth_mbps": 101}}, ["bandwidth"]),
    ("data-label", {}, {"requires": {"data_label": "laion"}}, ["data-label"]),
]


@pytest.mark.parametrize("constraint, offer, wishes, changes", CASES, ids=[case[0] for case in CASES])
def test_a_constraint_is_named_and_what_is_suggested_matches(buyer, machine, constraint, offer, wishes, changes):
    offer = {"units": 4, **offer}
    if "available_until" in offer:
        offer["available_until"] = rfc3339(time.time() + offer["available_until"])
    machine.offer(**offer).ok()
    made = buyer.submit(**wishes).ok()["job"]
    assert made["state"] == "open"
    told = explain(buyer, made)
    assert (told["state"], told["job_state"], told["rests"], told["reason"]) == ("open", "open", True, None)
    why = told["explanation"]
    assert [(c["constraint"], c["offers"], c["offers_by_this_alone"]) for c in why["constraints"]] == [(constraint, 1, 1)]
    assert (why["matches_now"], why["offers"], why["free_units"]) == (False, 1, offer["units"])
    assert (why["nodes_that_serve"], why["nodes_needed"], why["more_offers"]) == (0, 1, False)
    assert [c["change"] for c in why["changes"]] == changes
    buyer.post(f"/v1/jobs/{made['job_id']}/cancel").ok()
    for change in why["changes"]:
        again = buyer.submit(**changed(wishes, change)).ok()["job"]
        assert again["state"] == "placed", change
        buyer.post(f"/v1/jobs/{again['job_id']}/cancel").ok()


def test_the_limit_that_is_named_matches_by_patch_and_is_the_smallest(buyer, machine):
    machine.offer(price="0.033").ok()
    made = buyer.submit().ok()["job"]
    change = explain(buyer, made)["explanation"]["changes"][0]
    assert (change["change"], change["way"], change["field"]) == ("limit", "amend", "limit_price_per_unit_hour")
    assert change["text"] == "Raise the limit to $0.033."
    assert (change["from"], change["to"]) == (usd("0.020000"), usd("0.033000"))
    path = f"/v1/bids/{made['bid_id']}"
    assert buyer.patch(path, {"limit_price_per_unit_hour": usd("0.032")}).ok()["state"] == "open"
    assert buyer.patch(path, {"limit_price_per_unit_hour": change["to"]}).ok()["state"] == "filled"


def test_ones_own_offer_is_no_offer(provider, machine, market):
    market.verb("account", "credit", provider.account_id, "10")
    machine.offer().ok()
    made = provider.submit(own="never").ok()["job"]
    why = explain(provider, made)["explanation"]
    assert [c["constraint"] for c in why["constraints"]] == ["owner"]


def test_own_only_waits_for_ones_own(buyer, machine):
    machine.offer().ok()
    made = buyer.submit(own="only").ok()["job"]
    why = explain(buyer, made)["explanation"]
    assert [(c["change"], c["from"], c["to"]) for c in why["changes"]] == [("own", "only", "first")]


def test_a_machine_that_failed_the_job(buyer, machine):
    machine.offer().ok()
    made = buyer.submit().ok()["job"]
    machine.say(machine.work(made["lease_id"]), "decline", reason="declined").ok()
    machine.offer().ok()
    why = explain(buyer, made)["explanation"]
    assert [c["constraint"] for c in why["constraints"]] == ["failed-node"] and why["changes"] == []


def test_units_under_a_lease_come_back_in_time(buyer, machine):
    machine.offer(units=1).ok()
    first, second = (buyer.submit().ok()["job"] for _ in range(2))
    assert (first["state"], second["state"]) == ("placed", "open")
    wait = next(c for c in explain(buyer, second)["explanation"]["changes"] if c["change"] == "wait")
    assert wait["way"] == "wait" and wait["from"] < wait["to"]


def test_too_few_machines_for_several(buyer, machine):
    machine.offer(units=1).ok()
    made = buyer.submit(nodes=2).ok()["job"]
    why = explain(buyer, made)["explanation"]
    assert (why["nodes_that_serve"], why["nodes_needed"]) == (1, 2)
    assert [(c["change"], c["to"]) for c in why["changes"]] == [("nodes", 1)]


def test_fewer_units_say_what_they_bring(buyer, machine):
    machine.offer(units=2).ok()
    made = buyer.submit(units=3).ok()["job"]
    brings = explain(buyer, made)["explanation"]["changes"][0]["brings"]
    assert (brings["pool"], brings["gpus"], brings["cpu_millis"], brings["memory_bytes"]) == ("cpu", 0, 2000, 2 << 30)


def test_what_nobody_can_satisfy_is_accepted_and_explained(buyer, machine):
    machine.offer().ok()
    made = buyer.submit(units=4032, max_duration_seconds=2592000, budget=usd("1000"), requires={
        "regions": ["oceania"], "tier": 3, "verified": True, "isolation": "attested", "interconnect": "nvswitch",
        "bandwidth_mbps": 10_000_000, "data_label": "nothing"}).ok()["job"]
    why = explain(buyer, made)["explanation"]
    assert {c["constraint"] for c in why["constraints"]} == {
        "region", "tier", "verified", "isolation", "interconnect", "bandwidth", "data-label", "units", "longest",
        "available-until"}
    assert {c["offers_by_this_alone"] for c in why["constraints"]} == {0} and why["changes"] == []


def test_an_empty_pool(buyer):
    made = buyer.submit(pool="l4-24g", gpus=1).ok()["job"]
    why = explain(buyer, made)["explanation"]
    assert (why["offers"], why["free_units"], why["constraints"], why["changes"]) == (0, 0, [], [])
    assert why["text"] == "Nothing is on offer in its pools."


def test_what_does_not_rest_says_how_it_went(buyer, machine):
    machine.offer().ok()
    placed = buyer.submit().ok()["job"]
    told = explain(buyer, placed)
    assert (told["state"], told["job_state"], told["rests"], told["explanation"]) == ("filled", "placed", False, None)
    machine.run(placed["lease_id"])
    assert explain(buyer, placed)["text"] == "It has run, and is settled."
    low = {"limit_price_per_unit_hour": usd("0.001")}
    gone = buyer.submit(**low).ok()["job"]
    buyer.post(f"/v1/jobs/{gone['job_id']}/cancel").ok()
    told = explain(buyer, gone)
    assert (told["state"], told["reason"], told["text"]) == ("cancelled", "cancelled", "It was cancelled.")
    missed = buyer.submit(time_in_force="immediate-or-cancel", **low).ok()["job"]
    told = explain(buyer, missed)
    assert (told["state"], told["reason"], told["rests"]) == ("expired", "not-filled", False)


def test_a_sealed_bid_waits_for_its_auction(buyer, machine):
    machine.offer().ok()
    made = buyer.submit(auction_ms=5000).ok()["job"]
    told = buyer.get(f"/v1/bids/{made['bid_id']}/explain").ok()
    assert told["text"] == "It waits for the end of its auction." and told["explanation"]["matches_now"]


def test_others_bids_are_not_explained(buyer, stranger, problem):
    made = buyer.submit().ok()["job"]
    problem(stranger.get(f"/v1/bids/{made['bid_id']}/explain"), "not-found")
    problem(stranger.get(f"/v1/jobs/{made['job_id']}/explain"), "not-found")


# ---- a market that is stricter --------------------------------------------------------------------


@pytest.fixture(scope="module")
def strict(contract):
    """Few looks, and leases that can be displaced after a second."""
    with Folder("api") as folder, Market(folder, looks_per_second=1, min_run_seconds=1) as market:
        yield market


@pytest.fixture
def strict_person(strict, contract):
    people = []

    def person(credit=None):
        people.append(Person(strict, contract, strict.account("somebody", credit)))
        return people[-1]

    yield person
    for one in people:
        one.clear()
        one.close()


def test_looks_are_counted_for_each_account(strict_person, problem):
    one, other = strict_person("10"), strict_person("10")
    made = [person.submit().ok()["job"] for person in (one, other)]
    answers = [one.get(f"/v1/bids/{made[0]['bid_id']}/explain") for _ in range(8)]
    assert [a.status for a in answers[:6]] == [200] * 6
    refused = next(a for a in answers if a.status != 200)
    problem(refused, "rate-limited")
    assert refused.headers["RateLimit-Policy"] == '"looks";q=6;w=6'
    other.get(f"/v1/bids/{made[1]['bid_id']}/explain").ok()


def test_a_limit_that_displaces(strict_person):
    provider, lucky, late = strict_person(), strict_person("10"), strict_person("10")
    machine = Machine(provider)
    machine.offer(units=1, price="0.010").ok()
    first = lucky.submit(interruptible=True, limit_price_per_unit_hour=usd("0.015")).ok()["job"]
    machine.start(first["lease_id"])
    deadline = time.monotonic() + 20
    price = None
    while price is None and time.monotonic() < deadline:
        price = late.get("/v1/pools/cpu").ok()["displacement_price"]
        time.sleep(0.1)
    assert price == usd("0.016000")
    made = late.submit(limit_price_per_unit_hour=usd("0.012")).ok()["job"]
    changes = late.get(f"/v1/bids/{made['bid_id']}/explain").ok()["explanation"]["changes"]
    change = next(c for c in changes if c["change"] == "displacing-limit")
    assert (change["way"], change["to"]) == ("amend", usd("0.016000"))
    assert late.patch(f"/v1/bids/{made['bid_id']}", {"limit_price_per_unit_hour": change["to"]}).ok()["state"] == "filled"


# ---- floods ---------------------------------------------------------------------------------------


def slowest(person, n):
    """The seconds that all but a hundredth of n orders took at most."""
    took = []
    for _ in range(n):
        began = time.monotonic()
        made = person.submit(limit_price_per_unit_hour=usd("0.001")).ok()["job"]
        took.append(time.monotonic() - began)
        person.post(f"/v1/jobs/{made['job_id']}/cancel").ok()
    return sorted(took)[n * 99 // 100]


def test_a_flood_of_explanations_does_not_stop_orders(market, contract, buyer, crowd, machine):
    """Far more looks than there are, of a bid that every term keeps from being served: orders go on meanwhile."""
    for _ in range(10):
        machine.offer(units=1, price="0.500").ok()
    curious = crowd("1000")
    made = curious.submit(units=8, nodes=4, requires={"tier": 3, "regions": ["asia"]}).ok()["job"]
    stop, statuses = threading.Event(), []

    def flood():
        asker = Person(market, contract, curious.account)
        while not stop.is_set():
            statuses.append(asker.get(f"/v1/bids/{made['bid_id']}/explain").status)
        asker.close()

    alone = slowest(buyer, 200)
    threads = [threading.Thread(target=flood, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    together = slowest(buyer, 200)
    stop.set()
    for thread in threads:
        thread.join(30)
    print(f"p99 of orders: {alone * 1000:.1f} ms alone, {together * 1000:.1f} ms beside {len(statuses)} explanations")
    assert len(statuses) > 100 and set(statuses) <= {200, 503}
    assert together < 1.0
    assert micros(buyer.get("/v1/account").ok()["balance"]["held"]) == 0
