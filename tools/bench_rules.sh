#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The rules alone, in memory and on one core: commands a second beside a sort of the same run.
#
#   bench_rules.sh [COMMANDS [SEED]]
set -eu
cd "$(dirname "$0")/.."
exec "${BOURSE_BUILD:-$PWD/build}/tests/bench_rules" "$@"
