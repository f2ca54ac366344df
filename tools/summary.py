#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Adds up what test runs did: summary.py LOG… where each LOG is a testlog.json of meson.

A program of ours prints "ok NAME" for each test in it, pytest a closing line; whatever prints neither
counts as one. Failures are told with the end of their output, then each suite, and last, alone on its
line, `N passed, N failed, N skipped`. Exit status 1 if anything failed or nothing ran."""

import json
import pathlib
import re
import sys

PYTEST = re.compile(r"^=*\s*((?:\d+ \w+(?:, )?)+) in [\d.]+s", re.M)
SHOWN = 60  # lines of a failed test's output


def pytest_counts(closing):
    words = {word: int(n) for n, word in re.findall(r"(\d+) (\w+)", closing)}
    failed = words.get("failed", 0) + words.get("error", 0) + words.get("errors", 0)
    passed = words.get("passed", 0) + words.get("xfailed", 0)
    return passed, failed, words.get("skipped", 0)


def counts(test):
    """(passed, failed, skipped) of one entry of the log."""
    result, out = test["result"], test.get("stdout", "")
    good = result in ("OK", "EXPECTEDFAIL")
    closing = PYTEST.findall(out)
    if closing:
        passed, failed, skipped = pytest_counts(closing[-1])
        return (passed, failed, skipped) if good else (passed, max(failed, 1), skipped)
    told = len(re.findall(r"^ok \S+", out, re.M))
    if result == "SKIP":
        return told, 0, 1
    return (max(told, 1), 0, 0) if good else (told, 1, 0)


def suite(test):
    """The suite in a name as meson writes it: "bourse:unit+tsan / base/test_arena"."""
    names = test["name"].partition(" / ")[0].rpartition(":")[2].split("+")
    return next((n for n in names if n != "tsan"), "other")


def show_failure(test):
    print(f"\n--- {test['name']}: {test['result']}, exit status {test.get('returncode')}")
    text = test.get("stdout", "") + test.get("stderr", "")
    print("\n".join(text.splitlines()[-SHOWN:]))


def main(logs):
    suites, broken = {}, False
    for log in logs:
        path = pathlib.Path(log)
        label = " (threads)" if "tsan" in path.parts[-3] else ""
        if not path.exists():
            print(f"{log} is not there: the run did not begin")
            broken = True
            continue
        for line in path.read_text().splitlines():
            test = json.loads(line)
            now = counts(test)
            if now[1]:
                show_failure(test)
            name = suite(test) + label
            suites[name] = tuple(map(sum, zip(suites.get(name, (0, 0, 0)), now)))
    print()
    for name, (passed, failed, skipped) in suites.items():
        print(f"{name:20} {passed:5} passed {failed:5} failed {skipped:5} skipped")
    passed, failed, skipped = map(sum, zip((0, 0, 0), *suites.values()))
    print(f"{passed} passed, {failed + broken} failed, {skipped} skipped")
    return bool(failed or broken or not passed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
