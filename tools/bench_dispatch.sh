#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From a bid to its assignment: jobs that come at a fixed rate, to agents that wait for work.
#
#   bench_dispatch.sh [--agents N] [--rate JOBS_PER_SECOND] [--seconds N]     default: 1,000, 500, 10
#
# Prints one line of JSON; tests/bench/dispatch.c says what is measured. The agents are real to the server: each has
# joined with a key of its own, and signs every poll. They run nothing: what a container costs is no part of it.
set -eu
cd "$(dirname "$0")/.."

agents=1000 rate=500 seconds=10
while [ $# -gt 0 ]; do
    case $1 in
    --agents) agents=$2; shift 2 ;;
    --rate) rate=$2; shift 2 ;;
    --seconds) seconds=$2; shift 2 ;;
    *) echo "bench_dispatch.sh [--agents N] [--rate JOBS_PER_SECOND] [--seconds N]" >&2; exit 2 ;;
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
"$bin/tests/bench_dispatch" 127.0.0.1 "$port" $((port + 1)) "$agents" "$rate" "$seconds" "$tmp/keys" || {
    tail -n 5 "$tmp/server.log" >&2
    exit 1
}
