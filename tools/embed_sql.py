#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles statements and migrations in: embed_sql.py sql.c sql.h FILE...

A file below sql/ becomes `const struct sql_stmt SQL_<file>`: its text without the comment at its head,
and the number of its parameters. A file below migrations/, NNNN_topic.sql, becomes a row of
`migrations[]` with the SHA-256 of its bytes, so that a migration that was changed after it was applied
is noticed."""

import hashlib
import pathlib
import re
import sys

HEADER = """/* SPDX-License-Identifier: Apache-2.0 */
/* Made by tools/embed_sql.py from server/store/sql and migrations. */
#pragma once

#include "store/db.h"

struct migration {
    int number;
    const char *name, *text, *sha256;
};

"""


def c_string(text):
    """`text` as C string literals, one per line of it."""
    lines = []
    for line in text.splitlines(keepends=True):
        out = "".join(
            {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "?": "\\?"}.get(c)
            or (c if 32 <= ord(c) < 127 else "".join(f"\\{b:03o}" for b in c.encode()))
            for c in line
        )
        lines.append(f'    "{out}"')
    return "\n".join(lines) or '    ""'


def without_head(text):
    """The statement without the comment lines at its head, the blank lines and the last semicolon."""
    lines = text.splitlines()
    while lines and (not lines[0].strip() or lines[0].lstrip().startswith("--")):
        lines.pop(0)
    return "\n".join(lines).strip().removesuffix(";").rstrip()


def bare(text):
    """`text` without comments, quoted strings and quoted names, where a $1 is no parameter."""
    return re.sub(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"[^\"]*\"", " ", text, flags=re.S)


def parameters(file, text):
    """How many parameters it has; they must be $1 to $n without a gap."""
    used = {int(n) for n in re.findall(r"\$(\d+)", bare(text))}
    if used != set(range(1, len(used) + 1)):
        sys.exit(f"{file}: parameters are {sorted(used)}, not 1 to n")
    return len(used)


def statement(file):
    text = without_head(file.read_text())
    if not text:
        sys.exit(f"{file}: there is no statement")
    if ";" in bare(text):
        sys.exit(f"{file}: more than one statement")
    name, count = file.stem, parameters(file, text)
    return (
        f"extern const struct sql_stmt SQL_{name};\n",
        f'const struct sql_stmt SQL_{name} = {{\n    "{name}",\n{c_string(text)},\n    {count}\n}};\n\n',
    )


def migration(file):
    match = re.fullmatch(r"(\d{4})_(\w+)", file.stem)
    if not match:
        sys.exit(f"{file}: a migration is named NNNN_topic.sql")
    data = file.read_bytes()
    number, digest = int(match[1]), hashlib.sha256(data).hexdigest()
    return number, (
        f'    {{ {number}, "{file.stem}",\n{c_string(data.decode())},\n    "{digest}" }},\n'
    )


def main(out_c, out_h, files):
    files = sorted(files, key=lambda f: f.name)
    statements = [statement(f) for f in files if f.parent.name == "sql"]
    migrations = [migration(f) for f in files if f.parent.name == "migrations"]
    numbers = [number for number, _ in migrations]
    if numbers != sorted(set(numbers)):
        sys.exit(f"migrations are numbered {numbers}: one number comes twice")
    names = "".join(f"    &SQL_{f.stem},\n" for f in files if f.parent.name == "sql")
    out_h.write_text(
        HEADER
        + "".join(h for h, _ in statements)
        + "\nextern const struct sql_stmt *const sql_stmts[]; /* all of them, by name */\n"
        + "extern const size_t sql_stmts_n;\n"
        + "\nextern const struct migration migrations[]; /* by number, from 1 */\n"
        + "extern const size_t migrations_n;\n"
    )
    out_c.write_text(
        "/* SPDX-License-Identifier: Apache-2.0 */\n"
        '/* Made by tools/embed_sql.py. */\n#include "store/sql.h"\n\n'
        + "".join(c for _, c in statements)
        + f"const struct sql_stmt *const sql_stmts[] = {{\n{names}    NULL\n}};\n"
        + f"const size_t sql_stmts_n = {len(statements)};\n\n"
        + "const struct migration migrations[] = {\n"
        + "".join(row for _, row in migrations)
        + "    { 0, NULL, NULL, NULL }\n};\n"
        + f"const size_t migrations_n = {len(migrations)};\n"
    )


if __name__ == "__main__":
    main(*map(pathlib.Path, sys.argv[1:3]), [pathlib.Path(f) for f in sys.argv[3:]])
