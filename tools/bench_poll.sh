#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Agents that wait for work: what each costs the server, how soon they are told, how soon it is noticed that they left.
#
#   bench_poll.sh [--agents N] [--wakes N]     default: 15,000 agents, 300 wakes of one
#
# Prints one line of JSON; tests/bench/poll.c says what is measured. The agents are real to the server: each has joined
# with a key of its own, and signs every poll. Only their tokens are put into the database at once.
set -eu
cd "$(dirname "$0")/.."

agents=15000 wakes=300
while [ $# -gt 0 ]; do
    case $1 in
    --agents) agents=$2; shift 2 ;;
    --wakes) wakes=$2; shift 2 ;;
    *) echo "bench_poll.sh [--agents N] [--wakes N]" >&2; exit 2 ;;
    esac
done
OFFERS_MAX=5000 # of one account; a market takes 10,000 open orders of each
# shellcheck source=tools/bench_up.sh
. tools/bench_up.sh
need_files $((agents + 1000))
serve --offer-seconds 600 --collar-bps 0
providers=$(((agents + OFFERS_MAX - 1) / OFFERS_MAX))
for i in $(seq 1 "$providers"); do
    account "provider-$i"
    tokens $(((i - 1) * OFFERS_MAX)) $((i * OFFERS_MAX - 1))
done
account buyer 1000000

"$bin/tests/bench_poll" 127.0.0.1 "$port" $((port + 1)) $((port + 2)) "$agents" "$wakes" "$made_key" "$server" || {
    tail -n 5 "$tmp/server.log" >&2
    exit 1
}
