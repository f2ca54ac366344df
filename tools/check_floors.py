#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every include goes down: to one's own floor, to one it may use, or to a library that is its own.

Also: no function that common/base/banned.h refuses, and an SPDX line at the head of each source. The
linker holds the floors too, but headers of libraries and of other floors are in sight of every file, so
only a reader of the text can say that `domain` may not use jansson.h. check_floors.py ROOT"""

import pathlib
import re
import sys

# What the rules may take from the system: nothing that reads a clock, a file or the heap.
PURE = set("assert.h inttypes.h limits.h stdbool.h stddef.h stdint.h string.h".split())

# Floor -> floors below it that it may use, libraries that are its own, and whether it is pure.
FLOORS = {
    "common/base": ("", "", False),
    "common/merkle": ("common/base", "", True),
    "common/json": ("common/base", "jansson.h", False),
    "common/sign": ("common/base common/merkle common/json", "jansson.h openssl", False),
    "common/wire": ("common/base common/json", "", False),
    "common/tlog": ("common/base common/merkle common/sign", "", False),
    "common/client": ("common/base common/json common/merkle common/sign", "curl jansson.h", False),
    "server/domain": ("common/base common/wire", "", True),
    "server/store": ("common/base common/merkle common/wire server/domain", "libpq-fe.h", False),
    "server/service": (
        "common/base common/client common/json common/merkle common/sign common/tlog common/wire "
        "server/domain server/store",
        "jansson.h jwt.h",
        False,
    ),
    "server/http": (
        "common/base common/json common/merkle common/sign common/tlog common/wire server/domain "
        "server/store server/service",
        "jansson.h microhttpd.h",
        False,
    ),
    "server": (
        "common/base common/json common/sign common/tlog common/wire common/merkle server/domain "
        "server/store server/service server/http",
        "",
        False,
    ),
    "agent/domain": ("common/base common/wire", "", True),
    "agent/service": (
        "common/base common/json common/merkle common/sign common/wire agent/domain",
        "jansson.h",
        False,
    ),
    "agent/link": (
        "common/base common/json common/merkle common/sign common/wire common/client agent/domain "
        "agent/service",
        "jansson.h",
        False,
    ),
    "agent/docker": (
        "common/base common/json common/merkle common/sign common/wire common/client agent/domain "
        "agent/service",
        "jansson.h",
        False,
    ),
    "agent/probe": ("", "", False),
    "agent/net": ("common/base common/json agent/domain agent/service", "jansson.h", False),
    "agent/gpu": ("common/base agent/domain agent/service", "", False),
    "agent": (
        "common/base common/json common/merkle common/sign common/wire common/client agent/domain "
        "agent/service agent/link agent/docker agent/gpu agent/net",
        "jansson.h",
        False,
    ),
    # The auditor shares formats with the server, and none of its rules.
    "audit/market": ("common/base", "", False),
    "audit/rows": ("common/base common/json common/merkle common/sign", "jansson.h libpq-fe.h", False),
    "audit/check": (
        "common/base common/json common/merkle common/sign common/tlog audit/market audit/rows",
        "jansson.h",
        False,
    ),
    "audit": ("common/base common/merkle audit/market audit/rows audit/check", "", False),
    "witness": ("common/base common/merkle common/sign common/tlog", "microhttpd.h", False),
    "cli": (
        "common/base common/json common/merkle common/sign common/wire common/client",
        "jansson.h",
        False,
    ),
}
PURE_FILES = {"common/wire/lease.c", "common/wire/lease.h", "common/tlog/edge.c", "common/tlog/tree.c"}
LIBRARIES = {"jansson.h", "jwt.h", "microhttpd.h", "libpq-fe.h", "openssl", "curl", "yaml.h", "nghttp2"}
NOT_OURS = {"node_modules", "vendor", "__pycache__"}
HEAP = {"malloc", "calloc", "realloc"}
SPDX = "SPDX-License-Identifier: Apache-2.0"
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.M)
NOT_CODE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def floor_of(file):
    """The floor that holds a path relative to the root, or None."""
    parts = file.parts
    for name in ("/".join(parts[:2]), parts[0]):
        if name in FLOORS and len(parts) > name.count("/") + 1:
            return name
    return None


def floor_used(root, file, header):
    """The floor that `header`, in quotes, belongs to when `file` includes it."""
    if "/" not in header:
        return floor_of(file)
    side = file.parts[0]
    for top in ("common", side):
        name = f"{top}/{header.split('/')[0]}"
        if name in FLOORS and ((root / name).is_dir()):
            return name
    return header


def includes(root, file, text):
    floor = floor_of(file)
    below, libraries, pure = FLOORS[floor]
    pure = pure or str(file) in PURE_FILES
    for ours, theirs in INCLUDE.findall(text):
        if ours:
            used = floor_used(root, file, ours)
            if used != floor and used not in below.split():
                yield f"{file}: {floor} may not use {ours}"
            continue
        library = theirs if theirs in LIBRARIES else theirs.split("/")[0]
        if library in LIBRARIES and library not in libraries.split():
            yield f"{file}: {floor} may not use <{theirs}>"
        elif pure and theirs not in PURE:
            yield f"{file}: the rules are pure and may not use <{theirs}>"


def banned_names(root):
    """The names in the table of common/base/banned.h: the words before its wide gap."""
    rows = re.findall(r"^ \*   (\S.*?)  ", (root / "common/base/banned.h").read_text(), re.M)
    return {word for row in rows for word in row.split()}


def calls(file, text, banned):
    code = NOT_CODE.sub(lambda m: "\n" * m[0].count("\n") or " ", text)
    own = str(file).startswith("common/base/")
    for match in re.finditer(r"(?<![\w.])(?<!->)(\w+)\s*\(", code):
        name = match[1]
        if name in banned and not (name in HEAP and (own or file.parts[0] == "tests")):
            yield f"{file}:{code.count(chr(10), 0, match.start()) + 1}: {name}() is banned, see base/banned.h"


def sources(root):
    for folder in ("common", "server", "agent", "audit", "cli", "witness", "tests", "tools", "examples"):
        for file in sorted((root / folder).rglob("*")):
            if NOT_OURS & set(file.parts):
                continue
            if file.suffix in (".c", ".h", ".py", ".sh", ".mjs") or file.name == "meson.build":
                yield file
    yield from (root / name for name in ("dev", ".ci/run", "meson.build") if (root / name).exists())


def main(root):
    banned, wrong = banned_names(root), []
    for path in sources(root):
        file, text = path.relative_to(root), path.read_text()
        if SPDX not in "\n".join(text.split("\n", 2)[:2]):
            wrong.append(f"{file}: no line '{SPDX}' at its head")
        if path.suffix not in (".c", ".h") or file.parts[0] == "examples":
            continue
        wrong += calls(file, text, banned)
        if floor_of(file):
            wrong += includes(root, file, text)
    print("\n".join(wrong) or "every include goes down")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
