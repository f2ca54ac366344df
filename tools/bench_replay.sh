#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How fast a log is replayed, and what of that time is the rules' own; the log is kept in FILE.
#
#   bench_replay.sh [COMMANDS [SEED [FILE]]]
set -eu
cd "$(dirname "$0")/.."
exec "${BOURSE_BUILD:-$PWD/build}/tests/bench_replay" "$@"
