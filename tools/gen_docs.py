#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes docs/errors.md, docs/limits.md and docs/lease.md from what the programs are compiled from.

    gen_docs.py ROOT PRINT_LEASE [--check]

--check writes nothing and fails if a page is not what the sources say."""

import ast
import operator
import pathlib
import re
import subprocess
import sys

MADE = "<!-- Made by tools/gen_docs.py; change {} instead. -->\n\n"
OPERATORS = {
    ast.Mult: operator.mul, ast.LShift: operator.lshift, ast.Add: operator.add, ast.Sub: operator.sub,
    ast.FloorDiv: operator.floordiv, ast.Div: operator.floordiv,
}


def row(*cells):
    return "| " + " | ".join(str(c).replace("|", "\\|") for c in cells) + " |\n"


def errors(root):
    rows = re.findall(
        r'^X\((\w+), (\d+), "([^"]+)", (\w+), "([^"]+)"\)', (root / "common/base/errors.def").read_text(), re.M
    )
    text = MADE.format("common/base/errors.def") + "# Errors\n\n"
    text += (
        "Every answer of 400 or more is a problem document (RFC 9457). Its `code` stands below, its `type` is\n"
        "the market's address followed by `/problems/` and the code, and `detail` says what is wrong with this\n"
        "request. Errors of ours are logged with file and line; errors of the caller are only counted.\n\n"
    )
    text += row("code", "status", "whose fault", "title") + row("---", "--:", "---", "---")
    for _, status, code, fault, title in rows:
        text += row(f"`{code}`", status, "the caller's" if fault == "THEIRS" else "ours", title)
    return text


def value(expression, names):
    """The number that a C constant expression of the page stands for."""
    text = re.sub(r"(?<=\d)(?:ll|LL|u|U|l|L)+\b", "", expression)
    text = re.sub(r"INT64_C\((\w+)\)", r"\1", text)

    def walk(node):
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return names[node.id]
        if isinstance(node, ast.UnaryOp):
            return -walk(node.operand)
        return OPERATORS[type(node.op)](walk(node.left), walk(node.right))

    return walk(ast.parse(text, mode="eval").body)


def limits(root):
    source = (root / "common/base/limits.h").read_text()
    text = MADE.format("common/base/limits.h") + "# Limits\n\n"
    text += (
        "Every maximum in the product, each with its reason. Names that end `_S` are seconds; sizes are\n"
        "bytes unless the reason says what is counted.\n\n"
    )
    text += row("name", "value", "why") + row("---", "--:", "---")
    names = {}
    define = r"^#define (\w+)[ \t]+([^\n/]+?)[ \t]*(?:/\*(.*?)\*/)?[ \t]*$"
    for name, expression, reason in re.findall(define, source, re.M | re.S):
        names[name] = value(expression, names)
        why = " ".join(re.sub(r"\n\s*\*", "\n", reason).split())
        text += row(f"`{name}`", f"{names[name]:,}", why)
    return text


def lease(print_lease):
    out = subprocess.run([print_lease], check=True, capture_output=True, text=True).stdout
    lines = [line.split("\t") for line in out.splitlines()]
    states = [line[1:] for line in lines if line[0] == "state"]
    edges = [line[1:] for line in lines if line[0] == "edge"]
    text = MADE.format("common/wire/lease.c") + "# The life of a lease\n\n"
    text += (
        "Server and agent are compiled from the same table. The server decides which move is next; the agent\n"
        "obeys the rows that are marked as orders to it. A move that is not in the table does not exist.\n\n"
    )
    text += "```mermaid\nstateDiagram-v2\n    [*] --> offered: trade\n"
    for came_from, event, to, *_ in edges:
        text += f"    {came_from} --> {to}: {event}\n"
    text += "".join(f"    {name} --> [*]\n" for name, final, _ in states if final == "final") + "```\n\n"
    text += row("state", "final", "takes units of the node") + row("---", "---", "---")
    for name, final, holds in states:
        text += row(name, "yes" if final == "final" else "", "yes" if holds == "holds" else "")
    text += "\n" + row("from", "event", "to", "caused by", "order to the agent", "what happened")
    text += row("---", "---", "---", "---", "---", "---")
    for came_from, event, to, actor, agent, sentence in edges:
        text += row(came_from, event, to, actor, "yes" if agent == "agent" else "", sentence)
    return text


def main(root, print_lease, check):
    pages = {"errors.md": errors(root), "limits.md": limits(root), "lease.md": lease(print_lease)}
    stale = 0
    for name, text in pages.items():
        page = root / "docs" / name
        if page.exists() and page.read_text() == text:
            continue
        stale += 1
        print(f"docs/{name} is {'stale: run ./dev docs' if check else 'written'}")
        if not check:
            page.write_text(text)
    if not stale:
        print("the generated pages are what the sources say")
    return bool(stale) and check


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2], "--check" in sys.argv))
