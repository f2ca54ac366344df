# SPDX-License-Identifier: Apache-2.0
"""Everything that people and machines do in a market, by chance and at the same time: jobs, offers, changes of
both, cancellations, runs, failures, declines, payouts. What is answered is of no interest here; that the server
goes on is."""

import contextlib
import random
import threading
import uuid

from .client import Unanswered
from .market import usd
from .protocol import ProtocolAgent

# Refusals that a careless person may get; anything else of 4xx is a fault of this file.
EXPECTED = {"not-found", "wrong-state", "insufficient-funds", "quota-exceeded", "validation-failed", "stale-epoch"}


def price(rng):
    return usd(rng.randrange(8, 24) * 1000)


class Moody(ProtocolAgent):
    """An agent that at times declines, cannot start, or runs for a while."""

    def __init__(self, market, provider, seed, **more):
        self.rng = random.Random(seed)
        super().__init__(market, provider, **more)

    def _run(self, signer, document):
        mood = self.rng.random()
        lease, epoch = document["lease_id"], {"epoch": document["epoch"]}
        path = f"/v1/agent/leases/{lease}"
        if mood < 0.04:
            self._say(signer, lease, f"{path}/decline", {**epoch, "reason": "declined"})
        elif mood < 0.15:
            if self._say(signer, lease, f"{path}/accept", {**epoch, "image_digest": None}):
                buyer = self.rng.random() < 0.5
                self._say(signer, lease, f"{path}/cannot-start", {
                    **epoch, "fault": "buyer" if buyer else "provider",
                    "reason": "image-invalid" if buyer else "engine-failed"})
        else:
            super()._run(signer, document)


class Traffic:
    """Within `with`, `clients` buyers and one hand for each agent are busy while it is open."""

    def __init__(self, market, seed, clients=12, agents=3):
        self.market, self.seed = market, seed
        self.provider = market.account("provider")
        self.agents = [Moody(market, self.provider, seed + i, name=f"node {i}", cpus=200, workers=2,
                             run_seconds=0.05 * i) for i in range(agents)]
        self.buyers = [market.account(f"buyer {i}", "500.00") for i in range(4)]
        self.done, self.trouble = 0, []
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._main, args=(self._buy, i, self.buyers[i % 4]), daemon=True)
                        for i in range(clients)]
        self.threads += [threading.Thread(target=self._main, args=(self._sell, 100 + i, self.provider), daemon=True)
                         for i in range(agents)]

    def __enter__(self):
        for agent in self.agents:
            agent.__enter__()
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, *failure):
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)
        for agent in self.agents:
            agent.__exit__(kind, *failure)
        if not kind:
            assert not self.trouble, self.trouble[:3]

    def _main(self, what, number, account):
        rng = random.Random(self.seed * 1000 + number)
        client = account.client()
        try:
            what(client, rng, number)
        except Exception as why:  # shown by the test's main thread
            self.trouble.append(repr(why))
        with contextlib.suppress(Exception):
            client.close()

    def _try(self, client, method, path, body=None, key=True):
        """The answer's body; None when it was refused or not heard."""
        try:
            answer = client.call(method, path, body, {"Idempotency-Key": str(uuid.uuid4())} if key else {})
        except Unanswered:
            self.stopping.wait(0.05)
            return None
        with self.lock:
            self.done += 1
        if answer.status < 300:
            return answer.json
        assert answer.status >= 500 or answer.json["code"] in EXPECTED, answer
        return None

    def _buy(self, client, rng, _number):
        jobs = []
        while not self.stopping.is_set():
            roll = rng.random()
            if roll < 0.5 or not jobs:
                told = self._try(client, "POST", "/v1/jobs", {
                    "image": "registry.test/secret-image:1", "command": ["secret-word"], "pool": "cpu",
                    "units": rng.choice([1, 1, 1, 2, 5, 40]), "budget": usd("2.00"), "max_attempts": 3,
                    "env": {"SECRET": "secret-value"}, "max_duration_seconds": rng.choice([60, 600, 3600]),
                    "limit_price_per_unit_hour": price(rng)})
                if told:
                    jobs.append(told["job"])
            elif roll < 0.75:
                job = rng.choice(jobs)
                self._try(client, "PATCH", f"/v1/bids/{job['bid_id']}",
                          {"limit_price_per_unit_hour": price(rng)}, key=False)
            else:
                job = jobs.pop(rng.randrange(len(jobs)))
                self._try(client, "POST", f"/v1/jobs/{job['job_id']}/cancel")

    def _sell(self, client, rng, number):
        agent, asks = self.agents[number - 100], []
        while not self.stopping.wait(0.01):
            roll = rng.random()
            if roll < 0.25 or not asks:
                told = self._try(client, "POST", "/v1/asks", {
                    "node_id": agent.node_id, "pool": "cpu", "units": rng.randrange(1, 60),
                    "price_per_unit_hour": price(rng), "floor_price_per_unit_hour": usd("0.002000")})
                if told:
                    asks.append(told["ask"])
            elif roll < 0.8:
                change = {"price_per_unit_hour": price(rng)} if rng.random() < 0.7 else {"units": rng.randrange(1, 60)}
                self._try(client, "PATCH", f"/v1/asks/{rng.choice(asks)['ask_id']}", change, key=False)
            elif roll < 0.95:
                ask = asks.pop(rng.randrange(len(asks)))
                self._try(client, "POST", f"/v1/asks/{ask['ask_id']}/cancel")
            else:
                self._try(client, "POST", "/v1/payouts", {"amount": usd("0.000100")})
