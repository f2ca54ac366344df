#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From a bid to its assignment: jobs that come at a fixed rate, to agents that wait for work.
#
#   bench_dispatch.sh [--agents N] [--rate JOBS_PER_SECOND] [--seconds N] [--slurm] [--rounds N]
#                                                               default: 1,000, 500, 10; 3 rounds
#
# Prints one line of JSON; tests/bench/dispatch.c says what is measured. The agents are real to the server: each has
# joined with a key of its own, and signs every poll. They run nothing: what a container costs is no part of it.
#
# That is measured afterwards, on a market with one real machine (tests/bench/starts.py): from a submission to the
# first instruction of its program, and how many start in a second. --slurm installs Slurm if need be, and has it do
# the same work on the same machine in turn; its figures begin with slurm_. --rounds 0 leaves both out.
set -eu
cd "$(dirname "$0")/.."

agents=1000 rate=500 seconds=10 rounds=3 slurm=()
while [ $# -gt 0 ]; do
    case $1 in
    --agents) agents=$2; shift 2 ;;
    --rate) rate=$2; shift 2 ;;
    --seconds) seconds=$2; shift 2 ;;
    --rounds) rounds=$2; shift 2 ;;
    --slurm) slurm=(--slurm); shift ;;
    *) echo "bench_dispatch.sh [--agents N] [--rate JOBS_PER_SECOND] [--seconds N] [--slurm] [--rounds N]" >&2; exit 2 ;;
    esac
done
BUYERS=8
# shellcheck source=tools/bench_up.sh
. tools/bench_up.sh
need_files $((agents + 1000))
serve --offer-seconds 600 --collar-bps 0
account provider
tokens 0 $((agents - 1))
for i in $(seq 1 "$BUYERS"); do
    account "buyer-$i" 1000000
    echo "$made_key" >>"$tmp/keys"
done
line=$("$bin/tests/bench_dispatch" 127.0.0.1 "$port" $((port + 1)) "$agents" "$rate" "$seconds" "$tmp/keys") || {
    tail -n 5 "$tmp/server.log" >&2
    exit 1
}
if [ "$rounds" = 0 ]; then
    echo "$line"
    exit
fi
finish
trap - EXIT
. tools/need.sh
need run test
[ ${#slurm[@]} -eq 0 ] || need slurm
export LC_ALL=C.UTF-8 PATH=$PATH:/usr/sbin:/sbin PYTHONPATH=$PWD BOURSE_BUILD=$bin
exec tools/pg.sh run "$(find_python)" -m tests.bench.starts "$line" --rounds "$rounds" "${slurm[@]}"
