#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How long a job takes from its submission until its buyer is told that it runs, with a large image that the
# machine has to fetch and with one that it has: beside what the engine alone takes. One line of JSON.
#
#   bench_start.sh [COLD [CACHED [MIB]]]     default: 5 cold starts, 200 with the image there, 640 MiB
#
# The image has five layers, each half noise and half text, in a registry on loopback (Debian's docker-registry).
# A cold start alternates with a pull of the same image by the engine alone, and a cached one, every fourth time,
# with a container that the engine alone makes and starts with the same settings. Ends with 1 when the median cold
# start takes more than 1.2 times the pull, a cached one more than 200 ms longer than the engine alone, or less than
# 99 % of all start.
set -eu
cd "$(dirname "$0")/.."
. tools/need.sh

export LC_ALL=C.UTF-8 PATH=$PATH:/usr/sbin:/sbin PYTHONPATH=$PWD BOURSE_BUILD=${BOURSE_BUILD:-$PWD/build}
need run test registry
exec tools/pg.sh run "$(find_python)" tests/bench/start.py "$@"
