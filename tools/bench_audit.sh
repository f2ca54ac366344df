#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How fast the auditor replays and checks a market, and how its memory grows with it: a market by chance, made by
# the server's rules, at a quarter of the size and at the whole. One line of JSON.
#
#   bench_audit.sh [POSTINGS [SEED]]
set -eu
cd "$(dirname "$0")/.."
postings=${1:-100000} seed=${2:-1}
build=${BOURSE_BUILD:-$PWD/build}

if [ -z "${BOURSE_TEST_DB:-}" ]; then exec tools/pg.sh run "$0" "$postings" "$seed"; fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
head -c 32 /dev/zero | tr '\0' '\7' >"$folder/log.key"

# measure POSTINGS NAME: a market of that size, and what check says of its export
measure() {
    local db=audit_bench_$$_$2
    psql -qX -d "$BOURSE_TEST_DB" -c "CREATE DATABASE $db" >&2
    "$build/tests/make_market" "$BOURSE_TEST_DB dbname=$db" "$seed" "$1" >&2
    "$build/bourse-audit" export --db "$BOURSE_TEST_DB dbname=$db" >"$folder/$2.export"
    psql -qX -d "$BOURSE_TEST_DB" -c "DROP DATABASE $db" >&2
    "$build/bourse-audit" check --log-key "$folder/log.key" "$folder/$2.export" >"$folder/$2.told"
}

measure $((postings / 4)) quarter
measure "$postings" whole
python3 - "$folder" <<'END'
import json, os, sys

quarter, whole = (json.load(open(f"{sys.argv[1]}/{name}.told")) for name in ("quarter", "whole"))
print(json.dumps({
    "bench": "audit", "export_bytes": os.path.getsize(f"{sys.argv[1]}/whole.export"),
    "memory_kib_quarter": quarter["memory_kib"], "commands_quarter": quarter["commands"],
    **{name: whole[name] for name in ("commands", "commands_per_s", "memory_kib", "objects_most", "postings",
                                      "receipts", "seconds", "settled", "trades")}}, sort_keys=True))
END
