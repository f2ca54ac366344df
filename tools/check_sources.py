#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The two meson.build name every source file, one list per folder: a file that they forget is not built
or not run, and nobody would notice. `check_sources.py ROOT` compares, `--write` puts the lists right."""

import pathlib
import re
import sys

# List in a meson.build -> the files that it holds.
LISTS = {
    "base_src": "common/base/*.c",
    "merkle_src": "common/merkle/*.c",
    "json_src": "common/json/*.c",
    "sign_src": "common/sign/*.c",
    "wire_src": "common/wire/*.c",
    "tlog_src": "common/tlog/*.c",
    "client_src": "common/client/*.c",
    "domain_src": "server/domain/*.c",
    "store_src": "server/store/*.c",
    "service_src": "server/service/*.c",
    "http_src": "server/http/*.c",
    "server_src": "server/*.c",
    "agentdomain_src": "agent/domain/*.c",
    "agentservice_src": "agent/service/*.c",
    "agentlink_src": "agent/link/*.c",
    "agentdocker_src": "agent/docker/*.c",
    "agentnet_src": "agent/net/*.c",
    "probe_src": "agent/probe/*.c",
    "agentgpu_src": "agent/gpu/*.c",
    "agent_src": "agent/*.c",
    "cli_src": "cli/*.c",
    "auditmarket_src": "audit/market/*.c",
    "auditrows_src": "audit/rows/*.c",
    "auditcheck_src": "audit/check/*.c",
    "audit_src": "audit/*.c",
    "witness_src": "witness/*.c",
    "unit_base": "tests/unit/base/test_*.c",
    "unit_merkle": "tests/unit/merkle/test_*.c",
    "unit_json": "tests/unit/json/test_*.c",
    "unit_sign": "tests/unit/sign/test_*.c",
    "unit_client_help": "tests/unit/client/*.c",
    "unit_sign_help": "tests/unit/sign/*.c",
    "unit_wire": "tests/unit/wire/test_*.c",
    "unit_client": "tests/unit/client/test_*.c",
    "unit_tlog": "tests/unit/tlog/test_*.c",
    "unit_domain": "tests/unit/domain/test_*.c",
    "unit_domain_help": "tests/unit/domain/*.c",
    "unit_service": "tests/unit/service/test_*.c",
    "unit_http": "tests/unit/http/test_*.c",
    "unit_agentdomain": "tests/unit/agentdomain/test_*.c",
    "unit_agentservice": "tests/unit/agentservice/test_*.c",
    "unit_agentlink": "tests/unit/agentlink/test_*.c",
    "unit_agentdocker": "tests/unit/agentdocker/test_*.c",
    "unit_agentnet": "tests/unit/agentnet/test_*.c",
    "unit_agentgpu": "tests/unit/agentgpu/test_*.c",
    "unit_cli": "tests/unit/cli/test_*.c",
    "property_tests": "tests/property/test_*.c",
    "property_help": "tests/property/*.c",
    "sim_tests": "tests/sim/test_*.c",
    "sim_programs": "tests/sim/bench_*.c",
    "sim_help": "tests/sim/*.c",
    "tape_src": "tests/tape/*.c",
    "tapes": "tests/tape/*.tape",
    "store_tests": "tests/store/test_*.c",
    "store_help": "tests/store/*.c",
    "writer_tests": "tests/writer/test_*.c",
    "writer_help": "tests/writer/*.c",
    "agent_tests": "tests/agent/test_*.c",
    "agent_help": "tests/agent/*.c",
    "fuzz_targets": "tests/fuzz/fuzz_*.c",
    "store_py": "tests/store/test_*.py",
    "api_py": "tests/api/**/test_*.py",
    "crash_py": "tests/crash/test_*.py",
    "agent_py": "tests/agent/test_*.py",
    "faults_py": "tests/faults/test_*.py",
    "pair_py": "tests/pair/test_*.py",
    "hostile_py": "tests/hostile/test_*.py",
    "make_market_src": "tests/audit/*.c",
    "audit_py": "tests/audit/test_*.py",
    "log_py": "tests/log/test_*.py",
    "cli_py": "tests/cli/test_*.py",
    "examples_py": "tests/examples/test_*.py",
    "sql_files": "server/store/sql/*.sql",
    "migration_files": "migrations/*.sql",
}
# Probes are compiled by the tests that hand them to containers, libraries to be preloaded have their own line.
ELSEWHERE = {"cli/main.c", "witness/main.c", "tests/hostile/lane.c", "tests/agent/image/probe.c", "tests/crash/power_cut.c", "tests/faults/clock.c",
             "tests/fuzz/replay.c", "tests/standin/nvml.c"}
STANDING_ALONE = "tests/bench/"  # programs of which each has its own line
LIST = re.compile(r"^(\w+) = files\(\n(.*?)^\)\n", re.M | re.S)


def files_of(root, name):
    """The files that a list should hold. What helps tests is all that is not itself a test."""
    return {
        file
        for file in root.glob(LISTS[name])
        if not (name.endswith("_help") and file.name.startswith(("bench_", "test_")))
        and str(file.relative_to(root)) not in ELSEWHERE
    }


def compare(root, build):
    """Compare one meson.build: (its text with the lists as they should be, complaints, names seen)."""
    text, wrong, seen = build.read_text(), [], set()
    for match in reversed(list(LIST.finditer(text))):
        name = match[1]
        if name not in LISTS:
            continue
        seen.add(name)
        entries = re.findall(r"'([^']+)'", match[2])
        there = sorted(str(f.relative_to(build.parent)) for f in files_of(root, name))
        wrong += [f"{name} misses {f}" for f in there if f not in entries]
        wrong += [f"{name} names {f}, which is not there" for f in entries if f not in there]
        if set(entries) == set(there) and entries != there:
            wrong.append(f"{name} is not sorted")
        text = text[: match.start(2)] + "".join(f"  '{f}',\n" for f in there) + text[match.end(2) :]
    return text, wrong, seen


def main(root, write):
    wrong, seen, listed = [], set(), set()
    for build in (root / "meson.build", root / "tests/meson.build"):
        text, complaints, names = compare(root, build)
        wrong += complaints
        seen |= names
        if write:
            build.write_text(text)
    for name in LISTS:
        files = files_of(root, name)
        listed |= files
        if files and name not in seen:
            wrong.append(f"no meson.build has a list {name}")
    for folder in ("common", "server", "agent", "cli", "witness", "tests"):
        for file in sorted((root / folder).rglob("*.c")):
            name = str(file.relative_to(root))
            if file not in listed and name not in ELSEWHERE and not name.startswith(STANDING_ALONE):
                wrong.append(f"no list holds {file.relative_to(root)}")
    print("\n".join(wrong) or "the lists name every file")
    return bool(wrong) and not write


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), "--write" in sys.argv))
