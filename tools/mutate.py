#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Do the tests test? Changes the rules of the market in one place at a time and runs the unit, property
and tape tests of server/domain. A mutant that no test notices has survived, and is shown.

    mutate.py [N [SEED]] [--file NAME] [--kind KIND] [--long] [--list] [--log FILE [--again]] [--seconds S]
    mutate.py --planted [NAME…]

N places (default 200; 0: all) are drawn by SEED (default 1) from all that tools/mutants.py finds.
What is proved to change nothing stands, with the proof, in tests/mutation/equivalent.txt and is not run;
files that only assert (ASSERTING) and what does not compile do not count. --long runs the random markets
in full length as well, for whom the shorter ones have not noticed. --log FILE keeps the verdicts, and those
in it are not asked for again, with --again those that had survived; after --seconds none is begun.

--planted applies each of tests/mutation/planted/*.patch instead: bugs that one would fear most.

A mutant costs one compilation: the domain is a shared library, the tests are linked once. They run
from the quickest to the longest, those first that have noticed others in the same file. Whatever takes
much longer than without a change counts as noticed. Exit status 1 if one survived."""

import argparse
import collections
import concurrent.futures
import fcntl
import json
import os
import pathlib
import queue
import random
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time

import mutants

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOMAIN = ROOT / "server/domain"
ROOM = ROOT / "build-mutate"
BASE = ROOM / "base"
LISTED = ROOT / "tests/mutation/equivalent.txt"
PLANTED = ROOT / "tests/mutation/planted"
HEADERS = ("ladder_node.h",)  # with code in them
ASSERTING = ("check.c", "ladder_check.c")
LIBRARIES = ("domain", "tight_domain")
MEMORY = 4 << 30
MARKET = {"property/test_market": "1", "property/test_market_tight": "100000"}  # first seeds


# ---- what is changed ------------------------------------------------------------------------------


def all_mutants():
    """({key: mutant}, {file: text})"""
    files = [f for f in sorted(DOMAIN.glob("*.c")) if f.name not in ASSERTING] + [DOMAIN / h for h in HEADERS]
    texts = {file.name: file.read_text() for file in files}
    known = mutants.prototypes([f.read_text() for f in sorted(DOMAIN.glob("*.[ch]"))])
    found = [m for name, text in texts.items() for m in mutants.of_file(name, text, known)]
    return mutants.keyed(found, texts), texts


def equivalents(keys):
    """(keys of mutants that change nothing, entries of the list that name none)"""
    entries, reasons = [], collections.Counter()
    for line in LISTED.read_text().splitlines() if LISTED.exists() else []:
        if line.startswith("    "):
            reasons[len(entries)] += 1
        elif line and not line.startswith("#"):
            entries.append(line)
    same, stale = set(), []
    for number, entry in enumerate(entries, 1):
        if not reasons[number]:
            sys.exit(f"{LISTED}: without a reason: {entry}")
        fits = {k for k in keys if re.fullmatch(entry[1:].strip(), k)} if entry[0] == "~" else {entry} & keys
        same |= fits
        if not fits:
            stale.append(entry)
    return same, stale


# ---- the tests, linked with a domain that can be exchanged ----------------------------------------


def run(command, cwd, seconds, **more):
    """Exit status, or `timeout`. What a test started ends with it."""
    process = subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True, **more)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return "timeout"


def tell(command, cwd):
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout


def commands_of(tests, long):
    """The tests as commands, all tapes in one. Those of random markets have shorter forms, which need
    not have reached everything."""
    found, tapes = {}, []
    for test in tests:
        name = test["name"]
        if name.startswith("tape/"):
            tapes.append(test["cmd"])
        elif name in MARKET:
            for form, commands, markets in (("short", "8000", "8"), ("middle", "49000", "40")):
                size = ["--seed", MARKET[name], "--commands", commands, "--markets", markets]
                found[f"{name} ({form})"] = [test["cmd"][0], *size]
            if long:
                found[name] = test["cmd"]
        else:
            found[name] = test["cmd"]
    found["tapes"] = [tapes[0][0], *(tape[-1] for tape in tapes)]
    return found


class Bench:
    """The build without a change: objects, how each is compiled, and the tests."""

    def __init__(self, long):
        if not (BASE / "build.ninja").exists():
            shutil.rmtree(BASE, ignore_errors=True)
            tell(["meson", "setup", BASE, "-Dbuildtype=plain", "-Doptimization=1", f"-Dpython={sys.executable}"], ROOT)
        tests = json.loads(tell(["meson", "introspect", "--tests", BASE], ROOT))
        wanted = [t for t in tests if re.match(r"(domain|property|tape)/", t["name"])]
        targets = sorted({str(pathlib.Path(t["cmd"][0]).relative_to(BASE)) for t in wanted})
        tell(["ninja", *targets], BASE)
        self.compilers, self.objects = {}, {}
        for library in LIBRARIES:
            self.learn(library)
        (ROOM / "bin").mkdir(exist_ok=True)
        self.plain = ROOM / "plain"
        self.plain.mkdir(exist_ok=True)
        for library in LIBRARIES:
            self.link(library, self.plain, {})
        for line in tell(["ninja", "-t", "commands", *targets], BASE).splitlines():
            self.link_test(shlex.split(line), targets)
        self.commands = {name: [str(ROOM / "bin" / pathlib.Path(c[0]).name), *c[1:]]
                         for name, c in commands_of(wanted, long).items()}
        self.took = {name: self.measure(name) for name in self.commands}
        self.kills, self.lock = collections.Counter(), threading.Lock()

    def learn(self, library):
        """How each file of this library is compiled, and to which object."""
        self.objects[library] = {}
        for entry in json.loads((BASE / "compile_commands.json").read_text()):
            name = pathlib.Path(entry["file"]).name
            if entry["output"].startswith(f"lib{library}.a.p/") or entry["output"].startswith(f"tests/lib{library}.a.p/"):
                words = shlex.split(entry["command"])
                for flag, values in (("-MD", 0), ("-MQ", 1), ("-MF", 1), ("-o", 1), ("-c", 1)):
                    at = words.index(flag)
                    del words[at : at + 1 + values]
                self.compilers[library, name] = words
                self.objects[library][name] = BASE / entry["output"]

    def link(self, library, folder, changed):
        """The library, with the changed objects in place of those that they replace."""
        objects = [str(changed.get(name, o)) for name, o in self.objects[library].items()]
        out = folder / f"lib{library}.so"
        return run(["cc", "-shared", f"-Wl,-soname,{out.name}", "-o", str(out), *objects], BASE, 60) == 0

    def link_test(self, words, targets):
        if "-o" not in words or words[words.index("-o") + 1] not in targets or "-c" in words:
            return
        out = words.index("-o") + 1
        words[out] = str(ROOM / "bin" / pathlib.Path(words[out]).name)
        for library in LIBRARIES:
            words = [str(self.plain / f"lib{library}.so") if pathlib.Path(w).name == f"lib{library}.a" else w for w in words]
        tell(words, BASE)

    def fails(self, name, folder, seconds):
        env = {**os.environ, "LD_LIBRARY_PATH": str(folder)}
        return run(self.commands[name], ROOT, seconds, env=env) != 0

    def measure(self, name):
        began = time.monotonic()
        if self.fails(name, self.plain, 600):
            sys.exit(f"{name} fails without any change; mend that first")
        return time.monotonic() - began

    def order(self, files):
        """The tests for a change of these files: what is quick and has noticed much first."""
        def worth(name):
            mine = any(name == f"domain/test_{pathlib.Path(file).stem}" for file in files)
            kills = sum(self.kills[name, file] for file in files)
            return self.took[name] / (1 + kills + 100 * mine)

        return sorted(self.commands, key=worth)

    def noticed(self, files, folder, build):
        """The first test that fails; or nothing. build(library) makes what a test is linked with."""
        for name in self.order(files):
            build("tight_domain" if "tight" in name else "domain")
            if self.fails(name, folder, 5 + 8 * self.took[name]):
                with self.lock:
                    self.kills.update((name, file) for file in files)
                return name
        return ""


class Worker:
    """A folder for the objects of one change at a time."""

    def __init__(self, bench, number):
        self.bench, self.folder = bench, ROOM / f"worker{number}"
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "domain").mkdir(parents=True)

    def compile(self, library, name):
        source = self.folder / "domain" / name
        if not source.exists():
            source = DOMAIN / name
        out = self.folder / f"{library}-{name}.o"
        words = self.bench.compilers[library, name]
        line = [*words[:1], *([words[1]] if words[0].endswith("ccache") else [])]
        line = [line[-1], "-I", str(self.folder), *words[len(line):], "-w", "-o", str(out), "-c", str(source)]
        return out if run(line, BASE, 120) == 0 else None

    def build(self, library, sources):
        """False: no compiler takes it."""
        changed = {name: self.compile(library, name) for name in sorted(sources)}
        return None not in changed.values() and self.bench.link(library, self.folder, changed)

    def judge(self, texts):
        """By which test this change, {file: text}, is noticed; `survived`; `invalid`: no compiler takes it."""
        for name, text in texts.items():
            (self.folder / "domain" / name).write_text(text)
        try:
            sources = {n for n in texts if n.endswith(".c")}
            for header in texts.keys() - sources:
                sources |= {f.name for f in DOMAIN.glob("*.c") if f'"domain/{header}"' in f.read_text()}
            if not self.build("domain", sources):
                return "invalid"
            built = {"domain"}

            def build(library):
                if library not in built and not self.build(library, sources):
                    raise RuntimeError(f"{library} does not compile as the other does")
                built.add(library)

            return self.bench.noticed(sorted(texts), self.folder, build) or "survived"
        finally:
            for name in texts:
                (self.folder / "domain" / name).unlink()


def judge_all(jobs, args, tell_one):
    """Judge each (key, texts); tell_one(key, verdict) in the order of the jobs. True: all were begun in time."""
    bench, idle, began = Bench(args.long), queue.Queue(), time.monotonic()
    print(f"tests: {sum(bench.took.values()):.1f} s without a change", flush=True)
    for number in range(args.workers):
        idle.put(Worker(bench, number))

    def judge(job):
        if time.monotonic() - began > args.seconds:
            return None
        worker = idle.get()
        try:
            return worker.judge(job[1]())
        finally:
            idle.put(worker)

    complete = True
    with concurrent.futures.ThreadPoolExecutor(args.workers) as pool:
        for job, verdict in zip(jobs, pool.map(judge, jobs)):
            complete = complete and verdict is not None
            if verdict is not None:
                tell_one(job[0], verdict)
    return complete


# ---- the two runs ---------------------------------------------------------------------------------


def describe(mutant, texts):
    line, before, after = mutants.place(mutant, texts[mutant.file])
    return f"server/domain/{mutant.file}:{line}: {before} → {after}"


def changed_text(mutant, texts):
    text = texts[mutant.file]
    return {mutant.file: text[: mutant.start] + mutant.new + text[mutant.end :]}


def verdicts_of(log):
    lines = log.read_text().splitlines() if log and log.exists() else []
    return {entry["key"]: entry["verdict"] for entry in map(json.loads, lines)}


def mutate(args):
    every, texts = all_mutants()
    same, stale = equivalents(every.keys())
    for entry in stale:
        print(f"{LISTED.name}: there is no such mutant any more: {entry}")
    keys = [k for k, m in every.items() if args.file in (None, m.file) and args.kind in (None, m.kind)]
    random.Random(args.seed).shuffle(keys)
    chosen = keys[: args.n or None]
    print(f"{len(chosen)} of {len(keys)} places, seed {args.seed}", flush=True)
    if args.list:
        print("\n".join(f"{describe(every[k], texts)}{'  (equivalent)' * (k in same)}" for k in chosen))
        return bool(stale)
    known, verdicts = verdicts_of(args.log), {k: "equivalent" for k in chosen if k in same}
    verdicts |= {k: known[k] for k in chosen if k in known and k not in same}
    if args.again:
        verdicts = {k: v for k, v in verdicts.items() if v != "survived"}

    def tell_one(key, verdict):
        verdicts[key] = verdict
        if verdict == "survived":
            print("survived: " + describe(every[key], texts), flush=True)
        if args.log:
            with args.log.open("a") as out:
                out.write(json.dumps({"key": key, "verdict": verdict}) + "\n")

    jobs = [(k, lambda k=k: changed_text(every[k], texts)) for k in chosen if k not in verdicts]
    complete = not jobs or judge_all(jobs, args, tell_one)
    tests = collections.Counter(v for v in verdicts.values() if v not in ("survived", "invalid", "equivalent"))
    print(", ".join(f"{name} {n}" for name, n in tests.most_common()))
    counts = collections.Counter(verdicts.values())
    print(f"{sum(tests.values())} killed, {counts['survived']} survived, {counts['equivalent']} equivalent, "
          f"{counts['invalid']} did not compile{'' if complete else ', not all were tried'}")
    return bool(counts["survived"] or stale or not complete)


def planted_texts(patch):
    """The files that the patch changes, changed; None: it does not fit any more."""
    names = re.findall(r"^\+\+\+ b/server/domain/(\S+)", patch.read_text(), re.M)
    room = ROOM / "planted" / patch.stem
    shutil.rmtree(room, ignore_errors=True)
    (room / "server/domain").mkdir(parents=True)
    for name in names:
        shutil.copy2(DOMAIN / name, room / "server/domain")
    if not names or run(["patch", "-s", "-p1", "-F3", "-i", str(patch)], room, 10) != 0:
        return None
    return {name: (room / "server/domain" / name).read_text() for name in names}


def plant(args):
    patches = [p for p in sorted(PLANTED.glob("*.patch")) if not args.planted or p.stem in args.planted]
    texts, bad = {p.stem: planted_texts(p) for p in patches}, []

    def tell_one(name, verdict):
        if verdict in ("survived", "invalid"):
            bad.append(name)
        print(f"{name}: {'not found' if verdict == 'survived' else verdict}", flush=True)

    for name in [n for n, t in texts.items() if t is None]:
        tell_one(name, "invalid")
    jobs = [(name, lambda name=name: texts[name]) for name in texts if texts[name] is not None]
    judge_all(jobs, args, tell_one)
    print(f"{len(texts) - len(bad)} of {len(texts)} planted bugs found")
    return bool(bad or not texts)


def main():
    args = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    args.add_argument("n", nargs="?", type=int, default=200)
    args.add_argument("seed", nargs="?", type=int, default=1)
    args.add_argument("--file")
    args.add_argument("--kind")
    args.add_argument("--list", action="store_true")
    args.add_argument("--log", type=pathlib.Path)
    args.add_argument("--seconds", type=float, default=float("inf"))
    args.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    args.add_argument("--long", action="store_true")
    args.add_argument("--again", action="store_true")
    args.add_argument("--planted", nargs="*")
    args = args.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    ROOM.mkdir(exist_ok=True)
    lock = (ROOM / "lock").open("w")
    try:
        if not args.list:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit("another run is at work in build-mutate")
    return mutate(args) if args.planted is None else plant(args)


if __name__ == "__main__":
    sys.exit(main())
