# SPDX-License-Identifier: Apache-2.0
"""A real market that something of everything happens to, and then stops: what the auditor is tried on."""

import contextlib
import json
import time

from tests.api.contract import Contract
from tests.api.people import Machine, Person, fresh
from tests.outside.market import Market, number_of, usd
from tests.outside.process import Folder, wait_for

QUICK = {"min_run_seconds": 1, "notice_seconds": 2, "stop_seconds": 2, "offer_seconds": 600, "lease_seconds": 3600,
         "collar_bps": 10000, "collar_trades": 1, "call_seconds": 1}


class Story:
    """The market after its last day. `machines` hold the keys with which their receipts can be signed again."""

    def __init__(self, market, machines, receipts):
        self.market, self.machines, self.receipts = market, machines, receipts
        self.log_key = market.folder / "server/log.key"

    def machine_of(self, node):
        return next(m for m in self.machines if number_of(m.node_id) == node)


class Day:
    def __init__(self, market):
        self.market, self.contract = market, Contract()
        self.people, self.machines, self.receipts = [], [], []

    def person(self, credit=None):
        self.people.append(Person(self.market, self.contract,
                                  self.market.account(f"person {len(self.people)}", credit)))
        return self.people[-1]

    def machine(self, owner, name):
        self.machines.append(Machine(owner, name))
        return self.machines[-1]

    def job(self, who, **wishes):
        return who.submit(**wishes).ok()["job"]

    def keep_receipt(self, who, lease):
        self.receipts.append(who.get(f"/v1/leases/{lease}/receipt").ok())

    def state(self, who, made):
        return who.get(f"/v1/jobs/{made['job_id']}").ok()


def plain_runs(day, buyer, machine):
    """Runs that end well, badly, by the buyer's or by the node's fault; and one that nobody reports."""
    machine.offer(units=8, price="0.036").ok()
    limit = {"limit_price_per_unit_hour": usd("0.040")}
    for units, seconds, code in ((1, 0, 0), (2, 70, 0), (3, 5, 3), (1, 0, 0), (2, 0, 0)):
        made = day.job(buyer, units=units, **limit)
        machine.run(made["lease_id"], outputs=[("out.txt", b"done")], seconds=seconds, exit_code=code)
        day.keep_receipt(buyer, made["lease_id"])
    made = day.job(buyer, **limit)
    work = machine.work(made["lease_id"])
    machine.accept(work).ok()
    machine.say(work, "cannot-start", reason="image-unavailable", fault="buyer").ok()
    made = day.job(buyer, max_attempts=1, **limit)
    work = machine.start(made["lease_id"])
    machine.finish(work, reason="engine-failed", exit_code=1).ok()
    made = day.job(buyer, **limit)
    machine.start(made["lease_id"])
    buyer.post(f"/v1/jobs/{made['job_id']}/cancel").ok()
    wait_for("a lease to be lost", lambda: day.state(buyer, made)["state"] == "cancelled", 20)


def displacement(day, yielding, urgent, machine):
    machine.offer(units=1, price="0.030").ok()
    victim = day.job(yielding, interruptible=True, limit_price_per_unit_hour=usd("0.035"))
    work = machine.start(victim["lease_id"])
    wait_for("a lease to ripen", lambda: day.state(yielding, victim)["leases"][0]["may_be_displaced"], 10)
    made = day.job(urgent, limit_price_per_unit_hour=usd("0.050"))
    machine.finish(work, reason="displaced", seconds=2, exit_code=143).ok()
    day.keep_receipt(yielding, victim["lease_id"])
    yielding.post(f"/v1/jobs/{victim['job_id']}/cancel").ok()
    work = machine.start(made["lease_id"])
    time.sleep(3.2)
    machine.finish(work, seconds=3).ok()


def gang(day, buyer, machines):
    for machine in machines:
        machine.offer(units=1, price="0.040").ok()
    made = day.job(buyer, nodes=2, limit_price_per_unit_hour=usd("0.041"))
    works = []
    for lease in day.state(buyer, made)["leases"]:
        machine = next(m for m in machines if m.node_id == lease["node_id"])
        works.append((machine, machine.work(lease["lease_id"])))
        machine.accept(works[-1][1]).ok()
        machine.say(works[-1][1], "prepared").ok()
    for machine, work in works:
        machine.ready(work).ok()
    for machine, work in works:
        machine.finish(work, seconds=1).ok()
        day.keep_receipt(buyer, work["lease_id"])


