# SPDX-License-Identifier: Apache-2.0
"""Does the fault run find what it is for? Bugs are planted in the ways of leases and money, one at a time, in a
copy of the tree; each must break a law.

    python3 -m tests.faults.planted BUILD [--faults N] [--only NAME] [--seed N]

BUILD is the name of a build folder of this tree, which is copied with it. The last line says how many were found;
the exit code is 1 when one was not."""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from tests.outside import ROOT

# Name, file, what stands there, what is planted.
BUGS = (
    ("the surviving work of a lost run is not paid", "server/domain/leases.c",
     "    const int64_t seconds = settle_survived(&t->l->lease, t->b->bid.spec.checkpoint_seconds);\n",
     "    const int64_t seconds = 0 * settle_survived(&t->l->lease, t->b->bid.spec.checkpoint_seconds);\n"),
    ("a lost run is paid to its end", "server/domain/settle.c",
     "    return min_i64(max_i64(l->seconds_kept, missed), l->seconds_max);\n",
     "    return min_i64(max_i64(2 * (int64_t)l->seconds_looked + 9, missed), l->seconds_max);\n"),
    ("the next node is not told of the checkpoint", "server/service/assignment.c",
     "from->manifest.n > 0 ?", "from->manifest.n > 99 ?"),
    ("a container is not ended by the agent's own clock", "agent/service/kill.c",
     "        .deadline_us = l->deadline_boot_us,\n", "        .deadline_us = INT64_MAX - 1,\n"),
    ("what a job has spent is forgotten when a run is lost", "server/domain/leases.c",
     "    bid->spent.micros += bill.charge.micros;\n",
     "    if (l->reason != REASON_NODE_LOST) bid->spent.micros += bill.charge.micros;\n"),
    ("an outage of the server costs the leases", "server/service/liveness.c",
     "    l->amnesty_until_us = now_us + patience_us(l);\n", "    l->amnesty_until_us = now_us;\n"),
    ("a node that failed a job gets it again", "server/domain/leases.c",
     "    if (what->exclude) bid_exclude(t->b, t->l->lease.node);\n", ""),
    ("strange containers are left running", "agent/domain/plan.c",
     "        if (!is_ours(w, &w->seen[i])) out[n++] = (struct action){ ACT_REMOVE, i };\n",
     "        if (!is_ours(w, &w->seen[i]) && n > 99) out[n++] = (struct action){ ACT_REMOVE, i };\n"),
    ("a lease that the market has ended goes on", "agent/service/heartbeat.c",
     "    case COMMAND_FORGET: l->forget = true; break;\n", "    case COMMAND_FORGET: break;\n"),
    ("a receipt that was not heard is not sent again", "agent/service/runner.c",
     "runner_tell(l, say_exit, &r) &&\n", "(say_exit(l, &(struct err){ 0 }), true) &&\n"),
    ("a part of the hold is not given back after a loss", "server/domain/leases.c",
     "    ledger_add(s, t->b->buyer, BUCKET_AVAILABLE, l->hold.micros - bill.charge.micros);\n",
     "    if (l->reason == REASON_NODE_LOST) bill.payout.micros += l->hold.micros - bill.charge.micros;\n"
     "    else ledger_add(s, t->b->buyer, BUCKET_AVAILABLE, l->hold.micros - bill.charge.micros);\n"),
)


def plant(tree, file, old, new):
    path = tree / file
    text = path.read_text()
    assert text.count(old) == 1, f"{file} holds {text.count(old)} times: {old}"
    path.write_text(text.replace(old, new))
    return lambda: path.write_text(text)


def found(tree, build, faults, seed, log):
    """Does a law break? Also an assertion of the server's is an answer: then the run fails by itself."""
    subprocess.run(["ninja", "-C", tree / build, "bourse-server", "bourse-agent"], check=True, stdout=log, stderr=log)
    run = subprocess.run(
        [sys.executable, "-m", "tests.faults.run", "--seed", str(seed), "--faults", str(faults)],
        cwd=tree, env={**os.environ, "BOURSE_BUILD": str(tree / build), "PYTHONPATH": str(tree)},
        stdout=subprocess.PIPE, stderr=log, text=True, check=False)
    log.write(run.stdout)
    log.flush()
    broken = [line for line in run.stdout.splitlines() if line.split(":")[0] in LAWS]
    return run.returncode != 0, broken[0] if broken else "the programs failed: see the log"


LAWS = ("accounts", "ends", "work", "deadline", "blobs", "amnesty", "avoided", "drain")


def main():
    args = argparse.ArgumentParser()
    args.add_argument("build")
    args.add_argument("--faults", type=int, default=40)
    args.add_argument("--seed", type=int, default=5)
    args.add_argument("--only", default="")
    asked = args.parse_args()
    missed, n = [], 0
    with tempfile.TemporaryDirectory(prefix="bourse-planted-") as folder:
        tree = pathlib.Path(folder) / "tree"
        shutil.copytree(ROOT, tree, symlinks=True, ignore=lambda at, names: [
            name for name in names if name in (".git", "var") or (name.startswith("build") and name != asked.build
                                                                  and pathlib.Path(at) == ROOT)])
        with open(ROOT / asked.build / "planted.log", "a", encoding="utf-8") as log:
            for name, file, old, new in BUGS:
                if asked.only not in name:
                    continue
                n += 1
                take_out = plant(tree, file, old, new)
                was_found, how = found(tree, asked.build, asked.faults, asked.seed, log)
                take_out()
                print(f"{'found' if was_found else 'MISSED'}: {name}: {how if was_found else ''}"[:300], flush=True)
                missed += [] if was_found else [name]
    print(f"planted={n} found={n - len(missed)} faults={asked.faults} seed={asked.seed}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
