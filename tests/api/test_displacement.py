# SPDX-License-Identifier: Apache-2.0
"""Interruptible runs make room: for who pays more, and for the machine's owner. On a market of its own, where
a run may be displaced after a second and has two seconds' notice."""

import time

import pytest

from tests.api.people import Machine, Person
from tests.outside.market import Market, micros, usd
from tests.outside.process import Folder, wait_for


@pytest.fixture(scope="module")
def brisk(contract):
    with Folder("brisk") as folder, Market(folder, min_run_seconds=1, notice_seconds=2, stop_seconds=30) as market:
        yield market


@pytest.fixture
def person(brisk, contract):
    """person(credit): somebody who is new on the brisk market."""
    people = []

    def new(credit=None):
        people.append(Person(brisk, contract, brisk.account(f"person {len(people)}", credit)))
        return people[-1]

    yield new
    for one in people:
        one.clear()
        one.close()


@pytest.fixture
def seller(person):
    """A machine that sells one unit at 0.010, of a new account."""
    machine = Machine(person("10"))
    machine.offer(units=1, price="0.010").ok()
    return machine


def see(one, job):
    return one.get(f"/v1/jobs/{job['job_id']}").ok()


def lease_of(one, job):
    return see(one, job)["leases"][0]


def run_ripe(machine, buyer, **wishes):
    """An interruptible job that runs and may be displaced; and its work."""
    made = buyer.submit(interruptible=True, limit_price_per_unit_hour=usd("0.020"), **wishes).ok()["job"]
    work = machine.start(made["lease_id"])
    wait_for("a lease to ripen", lambda: lease_of(buyer, made)["may_be_displaced"], 10)
    return made, work


def beat(machine, work, state="running"):
    """The commands of a heartbeat."""
    return machine.post("/v1/agent/heartbeat", {"leases": [
        {"lease_id": work["lease_id"], "epoch": 1, "state": state, "tick": None}]}).ok()["commands"]


def test_who_pays_more_takes_the_place(brisk, person, seller):
    victim, firm = person("10"), person("10")
    made, work = run_ripe(seller, victim)

    told = firm.submit(limit_price_per_unit_hour=usd("0.030")).ok()
    assert [(t["displacing"], t["price_per_unit_hour"]) for t in told["trades"]] == [(True, usd("0.021000"))]
    mine = lease_of(firm, told["job"])
    assert (mine["state"], mine["waits"], mine["base_price_per_unit_hour"]) == ("offered", True, usd("0.010000"))
    assert [item for item in seller.assignments().ok()["data"] if mine["lease_id"] in item["document"]] == []

    theirs = lease_of(victim, made)
    assert (theirs["state"], theirs["reason"]) == ("preempted", "displaced") and theirs["stopping_at"]
    command = beat(seller, work)[0]
    assert (command["do"], command["reason"]) == ("stop", "displaced") and 0 <= command["notice_seconds"] <= 2

    seller.finish(work, exit_code=143, seconds=1, reason="displaced").ok()
    after = see(victim, made)
    assert (after["state"], after["leases"][0]["reason"], after["attempts"]) == ("open", "displaced", 0)
    assert not lease_of(firm, told["job"])["waits"]
    seller.run(mine["lease_id"], seconds=60)
    paid = lease_of(firm, told["job"])
    parts = {name: micros(paid[name]) for name in ("charge", "fee", "payout", "insurance")}
    assert parts["charge"] == parts["fee"] + parts["payout"] + parts["insurance"] and parts["insurance"] > 0
    kinds = [(line["account"], line["bucket"]) for line in firm.get("/v1/postings?limit=1").ok()["data"][0]["lines"]]
    assert ("insurance-fund", "available") in kinds
    assert brisk.value("SELECT available FROM balances WHERE account = 3") == parts["insurance"]


def test_nobody_is_displaced_before_his_time(person, seller):
    victim, firm = person("10"), person("10")
    made = victim.submit(interruptible=True, limit_price_per_unit_hour=usd("0.020")).ok()["job"]
    work = seller.start(made["lease_id"])
    told = firm.submit(limit_price_per_unit_hour=usd("0.030")).ok()["job"]
    assert told["state"] == "open"
    wait_for("the displacement", lambda: see(firm, told)["state"] == "placed", 10)
    assert lease_of(victim, made)["state"] == "preempted"
    seller.finish(work, reason="displaced", exit_code=143).ok()


def test_a_firm_run_stays(person, seller):
    first, second = person("10"), person("10")
    made = first.submit(limit_price_per_unit_hour=usd("0.020")).ok()["job"]
    seller.start(made["lease_id"])
    time.sleep(1.5)
    assert second.submit(limit_price_per_unit_hour=usd("1")).ok()["job"]["state"] == "open"
    assert lease_of(first, made)["state"] == "running"


def test_who_cancels_while_he_waits_owes_the_least_run(person, seller):
    victim, firm = person("10"), person("10")
    _, work = run_ripe(seller, victim)
    told = firm.submit(limit_price_per_unit_hour=usd("0.030")).ok()["job"]
    firm.post(f"/v1/jobs/{told['job_id']}/cancel").ok()
    over = see(firm, told)
    assert (over["state"], over["leases"][0]["state"]) == ("cancelled", "void")
    assert micros(over["spent"]) == 21000 // 3600  # a second at 0.021
    seller.finish(work, reason="displaced", exit_code=143).ok()


def test_ones_own_machine_is_ones_own_again(person):
    owner, victim = person("10"), person("10")
    machine = Machine(owner)
    machine.offer(units=1, price="0.010").ok()
    _, work = run_ripe(machine, victim)
    told = owner.submit(own="only").ok()
    assert [(t["own"], t["displacing"], micros(t["price_per_unit_hour"])) for t in told["trades"]] == [(True, True, 0)]
    machine.finish(work, reason="displaced", exit_code=143, seconds=1).ok()
    before = owner.balance()
    machine.run(lease_of(owner, told["job"])["lease_id"], seconds=60)
    assert see(owner, told["job"])["state"] == "settled" and owner.balance() == before


def test_who_does_not_hear_is_lost_after_notice_and_grace(contract):
    with Folder("deaf") as folder, Market(folder, min_run_seconds=1, notice_seconds=1, stop_seconds=2) as market:
        victim, firm, provider = (Person(market, contract, market.account(n, "10")) for n in ("a", "b", "c"))
        machine = Machine(provider)
        machine.offer(units=1, price="0.010").ok()
        made, _ = run_ripe(machine, victim)
        firm.submit(limit_price_per_unit_hour=usd("0.030")).ok()
        wait_for("the loss", lambda: see(victim, made)["leases"][0]["state"] == "settled", 15)
        lost = see(victim, made)["leases"][0]
        assert (lost["reason"], lost["fault"], micros(lost["charge"])) == ("node-lost", "provider", 0)
