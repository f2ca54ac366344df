# SPDX-License-Identifier: Apache-2.0
"""Machines fail in every way that machines do, while jobs run on them; then the laws are checked.

    python3 -m tests.faults.run [--seed N] [--faults N] [--machines N]

Everything is real: bourse-server on PostgreSQL, an agent, an engine, a network namespace and a small disk for each
machine. Leases are short, so that a lost one is noticed in seconds. What goes wrong, and when, follows from the
seed; what it meets does not, since real programs run. The last line says seed, counts and violations; the exit
code is 1 when there is any, 77 when no machine can be had here."""

import argparse
import collections
import contextlib
import heapq
import itertools
import random
import sys
import time
import uuid

from tests.outside import pg
from tests.outside import seed as seeds
from tests.outside.agent import EngineMissing, make_image
from tests.outside.client import Unanswered
from tests.outside.market import usd
from tests.outside.process import Folder, wait_for

from . import laws
from .machine import BadAgent, Network, NoNetworks, OpenMarket, RestartedEngine, build_clock
from .watch import Watch

TIMES = {"lease_seconds": 4, "heartbeat_seconds": 1, "offer_seconds": 6, "prepare_seconds": 30, "stop_seconds": 10}
LEASE = TIMES["lease_seconds"]
PRICES = ("0.050", "0.052", "0.054", "0.056", "0.058", "0.060")
UNITS = 2  # of each machine; all but one have a job
BETWEEN = (0.8, 2.2)  # seconds between two faults
DRAIN = 150  # seconds for all jobs to end once the faults are over
PLUG = 1.5  # seconds from when the server is back to when its network is
CLEAN = 120  # and for what they leave: an agent looks for strange containers every 20 s, between two polls
MACHINE_FAULTS = ("partition", "agent-kill", "agent-pause", "engine-kill", "container-kill", "container-remove",
                  "slow-line", "cut-line", "full-disk", "clock-jump", "journal-loss", "stray-container")
SERVER_FAULTS = ("server-kill", "server-pause", "database-away")
DECK = 3 * MACHINE_FAULTS + SERVER_FAULTS  # drawn from, shuffled, until it is empty: each kind comes in a short run
STRAY = "lease_01m87ndymse008zzzzzzzzzzzz"  # that no market has made


