#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How much work is done twice when machines vanish and jobs are displaced. One line of JSON; some eight minutes.
#
#   bench_soak.sh [--jobs N] [--machines N] [--seed N]     default: 100 jobs, 7 machines
#
# tests/faults/soak.py says what is measured.
set -eu
cd "$(dirname "$0")/.."
. tools/need.sh

export LC_ALL=C.UTF-8 PATH=$PATH:/usr/sbin:/sbin PYTHONPATH=$PWD BOURSE_BUILD=${BOURSE_BUILD:-$PWD/build}
need run test
exec tools/pg.sh run "$(find_python)" -m tests.faults.soak "$@"
