# SPDX-License-Identifier: Apache-2.0
"""Machines fail in every way that machines do, while jobs run on them; then the laws are checked.

    python3 -m tests.faults.run [--seed N] [--faults N] [--machines N]

Everything is real: bourse-server on PostgreSQL, an agent, an engine, a network namespace and a small disk for each
machine. Leases are short, so that a lost one is noticed in seconds. What goes wrong, and when, follows from the
seed; what it meets does not, since real programs run. The last line says seed, counts and violations; the exit
code is 1 when there is any."""

import argparse
import collections
import contextlib
import heapq
import itertools
import random
import sys
import time
import uuid

from tests.outside import seed as seeds
from tests.outside.agent import make_image
from tests.outside.client import Unanswered
from tests.outside.market import usd
from tests.outside.process import Folder, wait_for

from . import laws
from .machine import BadAgent, Network, OpenMarket, RestartedEngine, build_clock
from .watch import Watch

TIMES = {"lease_seconds": 4, "heartbeat_seconds": 1, "offer_seconds": 6, "prepare_seconds": 30, "stop_seconds": 10}
LEASE = TIMES["lease_seconds"]
PRICES = ("0.050", "0.052", "0.054", "0.056", "0.058", "0.060")
JOBS = 9  # at a time
BETWEEN = (0.8, 2.2)  # seconds between two faults
DRAIN = 150  # seconds for all jobs to end once the faults are over


