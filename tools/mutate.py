#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Do the tests test? Changes the rules of the market in one place at a time and runs the unit, property
and tape tests of server/domain. A mutant that no test notices has survived, and is shown.

    mutate.py [N] [--seed S] [--file NAME] [--list] [--out FILE]

N places are drawn by the seed (0: all). Changes: comparisons, arithmetic, logic, constants by one,
negations, conditions, removed statements. Assertions are left alone, and a mutant that does not compile
does not count. Exit status 1 if one survived."""

import argparse
import concurrent.futures
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
NEEDED = ("common", "server", "agent", "cli", "migrations", "tests", "tools", "meson.build", "meson_options.txt")
HIDDEN = re.compile(
    r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|^[ \t]*#[^\n]*(?:\\\n[^\n]*)*|\bassert\s*\([^;]*\);',
    re.S | re.M,
)
SWAPS = {
    "<": ["<=", ">"], "<=": ["<", ">"], ">": [">=", "<"], ">=": [">", "<"], "==": ["!="], "!=": ["=="],
    "+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["*"], "&&": ["||"], "||": ["&&"],
    "+=": ["-=", "="], "-=": ["+=", "="], "++": ["--"], "--": ["++"], "&": ["|"], "|": ["&"],
    "<<": [">>"], ">>": ["<<"],
}
TOKEN = re.compile(r"<<=|>>=|->|\+\+|--|&&|\|\||[<>=!+\-*/%&|^]=|<<|>>|[<>+\-*/%&|]|\b\d+\b|\b(?:true|false)\b|!")
STATEMENT = re.compile(r"(?<=[;{})\n])([ \t]*)([A-Za-z_(*][^;{}\n]*(?:\n[^;{}\n]*)?);")
KEEP = re.compile(r"\s*(return|break|continue|goto|case|default|const|static|struct|enum|union|bool|u?int\w*|size_t|char)\b")
CONDITION = re.compile(r"\b(?:if|while) \(")


def blank(text):
    """The text with comments, strings, directives and assertions replaced by spaces of equal length."""
    return HIDDEN.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)


def binary(code, start, end):
    """Is the operator at code[start:end] one between two values, rather than a sign or a star?"""
    left = code[:start].rstrip()[-1:]
    return code[start - 1 : start] == " " and code[end : end + 1] == " " and (left.isalnum() or left in "_)]")


def token_mutants(code):
    for match in TOKEN.finditer(code):
        token, start, end = match[0], match.start(), match.end()
        if token.isdigit():
            for value in {int(token) + 1, int(token) - 1}:
                if value >= 0:
                    yield start, end, str(value)
        elif token in ("true", "false"):
            yield start, end, "false" if token == "true" else "true"
        elif token == "!":
            yield start, end, ""
        elif token in ("++", "--") or (token in SWAPS and binary(code, start, end)):
            for other in SWAPS[token]:
                yield start, end, other


def statement_mutants(code):
    for match in STATEMENT.finditer(code):
        body = match[2]
        if KEEP.match(body) or not ("=" in body or "(" in body or "++" in body or "--" in body):
            continue
        if re.match(r"\s*(for|if|while|switch)\b", body):
            continue
        yield match.start(2), match.end(), ";"


def condition_mutants(code):
    for match in CONDITION.finditer(code):
        depth, at = 1, match.end()
        while depth and at < len(code):
            depth += {"(": 1, ")": -1}.get(code[at], 0)
            at += 1
        yield match.end(), at - 1, f"!({code[match.end():at - 1]})"


def mutants(only):
    found = []
    for file in sorted((ROOT / "server/domain").glob("*.c")):
        if only and file.name != only:
            continue
        code = blank(file.read_text())
        functions = code.find("\n{")
        for kind in (token_mutants, statement_mutants, condition_mutants):
            found += [(file.name, *m) for m in kind(code) if m[0] > functions]
    return found


def run(command, cwd, seconds):
    try:
        return subprocess.run(command, cwd=cwd, capture_output=True, timeout=seconds, check=False).returncode
    except subprocess.TimeoutExpired:
        return "timeout"


def short(command):
    """Random markets are given fewer commands: enough to see most mutants, and to reach all there is."""
    if not pathlib.Path(command[0]).name.startswith("property_test_market"):
        return command
    seed = "100000" if command[0].endswith("tight") else "1"
    return [command[0], "--seed", seed, "--commands", "200000", "--markets", "80"]


class Workshop:
    """A copy of the tree with its own build folder, used by one thread."""

    def __init__(self, number):
        self.tree = ROOT / "build-mutate" / str(number)
        shutil.rmtree(self.tree, ignore_errors=True)
        self.tree.mkdir(parents=True)
        for name in NEEDED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, self.tree / name, ignore=shutil.ignore_patterns("node_modules", "build*"))
            else:
                shutil.copy2(source, self.tree / name)
        self.build, self.took = self.tree / "build", {}
        setup = ["meson", "setup", self.build, "-Dbuildtype=plain", "-Doptimization=1", f"-Dpython={sys.executable}"]
        subprocess.run(setup, cwd=self.tree, check=True, capture_output=True)
        tests = json.loads(subprocess.run(["meson", "introspect", "--tests", self.build], check=True,
                                          capture_output=True, text=True).stdout)
        wanted = [t for t in tests if re.match(r"(domain|property|tape)/", t["name"])]
        self.commands = [short(t["cmd"]) for t in wanted]
        self.targets = sorted({str(pathlib.Path(t["cmd"][0]).relative_to(self.build)) for t in wanted})
        if run(["ninja", *self.targets], self.build, 900) != 0 or not all(map(self.passes, self.commands)):
            sys.exit("the tests do not pass without any change; mend that first")
        self.commands.sort(key=lambda command: self.took[tuple(command)])  # most mutants die at once; only survivors meet the long ones

    def passes(self, command):
        began = time.monotonic()
        good = run(command, self.tree, 300) == 0
        self.took[tuple(command)] = time.monotonic() - began
        return good

    def noticed(self):
        """The name of the first test that fails, or nothing."""
        for command in self.commands:
            if run(command, self.tree, 300) != 0:
                return pathlib.Path(command[-1]).name
        return ""

    def judge(self, mutant):
        """killed by which test, `survived`, or `invalid` when it does not compile."""
        name, start, end, new = mutant
        file = self.tree / "server/domain" / name
        before = file.read_text()
        file.write_text(before[:start] + new + before[end:])
        try:
            if run(["ninja", *self.targets], self.build, 300) != 0:
                return "invalid"
            return self.noticed() or "survived"
        finally:
            file.write_text(before)


def describe(mutant):
    name, start, end, new = mutant
    text = (ROOT / "server/domain" / name).read_text()
    line = text.count("\n", 0, start) + 1
    source = text[text.rfind("\n", 0, start) + 1 : text.find("\n", end)].strip()
    return f"server/domain/{name}:{line}: {' '.join(text[start:end].split())!r} -> {new!r}\n    {source}"


def main():
    args = argparse.ArgumentParser()
    args.add_argument("n", nargs="?", type=int, default=200)
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--file")
    args.add_argument("--list", action="store_true")
    args.add_argument("--out")
    args = args.parse_args()
    every = mutants(args.file)
    random.Random(args.seed).shuffle(every)
    chosen = every[: args.n or None]
    print(f"{len(chosen)} of {len(every)} places, seed {args.seed}", flush=True)
    if args.list:
        print("\n".join(map(describe, chosen)))
        return 0
    rooms, lock, local = iter(range(os.cpu_count() or 1)), threading.Lock(), threading.local()

    def judge(mutant):
        if not hasattr(local, "room"):
            with lock:
                number = next(rooms)
            local.room = Workshop(number)
        return local.room.judge(mutant)

    counts, survivors = {"killed": 0, "survived": 0, "invalid": 0}, []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for mutant, verdict in zip(chosen, pool.map(judge, chosen)):
            counts[verdict if verdict in counts else "killed"] += 1
            if verdict == "survived":
                survivors.append(describe(mutant))
                print("survived: " + survivors[-1], flush=True)
    if args.out:
        pathlib.Path(args.out).write_text("\n".join(survivors) + "\n")
    shutil.rmtree(ROOT / "build-mutate", ignore_errors=True)
    print(f"{counts['killed']} killed, {counts['survived']} survived, {counts['invalid']} did not compile")
    return bool(survivors)


if __name__ == "__main__":
    sys.exit(main())
