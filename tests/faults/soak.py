# SPDX-License-Identifier: Apache-2.0
"""Many jobs that save their work, on machines that vanish and for buyers who are displaced: how much is done twice?

    python3 -m tests.faults.soak [--jobs N] [--machines N] [--seed N]     default: 100 jobs, 7 machines

Each job works 15 to 70 seconds, saves twice a second, and may lose 60 seconds of it (checkpoint_seconds). All the
time firm jobs come that pay more and displace one of them, and every LOSS seconds a machine vanishes: its agent and
all its containers are killed, and it comes back when its leases are lost. What a run had done when it was given up,
by the clock of who looks at its engine, less what the next run found, is work redone.

Prints one line of JSON; 1 when more than one interval was redone by a run, a law of tests/faults/laws.py is broken, or
a job did not end well."""

import argparse
import contextlib
import json
import random
import re
import statistics
import sys
import time

from tests.outside import seed as seeds
from tests.outside.agent import EngineMissing
from tests.outside.client import Unanswered
from tests.outside.market import number_of, usd
from tests.outside.process import wait_for
from tests.outside.scene import scene

from . import laws
from .watch import Watch

TIMES = {"lease_seconds": 6, "heartbeat_seconds": 1, "offer_seconds": 10, "prepare_seconds": 60, "stop_seconds": 30,
         "min_run_seconds": 5, "notice_seconds": 5}
INTERVAL = 60  # seconds of work that a job may lose
STEPS = (150, 700)  # of a tenth of a second
FIRM = 8  # seconds between two jobs that displace,
LOSS = 20  # and between two machines that vanish
REASONS = {10: "engine_failed", 11: "lost", 19: "displaced"}


class Soak:
    def __init__(self, rng, world, jobs):
        self.rng, self.world, self.wanted = rng, world, jobs
        self.jobs, self.firm, self.work_ms = [], 0, 0
        self.other = world.market.account("somebody in a hurry", "1000.00")  # nobody displaces himself
        self.other_image = world.market.upload(self.other, world.archive)
        self.away = {}  # agent: when it comes back
        self.next_firm, self.next_loss = time.monotonic() + FIRM, time.monotonic() + LOSS

    def live(self):
        numbers = ",".join(str(number_of(job)) for job in self.jobs) or "0"
        return self.world.market.value(f"SELECT count(*) FROM bids WHERE bid IN ({numbers}) AND job < 5")

    def submit(self):
        """One more than there is room for waits, so that who displaces always finds somebody."""
        room = 1 + sum(2 for _ in self.world.agents)
        if len(self.jobs) < self.wanted and self.live() < room:
            steps = self.rng.randrange(*STEPS)
            self.work_ms += 100 * steps
            self.jobs.append(self.world.submit(
                "work", steps, 100, 5, checkpoint_seconds=INTERVAL, interruptible=True,
                limit_price_per_unit_hour=usd("0.100000")))

    def displace(self):
        if time.monotonic() < self.next_firm or len(self.jobs) == self.wanted and not self.live():
            return
        self.next_firm = time.monotonic() + FIRM
        body = self.world.body(["sleep", 3000], image=self.other_image, limit_price_per_unit_hour=usd("0.200000"))
        with self.other.client() as client:
            client.call("POST", "/v1/jobs", body, {"Idempotency-Key": f"firm-{self.firm}"}).ok()
        self.firm += 1

    def vanish(self):
        """The agent and all that runs there, in one moment as far as that can be had."""
        if time.monotonic() < self.next_loss:
            return
        self.next_loss = time.monotonic() + LOSS
        whole = [a for a in self.world.agents if a not in self.away]
        if len(whole) < 3:
            return
        agent = self.rng.choice(whole)
        agent.kill()
        with contextlib.suppress(Unanswered, AssertionError):
            for lease, state in agent.engine.containers().items():
                if state == "running":
                    agent.engine.call("POST", f"/containers/bourse-{lease}-1/kill?signal=KILL", timeout=10)
        self.away[agent] = time.monotonic() + TIMES["lease_seconds"] + 3

    def come_back(self):
        for agent in [a for a, at in self.away.items() if at <= time.monotonic()]:
            agent.start()
            del self.away[agent]

    def run(self):
        shown = 0
        while len(self.jobs) < self.wanted or self.live():
            self.submit()
            self.displace()
            self.vanish()
            self.come_back()
            if len(self.jobs) >= shown + 20:
                shown = len(self.jobs)
                print(f"  {shown} jobs", file=sys.stderr, flush=True)
            time.sleep(0.2)
        while self.away:
            time.sleep(0.2)
            self.come_back()
        wait_for("the end of the last jobs", lambda: not self.world.market.value(
            "SELECT count(*) FROM bids WHERE job < 5"), 120, pause=0.5)
        self.world.nothing_is_left(120)
        wait_for("no checkpoint of a job that is over", lambda: not self.world.market.value(
            "SELECT count(*) FROM checkpoint_blobs"), 60, pause=1)