def auction(day, buyer, machine):
    machine.offer(units=2, price="0.050", floor_price_per_unit_hour=usd("0.020")).ok()
    made = buyer.submit(auction_ms=1500, limit_price_per_unit_hour=usd("0.060"), units=2).ok()["job"]
    open_asks = machine.call("GET", "/v1/agent/asks?state=open").ok()["data"]
    ask = next(a["ask_id"] for a in open_asks if a["price_per_unit_hour"] == usd("0.050000"))
    for price in ("0.034", "0.032"):
        machine.post(f"/v1/agent/auctions/{made['bid_id']}/offers",
                     {"ask_id": ask, "price_per_unit_hour": usd(price)}).ok()
    wait_for("the end of the auction", lambda: day.state(buyer, made)["state"] == "placed", 20)
    lease = day.state(buyer, made)["lease_id"]
    machine.run(lease)
    day.keep_receipt(buyer, lease)


def orders(day, buyer, provider, machine):
    """Orders that rest, change, end and expire."""
    ask = machine.offer(units=3, price="0.050").ok()["ask"]
    provider.patch(f"/v1/asks/{ask['ask_id']}", {"price_per_unit_hour": usd("0.060")}).ok()
    low = day.job(buyer, limit_price_per_unit_hour=usd("0.002"), units=4)
    buyer.patch(f"/v1/bids/{low['bid_id']}", {"limit_price_per_unit_hour": usd("0.003")}).ok()
    day.job(buyer, limit_price_per_unit_hour=usd("0.001"), time_in_force="immediate-or-cancel")
    gone = day.job(buyer, limit_price_per_unit_hour=usd("0.001"))
    buyer.post(f"/v1/jobs/{gone['job_id']}/cancel").ok()
    day.job(buyer, limit_price_per_unit_hour=usd("0.004"), units=2)
    taken = day.job(buyer, limit_price_per_unit_hour=usd("0.065"), units=3)
    machine.start(taken["lease_id"])  # runs on
    machine.offer(units=4, price="0.070").ok()
    declined = day.job(buyer, limit_price_per_unit_hour=usd("0.075"), units=4, max_attempts=1)
    machine.say(machine.work(declined["lease_id"]), "decline", reason="declined").ok()


def collar(day, buyer, machine):
    """A price that is odd waits for the call of its pool."""
    machine.offer(units=5, price="0.300").ok()
    made = day.job(buyer, limit_price_per_unit_hour=usd("0.310"), units=5)
    wait_for("the call", lambda: day.state(buyer, made)["state"] == "placed", 20)


def money(day, provider, poor):
    first = provider.post("/v1/payouts", {"amount": usd("0.000100")}, fresh()).ok()
    day.market.verb("payout", "complete", first["payout_id"])
    second = provider.post("/v1/payouts", {"amount": usd("0.000050")}, fresh()).ok()
    day.market.verb("payout", "fail", second["payout_id"])
    poor.post("/v1/payouts", {"amount": usd("1")}, fresh()).ok()  # stays requested


def teams(day, leader, member, machine):
    leader.post("/v1/team/invitations", {"account_id": member.account_id, "quota_units": 4}).ok()
    member.post("/v1/team/join", {"team_id": leader.account_id}).ok()
    machine.offer(units=1, price="0.500").ok()
    made = day.job(member, limit_price_per_unit_hour=usd("0.020"))
    machine.run(made["lease_id"])
    day.keep_receipt(member, made["lease_id"])
    day.market.verb("account", "rate", member.account_id, "2")
    day.market.verb("node", "rate", machine.node_id, "1", "verified")


@contextlib.contextmanager
def story():
    with Folder("audit") as folder, Market(folder, **QUICK) as market:
        day = Day(market)
        buyer, other, poor = day.person("100"), day.person("50"), day.person("5")
        providers = [day.person("1") for _ in range(3)]
        one, two, three = (day.machine(p, f"node {n}") for n, p in enumerate(providers))
        plain_runs(day, buyer, one)
        displacement(day, poor, buyer, two)
        gang(day, other, [two, three])
        auction(day, other, three)
        teams(day, providers[2], poor, three)
        orders(day, other, providers[0], one)
        collar(day, buyer, three)
        money(day, providers[0], poor)
        for person in day.people:
            person.close()
        last = "SELECT max(seq) FROM commands"
        wait_for("the public log", lambda: market.value("SELECT max(seq) FROM log_checkpoints") == market.value(last), 20)
        market.process.stop()
        yield Story(market, day.machines, [json.dumps(r) for r in day.receipts])
        market.process = None
