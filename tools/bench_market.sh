#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How good the market is, not how fast: traders in a simulator on the real rules. Readable tables on
# stderr, one line of JSON for each part on stdout. docs/auction.md explains the parts.
#
#   bench_market.sh [--quick] [--http [MARKETS [SCHEDULE…]]]
#
# --quick takes a twentieth of the markets and days. --http holds sessions on a real server (20 markets of each
# schedule) and does nothing else. Exits with 1 when a part misses its target.
set -eu
cd "$(dirname "$0")/.."

# shellcheck source=tools/need.sh
. tools/need.sh

bin=$PWD/build/tests
status=0

if [ "${1:-}" = --http ]; then
    shift
    BOURSE_BUILD=$PWD/build PYTHONPATH=$PWD PYTHONDONTWRITEBYTECODE=1 \
        exec tools/pg.sh run "$(find_python)" -m tests.sim.over_http "$@"
fi

markets=2000 days=200 plants=10 small=400
if [ "${1:-}" = --quick ]; then markets=100 days=10 plants=1 small=20; fi
"$bin/bench_auction" "$markets" || status=1
"$bin/bench_exploits" "$days" || status=1
"$bin/bench_welfare" "$plants" "$small" || status=1
exit "$status"
