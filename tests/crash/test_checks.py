# SPDX-License-Identifier: Apache-2.0
"""The checks that the other tests rely on find what they are there to find."""

import json
import uuid

import pytest

from tests.outside import ledger, pg, priority
from tests.outside.market import Market, usd
from tests.outside.process import Folder, wait_for
from tests.outside.protocol import ProtocolAgent

# Constraints of the tables would refuse many of these; without them the checks must.
LOOSEN = """
SET session_replication_role = replica;
DO $$ DECLARE c record; BEGIN
    FOR c IN SELECT conrelid::regclass AS t, conname AS n FROM pg_constraint
             WHERE contype = 'c' AND connamespace = 'public'::regnamespace LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.t, c.n);
    END LOOP;
END $$;
"""
ONE = "(SELECT min(lease) FROM leases WHERE state = 8)"
LIVE = "(SELECT min(lease) FROM leases WHERE state < 4)"
OPEN = "(SELECT min(bid) FROM bids WHERE state = 1)"
DONE = "(SELECT min(bid) FROM bids WHERE job = 5)"
# What is done to the tables, and which check must say so.
DAMAGE = [
    ("UPDATE commands SET amounts[1] = amounts[1] + 1 WHERE seq = (SELECT max(seq) FROM commands WHERE kind = 14)",
     "an entry does not sum to zero"),
    ("UPDATE balances SET available = available + 1 WHERE account = 2", "a balance is not the sum of its postings"),
    ("UPDATE balances SET available = available + 1 WHERE account = 2", "the balances do not sum to zero"),
    ("UPDATE balances SET available = -1 WHERE account = 2", "somebody owes"),
    ("UPDATE balances SET held = held - 1, available = available + 1 WHERE held > 0", "what is held is not what is promised"),
    (f"UPDATE bids SET hold = hold - 1 WHERE bid = {OPEN}", "a bid holds something else"),
    (f"UPDATE bids SET state = 3, job = 7 WHERE bid = {OPEN}", "what is held is not what is promised"),
    (f"UPDATE leases SET payout = payout + 1 WHERE lease = {ONE}", "an account has not what it earned"),
    (f"UPDATE leases SET charge = charge + 1 WHERE lease = {ONE}", "an account has not what it earned"),
    ("DELETE FROM commands WHERE seq = (SELECT min(seq) FROM commands WHERE kind = 2)", "an account has not what it earned"),
    ("UPDATE payouts SET state = 2", "an account has not what it earned"),
    ("UPDATE asks SET free = free + 1", "an open ask has other free units"),
    ("UPDATE nodes SET cpu_millis = 999", "a node is oversold"),
    ("UPDATE nodes SET memory_bytes = 999", "a node is oversold"),
    (f"UPDATE leases SET seconds_billed = seconds_billed + 1 WHERE lease = {ONE}", "a lease is billed other seconds"),
    (f"UPDATE leases SET ended = ended + interval '1 s' WHERE lease = {ONE}", "a lease is billed other seconds"),
    (f"UPDATE leases SET charge = charge + 1, payout = payout + 1 WHERE lease = {ONE}", "a charge is not price × units × time"),
    (f"UPDATE leases SET charge = 1, payout = 1 WHERE lease = {LIVE}", "a charge is not price × units × time"),
    (f"UPDATE leases SET fee = fee + 1, payout = payout - 1 WHERE lease = {ONE}", "a fee is not its share of the charge"),
    (f"UPDATE bids SET spent = spent + 1 WHERE bid = {DONE}", "a job has spent something else"),
    (f"UPDATE bids SET budget = 1 WHERE bid = {DONE}", "a job has spent something else"),
    (f"DELETE FROM trades WHERE trade = {ONE}", "a trade and its lease differ"),
    ("UPDATE trades SET price = price + 1000", "a trade and its lease differ"),
    ("UPDATE trades SET bid_rested = NOT bid_rested", "a trade is not at the price of the one that rested"),
    ("UPDATE asks SET price = 1000000", "a trade is not at the price of the one that rested"),
    (f"UPDATE bids SET attempts = 2 WHERE bid = {DONE}", "a job has not one lease for each attempt"),
    (f"UPDATE leases SET state = 2 WHERE lease = {ONE}", "a job has more than one lease at a time"),
    (f"UPDATE leases SET state = 8 WHERE lease = {LIVE}", "a job has more than one lease at a time"),
    ("DELETE FROM commands WHERE seq = (SELECT max(seq) FROM commands WHERE kind = 14)", "a lease has ended not once"),
    (f"UPDATE leases SET exit_code = 1 WHERE lease = {ONE}", "a settled job has not one good run"),
    (f"UPDATE leases SET bid = {DONE} WHERE state = 8", "a job was paid more than once"),
]