def runs_of(market, jobs):
    numbers = ",".join(str(number_of(job)) for job in jobs)
    return market.rows(f"""SELECT l.lease, l.bid, l.reason, extract(epoch FROM l.ended)::float8 AS ended,
            (SELECT string_agg(convert_from(c.bytes, 'UTF8'), '' ORDER BY n) FROM log_chunks c
             WHERE c.lease = l.lease AND n >= 0) AS log
        FROM leases l WHERE l.bid IN ({numbers}) AND l.ready IS NOT NULL ORDER BY l.bid, l.lease""")


def redone(runs, seen):
    """Seconds of work that were done again, by run that was not the last of its job."""
    began = {number_of(lease): at for lease, at in seen.began.items()}
    ran = {number_of(lease): seconds for lease, seconds in seen.ran.items()}
    out, job, done = [], None, 0.0
    for run in runs:
        if run["bid"] != job:
            job, done = run["bid"], 0.0
        found = re.search(r"from \d+ (\d+)", run["log"] or "")
        if not found or run["lease"] not in began:
            continue  # it ended before it had said anything: it has done nothing
        found = int(found[1]) / 1000
        if done:
            out.append(max(0.0, done - found))
        lasted = max(0.0, min(ran.get(run["lease"], 0), run["ended"] - began[run["lease"]]))
        done = found + lasted
    return out


def judge(soak, seen, seconds):
    market = soak.world.market
    wrong, _ = laws.broken(market, seen, TIMES["lease_seconds"])
    runs = runs_of(market, soak.jobs)
    again = redone(runs, seen)
    settled = market.value("SELECT count(*) FROM bids WHERE job = 5")
    if settled != len(soak.jobs) + soak.firm:
        wrong.append(f"ends: {settled} of {len(soak.jobs) + soak.firm} jobs ended well")
    wrong += [f"redone: {s:.1f} s of one run" for s in again if s > INTERVAL]
    ends = {name: sum(run["reason"] == reason for run in runs) for reason, name in REASONS.items()}
    print(json.dumps({
        "bench": "soak", "jobs": len(soak.jobs), "firm_jobs": soak.firm, "settled": settled,
        "machines": len(soak.world.agents), "interval_s": INTERVAL, "runs": len(runs), **ends, "takeovers": len(again),
        "work_s": soak.work_ms // 1000, "redone_s": round(sum(again), 1),
        "redone_p50_s": round(statistics.median(again or [0]), 1), "redone_max_s": round(max(again or [0]), 1),
        "violations": len(wrong), "seconds": round(seconds)}))
    for line in wrong[:40]:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--jobs", type=int, default=100)
    args.add_argument("--machines", type=int, default=7)
    args.add_argument("--seed", type=int, default=None)
    asked = args.parse_args()
    number = asked.seed if asked.seed is not None else seeds()
    offers = [(f"0.0{50 + i}", 2, {"ask_retry_seconds": 1}) for i in range(asked.machines)]
    began = time.monotonic()
    try:
        with scene("soak", offers, **TIMES) as world:
            soak = Soak(random.Random(number), world, asked.jobs)
            with Watch(world.engines) as watch:
                soak.run()
            return judge(soak, laws.Seen(watch, [], [], world.agents), time.monotonic() - began)
    except EngineMissing as why:
        print(f"soak: no engine can be had here: {why}", file=sys.stderr)
        return 77


if __name__ == "__main__":
    sys.exit(main())
