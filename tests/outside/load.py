# SPDX-License-Identifier: Apache-2.0
"""Many buyers at once, each of whom notes what it was answered and repeats what it was not.

Half of their jobs cost too little for any offer and rest; the other half trade at once. While everybody
pauses, what they know must be what the database knows: no more and no less.
"""

import collections
import contextlib
import random
import threading
import uuid

from .client import Unanswered
from .market import number_of, usd

PRICE = "0.050000"  # what an ask should cost
# Codes of 5xx that mean: ask again with the same key.
PASSING = {"overloaded", "not-leader", "outcome-unknown", "database"}

Known = collections.namedtuple("Known", "account key body job_id bid trades")


class Load:
    def __init__(self, market, seed, clients=64, accounts=8):
        self.market = market
        self.accounts = [market.account(f"buyer {i}", "5000.00") for i in range(accounts)]
        self.known, self.codes = [], collections.Counter()
        self.repeated = self.replayed = 0  # sent again; of these, those that had been carried out unheard
        self.trouble = []
        self.lock = threading.Condition()
        self.open, self.ending, self.parked = False, False, 0
        self.clients = clients
        self.threads = [
            threading.Thread(target=self._main, args=(random.Random(seed * 1000 + i), i), daemon=True)
            for i in range(clients)
        ]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        self.pause()
        return self

    def __exit__(self, *_failure):
        with self.lock:
            self.ending = True
            self.lock.notify_all()
        for thread in self.threads:
            thread.join(60)

    def go(self):
        with self.lock:
            self.open = True
            self.lock.notify_all()

    def pause(self, seconds=60):
        """Until every request under way has got its answer."""
        with self.lock:
            self.open = False
            done = self.lock.wait_for(lambda: self.parked == self.clients or self.trouble, seconds)
        assert not self.trouble, self.trouble[:3]
        assert done, f"after {seconds} s {self.clients - self.parked} requests still have no answer: {self.codes}"

    # ---- one client -----------------------------------------------------------------------------

    def _may_go_on(self):
        with self.lock:
            self.parked += 1
            self.lock.notify_all()
            self.lock.wait_for(lambda: self.open or self.ending)
            self.parked -= 1
            return not self.ending

    def _main(self, rng, i):
        account = self.accounts[i % len(self.accounts)]
        client = account.client()
        try:
            while self._may_go_on():
                self._buy(client, account, rng)
        except Exception as why:  # told to whoever waits
            with self.lock:
                self.trouble.append(repr(why))
                self.lock.notify_all()
        with contextlib.suppress(Exception):
            client.close()

    def _buy(self, client, account, rng):
        body = {
            "image": "registry.test/none:1", "pool": "cpu", "units": 1, "budget": usd("0.01"),
            "max_duration_seconds": 60,
            "limit_price_per_unit_hour": usd(rng.choice(["0.010000", "0.060000"])),
        }
        key = str(uuid.UUID(int=rng.getrandbits(128)))
        answer, tries = self._until_answered(client, body, key)
        if not answer:
            return
        told = answer.ok()
        known = Known(account, key, body, told["job"]["job_id"], number_of(told["job"]["job_id"]),
                      tuple(sorted(number_of(t["trade_id"]) for t in told["trades"])))
        with self.lock:
            self.known.append(known)
            self.repeated += tries > 1
            self.replayed += "Idempotency-Replayed" in answer.headers

    def _until_answered(self, client, body, key):
        tries = 0
        while not self.ending:
            tries += 1
            try:
                answer = client.post("/v1/jobs", body, key=key)
            except Unanswered:
                self._wait()
                continue
            if answer.status < 500:
                return answer, tries
            code = answer.json["code"]
            with self.lock:
                self.codes[code] += 1
            assert code in PASSING, answer
            self._wait()
        return None, tries

    def _wait(self):
        with self.lock:
            self.lock.wait_for(lambda: self.ending, 0.05)

    # ---- the truth ------------------------------------------------------------------------------

    def check(self):
        """While everybody pauses: each answered job is there, with the trades that were told, and no other."""
        with self.lock:
            known = list(self.known)
        stored = {row["bid"]: row["account"] for row in self.market.rows("SELECT bid, account FROM bids")}
        told = {k.bid: k.account.number for k in known}
        assert len(told) == len(known), "two answers name the same job"
        assert not told.keys() - stored.keys(), f"lost: {sorted(told.keys() - stored.keys())[:10]}"
        assert not stored.keys() - told.keys(), f"made twice: {sorted(stored.keys() - told.keys())[:10]}"
        assert stored == told
        trades = collections.defaultdict(list)
        for row in self.market.rows("SELECT trade, bid FROM trades WHERE trade / 4096 = bid ORDER BY trade"):
            trades[row["bid"]].append(row["trade"])
        for k in known:
            assert tuple(trades[k.bid]) == k.trades, f"{k.job_id}: told {k.trades}, stored {trades[k.bid]}"

    def check_replays(self, rng, n=8):
        """What was answered is answered again, word for word where it matters."""
        for k in rng.sample(self.known, min(n, len(self.known))):
            with k.account.client() as client:
                answer, _ = self._until_answered(client, k.body, k.key)
            told = answer.ok()
            assert answer.headers["Idempotency-Replayed"] == "true"
            assert told["job"]["job_id"] == k.job_id
            assert tuple(sorted(number_of(t["trade_id"]) for t in told["trades"])) == k.trades
