# SPDX-License-Identifier: Apache-2.0
"""From a submission to the first instruction of the job's program, on one machine: see tools/bench_dispatch.sh.

    starts.py LINE [--slurm] [--rounds N]

The program is the same static one for both, and says what the monotonic clock is when it begins. With us it runs in a
container of Podman that the agent makes, with all it takes to contain a stranger; with Slurm it is a process of
sbatch's script. Both have two places. A round: ONE jobs one after the other, each counted from before its submission;
then MANY at once, counted from the first submission to the start of the last. Rounds of both alternate.

Prints LINE, an object, with these figures added."""

import argparse
import contextlib
import json
import os
import pathlib
import statistics
import sys
import time

from tests.outside import ROOT
from tests.outside.market import number_of
from tests.outside.process import Folder, wait_for
from tests.outside.scene import scene

from .slurm import Slurm

ONE, MANY, PLACES = 10, 20, 2


class Ours:
    prefix = ""

    def __init__(self, world):
        self.world = world

    def submit(self):
        return self.world.submit("now")

    def start_of(self, job):
        """When its program began; None: it has not told."""
        said = self.world.market.value(
            f"SELECT string_agg(convert_from(c.bytes, 'UTF8'), '') FROM log_chunks c JOIN leases l USING (lease) "
            f"WHERE l.bid = {number_of(job)} AND n >= 0")
        return int(said) / 1e6 if said else None

    def rest(self):
        wait_for("rest", lambda: not self.world.market.value("SELECT count(*) FROM bids WHERE job < 5"), 120)
        self.world.nothing_is_left()


class Theirs:
    prefix = "slurm_"

    def __init__(self, slurm, program):
        self.slurm, self.program = slurm, program

    def submit(self):
        return self.slurm.submit(f"exec {self.program} now")

    def start_of(self, out):
        with contextlib.suppress(OSError, ValueError):
            return int(out.read_text()) / 1e6
        return None

    def rest(self):
        wait_for("rest", lambda: not self.slurm.say("squeue", "-h").strip(), 120, pause=0.1)


def one(system):
    """Seconds until one job starts, on a system that does nothing else."""
    began = time.monotonic()
    job = system.submit()
    start = wait_for("a start", lambda: system.start_of(job), 60)
    system.rest()
    return start - began


def many(system):
    """Jobs started each second, of so many that come at once."""
    began = time.monotonic()
    jobs = [system.submit() for _ in range(MANY)]
    last = max(wait_for("a start", lambda job=job: system.start_of(job), 120, pause=0.1) for job in jobs)
    system.rest()
    return MANY / (last - began)


def main():
    args = argparse.ArgumentParser()
    args.add_argument("line", type=json.loads)
    args.add_argument("--slurm", action="store_true")
    args.add_argument("--rounds", type=int, default=3)
    asked = args.parse_args()
    with contextlib.ExitStack() as stack:
        world = stack.enter_context(scene("starts", [("0.050", PLACES)]))
        systems = [Ours(world)]
        if asked.slurm:
            folder = stack.enter_context(Folder("slurm"))
            slurm = stack.enter_context(Slurm(folder / "slurm", PLACES))
            systems.append(Theirs(slurm, world.folder / "probe"))
        seconds, rates = {s: [] for s in systems}, {s: [] for s in systems}
        for system in systems:
            one(system)  # the image comes, and whatever is slow once
        for i in range(asked.rounds):
            for system in systems if i % 2 == 0 else reversed(systems):
                seconds[system] += [one(system) for _ in range(ONE)]
                rates[system].append(many(system))
    for s in systems:
        asked.line[f"{s.prefix}start_p50_ms"] = round(1000 * statistics.median(seconds[s]), 1)
        asked.line[f"{s.prefix}start_max_ms"] = round(1000 * max(seconds[s]), 1)
        asked.line[f"{s.prefix}starts_per_second"] = round(statistics.median(rates[s]), 2)
    print(json.dumps({**asked.line, "load": round(os.getloadavg()[0], 1)}))


if __name__ == "__main__":
    assert pathlib.Path.cwd() == ROOT
    sys.exit(main())