@pytest.fixture(scope="module")
def market():
    """Jobs that are paid, one that runs, one that rests, and a payout on its way."""
    with Folder("checks") as folder, Market(folder) as market:
        provider, buyer = market.account("provider"), market.account("buyer", "10.00")
        body = {"image": "registry.test/none:1", "pool": "cpu", "units": 1, "budget": usd("0.10"),
                "limit_price_per_unit_hour": usd("0.060000"), "max_duration_seconds": 60}
        quick = ProtocolAgent(market, provider, cpus=2)
        slow = ProtocolAgent(market, provider, "slow", cpus=1, run_seconds=600)
        with quick, slow, buyer.client() as client:
            def buy(**more):
                return client.post("/v1/jobs", {**body, **more}, key=str(uuid.uuid4())).ok()
            quick.place_ask(2, "0.050000")
            buy(), buy()
            wait_for("two paid jobs", lambda: market.value("SELECT count(*) FROM leases WHERE state = 8") == 2)
            slow.place_ask(1, "0.040000")
            assert buy()["trades"]
            assert not buy(limit_price_per_unit_hour=usd("0.010000"))["trades"]
            wait_for("a running job", lambda: market.value("SELECT count(*) FROM leases WHERE state = 2") == 1)
            with provider.client() as owner:
                owner.post("/v1/payouts", {"amount": usd("0.000100")}, key="p").ok()
        assert market.process.stop() == 0  # what is done to the tables takes locks that it would meet
        yield market


def test_nothing_is_wrong_with_a_market_that_works(market):
    assert ledger.violations(market.db) == []


@pytest.mark.parametrize("damage, check", DAMAGE)
def test_damage_is_found(market, damage, check):
    told = pg.run(market.db, f"BEGIN; {LOOSEN} {damage}; {ledger.query(market.fee_bps)} ROLLBACK;")
    assert any(wrong["what"].startswith(check) for wrong in json.loads(told)), told


def test_every_check_is_tried():
    tried = {check for _, check in DAMAGE}
    assert all(any(what.startswith(check) for check in tried) for what in ledger.CHECKS)


class Tape:
    """The tables of a small market: asks 16 and 17 of one unit, bids, trades as (trade, bid, ask, rested)."""

    def __init__(self, bids, trades, ended=()):
        ended = dict(ended)  # trade: the command that ended its lease
        asks = [{"ask": 16, "account": 1, "price": 50, "units": 1}, {"ask": 17, "account": 1, "price": 60, "units": 1}]
        same = {"pool": 1, "seconds": 60, "seconds_min": 60, "seconds_max": 90, "state": 1}
        self.tables = {
            "asks": [{**same, **a, "node": a["ask"]} for a in asks],
            "bids": [{**same, "bid": bid, "account": 2, "price": price, "units": 1, "state": 2} for bid, price in bids],
            "trades": [{"trade": t, "bid": b, "ask": a, "bid_rested": r} for t, b, a, r in trades],
            "leases": [{"lease": t, "bid": b, "ask": a, "node": a, "units": 1, "state": 8 if t in ended else 2,
                        "version": ended.get(t, 0)} for t, b, a, _ in trades],
        }

    def rows(self, query):
        return self.tables[query.split("FROM ")[1].split()[0]]


def test_who_is_passed_over_is_found():
    cheap_first = Tape([(18, 70)], [(18 * 4096, 18, 16, False)])
    assert priority.passed_over(cheap_first) == []
    dear_first = Tape([(18, 70)], [(18 * 4096, 18, 17, False)])
    assert len(priority.passed_over(dear_first)) == 1
    bids = [(18, 70), (19, 70), (20, 70), (21, 80), (22, 70)]
    until_full = [(18 * 4096, 18, 16, False), (19 * 4096, 19, 17, False)]
    best_first = [*until_full, (30 * 4096, 21, 16, True), (31 * 4096, 20, 17, True)]
    ended = [(18 * 4096, 30), (19 * 4096, 31)]
    assert priority.passed_over(Tape(bids, best_first, ended)) == []
    lower_first = [*until_full, (30 * 4096, 20, 16, True), (31 * 4096, 21, 17, True)]
    assert len(priority.passed_over(Tape(bids, lower_first, ended))) == 1
    later_first = [*until_full, (30 * 4096, 21, 16, True), (31 * 4096, 22, 17, True)]
    assert len(priority.passed_over(Tape(bids, later_first, ended))) == 1
    jumped = [*until_full, (22 * 4096, 22, 16, False)]
    assert priority.passed_over(Tape(bids, jumped, [(18 * 4096, 21)]))
