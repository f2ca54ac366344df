#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rules need nothing from outside but memory moves, assertions and wide division.

    check_pure.py LIBRARY[:MEMBER,…] [LIBRARY[:MEMBER,…] …]

The first is judged; it may also use what the others define, which are judged with it. A member is the
name of a source file within the library: libbase.a:str.c means str.c alone."""

import re
import subprocess
import sys

ALLOWED = re.compile(
    r"mem(cpy|move|set|cmp|chr)|str(len|cmp|ncmp)|__assert_fail|__stack_chk_fail|__mem\w+_chk"
    r"|__u?(div|mod)ti3|__muloti4|_GLOBAL_OFFSET_TABLE_|__(asan|ubsan|tsan|gcov|sanitizer|llvm)_\w+"
)


def symbols(archive, which):
    """Names that nm prints for a library, or for some members of it."""
    library, _, members = archive.partition(":")
    out = subprocess.run(["nm", "-A", which, library], check=True, capture_output=True, text=True)
    found = set()
    for line in out.stdout.splitlines():
        if not members or any(re.search(rf"[/_:]{re.escape(m)}\.o", line) for m in members.split(",")):
            found.add(line.split()[-1])
    return found


def main(archives):
    needed = set().union(*(symbols(a, "-u") for a in archives))
    defined = set().union(*(symbols(a, "--defined-only") for a in archives))
    outside = sorted(needed - defined)
    wrong = [s for s in outside if not ALLOWED.fullmatch(s)]
    name = archives[0].partition(":")[0].rsplit("/", 1)[-1]
    print("\n".join(f"{name} needs {s}" for s in wrong) or f"{name} is pure; it needs {outside}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
