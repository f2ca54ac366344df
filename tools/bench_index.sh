#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What it costs to find the best order that serves among a million that do not.
#
#   bench_index.sh [SEED]
set -eu
cd "$(dirname "$0")/.."
exec "${BOURSE_BUILD:-$PWD/build}/tests/bench_index" "$@"