class Run:
    def __init__(self, rng, folder, market, machines, image, buyer):
        """Two sources of chance, so that how fast jobs come has no say in what goes wrong."""
        self.rng, self.chance = rng, random.Random(rng.getrandbits(64))
        self.folder, self.market, self.machines = folder, market, machines
        self.image, self.client = image, buyer.client(timeout=4)
        self.heals, self.number = [], itertools.count()
        self.broken, self.server_down = set(), False
        self.counts, self.pending, self.jobs = collections.Counter(), [], 0
        self.deck = []
        self.returns = []  # when the server was back after an outage that counts
        self.spans = []  # (machine, fault, its beginning, its end)

    # ---- jobs -----------------------------------------------------------------------------------

    def new_job(self, kind=None):
        """Deaf ones run to their deadline, if they may."""
        kind = kind or self.chance.choices(("work", "say", "deaf", "fail"), (65, 15, 15, 5))[0]
        command = {"work": ["work", self.chance.randrange(60, 260), 100, 5], "say": ["say", "hello"],
                   "deaf": ["deaf", "sleep", 600000], "fail": ["sleep", 500, "exit", 3]}[kind]
        body = {"image": self.image, "command": [str(w) for w in command], "pool": "cpu", "units": 1,
                "budget": usd("1.00"), "limit_price_per_unit_hour": usd("0.200000"), "max_attempts": 10,
                "checkpoint_seconds": 60, "max_duration_seconds": 60 if kind == "deaf" else 600}
        return str(uuid.UUID(int=self.chance.getrandbits(128))), body

    def top_up(self):
        """One job more when there are few. A request without an answer is made again, with its key."""
        if self.server_down:
            return
        with contextlib.suppress(Unanswered):
            if not self.pending:
                live = self.market.value("SELECT count(*) FROM bids WHERE job < 5")
                if live >= UNITS * len(self.machines) - 1:
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

    def draw(self):
        if not self.deck:
            self.deck = list(DECK)
            self.rng.shuffle(self.deck)
        return self.deck.pop()

    def fault(self, i, name):
        seconds, began = self.short_or_long(), time.time()
        self.counts[name] += 1
        self.broken.add(i)
        heal = getattr(self, "do_" + name.replace("-", "_"))(self.machines[i])

        def done():
            heal()
            self.spans.append((i, name, began, time.time()))
            self.broken.discard(i)
        self.later(seconds if heal is not nothing else 0.5, done)

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
                m.engine.call(method, f"/containers/bourse-{self.chance.choice(running)}-1{what}", timeout=10)

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

    def do_journal_loss(self, m):
        """All that it has promised is forgotten; its containers run on, strangers to the next agent."""
        m.kill()
        for file in m.folder.glob("leases/*.json"):
            file.unlink()
        return m.start

    def do_stray_container(self, m):
        """One of ours by its name and labels, made behind the agent's back."""
        with contextlib.suppress(Unanswered, AssertionError, StopIteration):
            image = next(i["Id"] for i in m.engine.call("GET", "/images/json", timeout=10).ok()
                         if any("bourse-probe" in tag for tag in i["RepoTags"] or []))
            made = m.engine.call("POST", f"/containers/create?name=bourse-{STRAY}-1", {
                "Image": image, "Entrypoint": ["/probe"], "Cmd": ["sleep", "3600000"],
                "Labels": {"bourse.node": m.node_id, "bourse.lease": STRAY, "bourse.epoch": "1"},
                "HostConfig": {"NetworkMode": "none"}}, timeout=10).ok()["Id"]
            m.engine.call("POST", f"/containers/{made}/start", timeout=10)
        return nothing

    def server_fault(self, name):
        seconds = self.short_or_long()
        if name == "server-pause":
            seconds = self.rng.uniform(LEASE + 2, LEASE + 5)
        self.counts[name] += 1
        self.server_down = True
        heal = getattr(self, "do_" + name.replace("-", "_"))()
        # The server looks once a second whether it was away: shorter outages than half a lease are none.
        counts = name == "server-kill" or seconds > LEASE / 2 + 0.1

        def back():
            if name == "server-pause" and counts:
                self.returns.append(time.time())
            heal()
            self.market.await_ready()
            if name != "server-pause" and counts:
                self.returns.append(time.time())
            self.server_down = False
        self.later(seconds, back)

    def do_server_kill(self):
        self.market.kill()
        return self.market.launch

    def do_server_pause(self):
        """Its network goes with it, and comes back a little later: then nobody is heard at once."""
        self.market.process.pause()
        cut = [i for i in range(len(self.machines)) if i not in self.broken]
        for i in cut:
            self.broken.add(i)
            self.machines[i].network.set_cable("down")

        def plug():
            for i in cut:
                self.machines[i].network.set_cable("up")
                self.broken.discard(i)

        def heal():
            self.market.process.resume()
            self.later(PLUG, plug)
        return heal

    def do_database_away(self):
        """PostgreSQL sends everybody away, and lets nobody in."""
        name = self.market.database
        pg.run(self.market.base, f"""ALTER DATABASE {name} ALLOW_CONNECTIONS false;
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}';""")
        return lambda: pg.run(self.market.base, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true;")

    # ---- the run --------------------------------------------------------------------------------

    def go_on(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.heal_due()
            self.top_up()
            time.sleep(0.1)

    def strike(self, faults):
        for n in range(faults):
            name = self.draw()
            while self.server_down if name in SERVER_FAULTS else len(self.broken) == len(self.machines):
                self.go_on(0.5)
            if name in SERVER_FAULTS:
                self.server_fault(name)
            else:
                self.fault(self.rng.choice([i for i in range(len(self.machines)) if i not in self.broken]), name)
            self.go_on(self.rng.uniform(*BETWEEN))
            if n % 20 == 19:
                print(f"  {n + 1} faults, {self.jobs} jobs", flush=True)

    def drain(self):
        """All is well again: every job ends; those that no machine may run any more are cancelled. One more comes
        that runs to its deadline, so that there is one of these in any run."""
        while self.heals:
            time.sleep(0.05)
            self.heal_due()
        key, body = self.new_job("deaf")
        self.client.call("POST", "/v1/jobs", body, {"Idempotency-Key": key}).ok()
        self.jobs += 1
        end = time.monotonic() + DRAIN
        while self.market.value("SELECT count(*) FROM bids WHERE job < 5"):
            assert time.monotonic() < end, "jobs do not end: " + str(self.market.rows(
                "SELECT bid, state, job, attempts, excluded FROM bids WHERE job < 5"))
            time.sleep(1)
            if time.monotonic() > end - DRAIN + 75:
                self.cancel_resting()
        for m in self.machines:
            wait_for(f"no container on {m.name}", lambda m=m: not m.engine.containers(), CLEAN, pause=0.3)
            wait_for(f"an empty journal of {m.name}", lambda m=m: not m.left_behind(), CLEAN, pause=0.3)
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
                network, clock, market, provider, base, engine, PRICES[i % len(PRICES)], UNITS, f"machine {i}",
                ask_retry_seconds=1)))
        for agent in agents:
            agent.await_ask()
        yield Run(rng, folder, market, agents, image, buyer)


def strike_and_judge(number, faults, machines):
    """A whole run: what it broke, and the line that says what it was."""
    wrong, began = [], time.monotonic()
    with world(random.Random(number), machines) as run:
        with Watch([m.engine for m in run.machines]) as watch:
            run.strike(faults)
            try:
                run.drain()
            except AssertionError as why:
                wrong.append(f"drain: {why}")
        more, counted = laws.broken(run.market, laws.Seen(watch, run.returns, run.spans, run.machines), LEASE)
        wrong += more
        lost = run.market.value("SELECT count(*) FROM leases WHERE state = 8 AND reason IN (10, 11)")
        saved = run.market.value("SELECT count(*) FROM leases WHERE checkpoint <> 0")
    return wrong, (" ".join(f"{name}={n}" for name, n in sorted(run.counts.items())) +
                   f"\nfaults seed={number} faults={sum(run.counts.values())} jobs={run.jobs} lost={lost} "
                   f"checkpointed={saved} taken-over={counted} seconds={time.monotonic() - began:.0f} "
                   f"violations={len(wrong)}")


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--seed", type=int, default=None)
    args.add_argument("--faults", type=int, default=200)
    args.add_argument("--machines", type=int, default=5)
    asked = args.parse_args()
    number = asked.seed if asked.seed is not None else seeds()
    try:
        wrong, told = strike_and_judge(number, asked.faults, asked.machines)
    except (EngineMissing, NoNetworks) as why:
        print(f"faults: no machine can be had here: {why}")
        return 77
    for line in wrong[:40]:
        print(line)
    print(told)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
