# SPDX-License-Identifier: Apache-2.0
"""Auction sessions over HTTP: the shouts of simple traders go to a real server, and its tape must be that of
the same rules in process.

    tools/pg.sh run python3 -m tests.sim.over_http [MARKETS [SCHEDULE…]]

20 markets of each of the six schedules by default; prints one line of JSON and exits with 1 when a deal
differs. A shout replaces the trader's older quote: it is a POST to /v1/jobs or /v1/asks, a PATCH where that
gives the order a new place in the line, else a cancel and a new order, as in process (tests/sim/exchange.c).
"""

import json
import subprocess
import sys
import time
import uuid

from tests.outside import BUILD
from tests.outside.client import Client
from tests.outside.market import Market, micros, usd
from tests.outside.process import Folder
from tests.outside.protocol import ProtocolAgent

SCHEDULES = 6
MICROS = 1000  # a tick of the schedules, and of the pool
QUIET = {"offer_seconds": 3600, "lease_seconds": 3600}  # nothing runs out while a session goes on


class Trader:
    """An account with one quote at most."""

    def __init__(self, market, name, seller_of=None):
        self.account = market.account(name, None if seller_of else "10000")
        self.client = self.account.client()
        self.order = self.price = None
        self.node = ProtocolAgent(market, self.account, cpus=seller_of).node_id if seller_of else None
        self.orders = []

    def call(self, method, path, body=None):
        self.calls += 1
        headers = {"Idempotency-Key": str(uuid.uuid4())} if path in ("/v1/jobs", "/v1/asks") else {}
        return self.client.call(method, path, body, headers).ok()

    calls = 0

    def quote(self, price):
        if self.order and self.may_amend(price):
            self.call("PATCH", self.order, {self.price_name: usd(price * MICROS)})
        else:
            self.withdraw()
            self.order = self.place(price)
            self.orders.append(self.order)
        self.price = price

    def withdraw(self):
        if self.order:
            self.call("POST", f"{self.order}/cancel")
        self.order = None

    def clear(self):
        """Nothing rests, nothing is leased."""
        for order in self.orders:
            self.call("POST", f"{order}/cancel")
        self.orders, self.order = [], None

    def leases(self):
        """Trade -> price of all that are offered, as the account sees them."""
        told = self.call("GET", f"/v1/leases?state=offered&limit=100&role={self.role}")
        return {lease["trade_id"]: micros(lease["price_per_unit_hour"]) for lease in told["data"]}


class Buyer(Trader):
    role, price_name = "buyer", "limit_price_per_unit_hour"

    def may_amend(self, price):
        return price > self.price

    def place(self, price):
        made = self.call("POST", "/v1/jobs", {
            "image": "registry.test/none:1", "pool": "cpu", "units": 1, "budget": usd("10"),
            "max_duration_seconds": 7200, self.price_name: usd(price * MICROS)})
        return f"/v1/bids/{made['job']['bid_id']}"


class Seller(Trader):
    role, price_name = "provider", "price_per_unit_hour"

    def may_amend(self, price):
        return price != self.price

    def place(self, price):
        made = self.call("POST", "/v1/asks", {
            "node_id": self.node, "pool": "cpu", "units": 1, "floor_price_per_unit_hour": usd(MICROS),
            self.price_name: usd(price * MICROS)})
        return f"/v1/asks/{made['ask']['ask_id']}"


class Exchange:
    """A real server with an account for each trader of a schedule."""

    def __init__(self, market, head):
        self.market, self.public = market, Client(market.url)
        self.buyers = [Buyer(market, f"buyer {i}") for i in range(head["buyers"])]
        self.sellers = [Seller(market, f"seller {i}", head["units"]) for i in range(head["sellers"])]
        self.last = None  # trade on the tape

    def people(self):
        return self.buyers + self.sellers

    def hold(self, shouts):
        """The deals of a session: those that were expected, and those that were made."""
        expected = []
        for buys, who, price, *deal in shouts:
            (self.buyers if buys else self.sellers)[who].quote(price)
            if deal:
                expected.append(tuple(deal))
                self.buyers[deal[0]].order = self.sellers[deal[1]].order = None
        made = self.deals()
        for person in self.sellers + self.buyers:  # sellers first: units then come back to nobody
            person.clear()
        return expected, made

    def deals(self):
        """Buyer, seller and price of each trade of the public tape since the last look, the oldest first."""
        buyers = {trade: i for i, b in enumerate(self.buyers) for trade in b.leases()}
        sellers = {trade: i for i, s in enumerate(self.sellers) for trade in s.leases()}
        fresh = []
        for trade in self.public.get("/v1/trades?pool=cpu&limit=100").ok()["data"]:
            if trade["trade_id"] == self.last:
                break
            fresh.append(trade)
        if fresh:
            self.last = fresh[0]["trade_id"]
        return [(buyers[t["trade_id"]], sellers[t["trade_id"]], micros(t["price_per_unit_hour"]) // MICROS)
                for t in reversed(fresh)]

    def calls(self):
        return sum(person.calls for person in self.people())

    def close(self):
        self.public.close()
        for person in self.people():
            person.client.close()


def sessions(schedule, markets, seed):
    """What bench_shouts writes: the head, and each market's shouts."""
    told = subprocess.run([BUILD / "tests/bench_shouts", str(schedule), str(markets), str(seed)],
                          check=True, capture_output=True, text=True).stdout
    head, *lines = (json.loads(line) for line in told.splitlines())
    return head, lines


def run(folder, schedule, markets, seed=None):
    """One schedule on a server of its own: a row of the report."""
    head, lines = sessions(schedule, markets, 1000 + 10 * schedule if seed is None else seed)
    with Market(folder, **QUIET) as market:
        exchange = Exchange(market, head)
        start, identical, deals = time.monotonic(), 0, 0
        for shouts in lines:
            expected, made = exchange.hold(shouts)
            identical += expected == made
            deals += len(made)
        seconds = time.monotonic() - start
        exchange.close()
    return {"schedule": head["schedule"], "markets": markets, "identical": identical, "deals": deals,
            "shouts": sum(map(len, lines)), "requests": exchange.calls(), "seconds": round(seconds, 1)}


def main(markets="20", *chosen):
    rows = []
    for schedule in map(int, chosen or range(SCHEDULES)):
        with Folder("auction") as folder:
            rows.append(run(folder, schedule, int(markets)))
        print(rows[-1], file=sys.stderr, flush=True)
    good = all(row["identical"] == row["markets"] for row in rows)
    print(json.dumps({"bench": "market", "part": "http", "rows": rows, "ok": good}))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
