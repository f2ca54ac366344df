#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The public log on a private PostgreSQL: entries appended in a second, bytes of each, time of a proof.
#
#   bench_log.sh [COMMANDS [ENTRIES]]      300000 commands to append, proofs from 10000000 entries
set -eu
cd "$(dirname "$0")/.."
build=${BOURSE_BUILD:-$PWD/build}
tmp=$(mktemp -d /tmp/bourse-bench-log-XXXXXX)
chmod 711 "$tmp"
trap 'tools/pg.sh stop "$tmp/pg" >/dev/null 2>&1 || true; rm -rf "$tmp"' EXIT
db=$(tools/pg.sh start "$tmp/pg")
"$build/tests/bench_log" "$db" "${1:-300000}" "${2:-10000000}"