class Run:
    def __init__(self, rng, folder, market, machines, image, buyer):
        self.rng, self.folder, self.market, self.machines = rng, folder, market, machines
        self.image, self.client = image, buyer.client(timeout=4)
        self.heals, self.number = [], itertools.count()
        self.broken, self.server_down = set(), False
        self.counts, self.pending, self.jobs = collections.Counter(), [], 0
        self.returns = []  # when the server was back

    # ---- jobs -----------------------------------------------------------------------------------

    def new_job(self):
        kind = self.rng.choices(("work", "say", "deaf", "fail"), (70, 15, 10, 5))[0]
        command = {"work": ["work", self.rng.randrange(60, 260), 100, 5], "say": ["say", "hello"],
                   "deaf": ["deaf", "sleep", 600000], "fail": ["sleep", 500, "exit", 3]}[kind]
        body = {"image": self.image, "command": [str(w) for w in command], "pool": "cpu", "units": 1,
                "budget": usd("1.00"), "limit_price_per_unit_hour": usd("0.200000"), "max_attempts": 10,
                "checkpoint_seconds": 60, "max_duration_seconds": 60 if kind == "deaf" else 600}
        return str(uuid.UUID(int=self.rng.getrandbits(128))), body

    def top_up(self):
        """One job more when there are few. A request without an answer is made again, with its key."""
        if self.server_down:
            return
        with contextlib.suppress(Unanswered):
            if not self.pending:
                live = self.market.value("SELECT count(*) FROM bids WHERE job < 5")
                if live >= JOBS:
                    return
                self.pending.append(self.new_job())
            key, body = self.pending[0]
            if self.client.call("POST", "/v1/jobs", body, {"Idempotency-Key": key}).status < 500:
                self.pending.pop()
                self.jobs += 1

    # ---- faults ---------------------------------------------------------------------------------

    def later(self, seconds, what):
        heapq.heappush(self.heals, (time.monotonic() + seconds, next(self.number), what))

    def heal_due(self):
        while self.heals and self.heals[0][0] <= time.monotonic():
            heapq.heappop(self.heals)[2]()

    def short_or_long(self):
        """Shorter than a lease lives, or so long that it is lost."""
        return self.rng.uniform(0, 2) if self.rng.random() < 0.5 else self.rng.uniform(LEASE + 2, LEASE + 5)

    def fault(self, i):
        name = self.rng.choice(("partition", "agent-kill", "agent-pause", "engine-kill", "container-kill",
                                "container-remove", "slow-line", "cut-line", "full-disk", "clock-jump"))
        seconds = self.short_or_long()
        self.counts[name] += 1
        self.broken.add(i)
        heal = getattr(self, "do_" + name.replace("-", "_"))(self.machines[i])

        def done():
            heal()
            self.broken.discard(i)
        self.later(seconds if heal is not nothing else 0.5, done)
        return name

    def do_partition(self, m):
        m.network.set_cable("down")
        return lambda: m.network.set_cable("up")

    def do_agent_kill(self, m):
        m.kill()
        return m.start

    def do_agent_pause(self, m):
        m.process.pause()
        return m.process.resume

    def do_engine_kill(self, m):
        m.engine.kill_service()
        return m.engine.start_service

    def do_container_kill(self, m):
        self.at_container(m, "POST", "/kill?signal=KILL")
        return nothing

    def do_container_remove(self, m):
        self.at_container(m, "DELETE", "?force=1")
        return nothing

    def at_container(self, m, method, what):
        with contextlib.suppress(Unanswered, AssertionError):
            running = sorted(l for l, state in m.engine.containers().items() if state == "running")
            if running:
                m.engine.call(method, f"/containers/bourse-{self.rng.choice(running)}-1{what}", timeout=10)

    def do_slow_line(self, m):
        m.network.set_line(self.rng.randrange(50, 900), self.rng.choice((0, 20000, 200000)))
        return m.network.set_line

    def do_cut_line(self, m):
        m.network.set_line(cut=True)
        return nothing

    def do_full_disk(self, m):
        m.fill_disk()
        return m.free_disk

    def do_clock_jump(self, m):
        m.set_clock(self.rng.choice((-1, 1)) * self.rng.choice((30, 400, 4000, 90000)))
        return lambda: m.set_clock(0)

    def server_fault(self):
        self.counts["server-kill"] += 1
        self.server_down = True
        self.market.kill()

        def back():
            self.market.start()
            self.returns.append(time.time())
            self.server_down = False
        self.later(self.short_or_long(), back)

    # ---- the run --------------------------------------------------------------------------------

    def go_on(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.heal_due()
            self.top_up()
            time.sleep(0.1)

    def strike(self, faults):
        for n in range(faults):
            whole = [i for i in range(len(self.machines)) if i not in self.broken]
            if self.rng.random() < 0.06 and not self.server_down:
                self.server_fault()
            elif whole:
                self.fault(self.rng.choice(whole))
            else:
                self.go_on(1)
                continue
            self.go_on(self.rng.uniform(*BETWEEN))
            if n % 20 == 19:
                print(f"  {n + 1} faults, {self.jobs} jobs", flush=True)

    def drain(self):
        """All is well again: every job ends; those that no machine may run any more are cancelled."""
        while self.heals:
            time.sleep(0.05)
            self.heal_due()
        end = time.monotonic() + DRAIN
        while self.market.value("SELECT count(*) FROM bids WHERE job < 5"):
            assert time.monotonic() < end, "jobs do not end: " + str(self.market.rows(
                "SELECT bid, state, job, attempts, excluded FROM bids WHERE job < 5"))
            time.sleep(1)
            if time.monotonic() > end - DRAIN + 75:
                self.cancel_resting()
        for m in self.machines:
            wait_for(f"no container on {m.name}", lambda m=m: not m.engine.containers(), 60, pause=0.3)
            wait_for(f"an empty journal of {m.name}", lambda m=m: not m.left_behind(), 60, pause=0.3)
        wait_for("no checkpoint of a job that is over", lambda: not self.market.value(
            "SELECT count(*) FROM checkpoint_blobs"), 60, pause=1)

    def cancel_resting(self):
        for row in self.client.get("/v1/jobs?state=open&limit=100").ok()["data"]:
            self.client.call("POST", f"/v1/jobs/{row['job_id']}/cancel")


def nothing():
    """There is nothing to heal."""


@contextlib.contextmanager
def world(rng, machines):
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(Folder("faults"))
        market = stack.enter_context(OpenMarket(folder, **TIMES))
        clock, archive = build_clock(folder), make_image(folder)
        buyer = market.account("buyer", "1000.00")
        image = market.upload(buyer, archive)
        agents = []
        for i in range(machines):
            base = folder / f"machine-{i}"
            (base / "disk").mkdir(parents=True)
            engine = stack.enter_context(RestartedEngine(folder / f"engine-{i}"))
            network = stack.enter_context(Network(folder, i, market.ports[1]))
            provider = market.account(f"provider {i}")
            agents.append(stack.enter_context(BadAgent(
                network, clock, market, provider, base, engine, PRICES[i % len(PRICES)], 2, f"machine {i}",
                ask_retry_seconds=1)))
        for agent in agents:
            agent.await_ask()
        yield Run(rng, folder, market, agents, image, buyer)


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--seed", type=int, default=None)
    args.add_argument("--faults", type=int, default=200)
    args.add_argument("--machines", type=int, default=5)
    asked = args.parse_args()
    number = asked.seed if asked.seed is not None else seeds()
    wrong, counted, began = [], 0, time.monotonic()
    with world(random.Random(number), asked.machines) as run:
        with Watch([m.engine for m in run.machines]) as watch:
            run.strike(asked.faults)
            try:
                run.drain()
            except AssertionError as why:
                wrong.append(f"drain: {why}")
        more, counted = laws.broken(run.market, watch.ran(), run.returns, LEASE)
        wrong += more
        lost = run.market.value("SELECT count(*) FROM leases WHERE state = 8 AND reason IN (10, 11)")
        saved = run.market.value("SELECT count(*) FROM leases WHERE checkpoint <> 0")
    for line in wrong[:40]:
        print(line)
    print(" ".join(f"{name}={n}" for name, n in sorted(run.counts.items())))
    print(f"faults seed={number} faults={sum(run.counts.values())} jobs={run.jobs} lost={lost} checkpointed={saved} "
          f"taken-over={counted} seconds={time.monotonic() - began:.0f} violations={len(wrong)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
