#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How long a server takes to have the market in memory again.
#
#   bench_rebuild.sh [ORDERS [OVER]]     default: 1,000,000 that rest, 1,000,000 that are over
#
# Fills a database with jobs that rest, as the market thread would have left them (tests/bench/rebuild.sql), and
# with jobs that are over, so that there is a history which must not be read. Then starts a server three times, and each time lets psql COPY the resting bids
# to /dev/null. Prints one line of JSON: `ratio` is the median of rebuild ÷ COPY of the same round. The rebuild has
# everything in it, also the keys of the requests of the last days, which the COPY has not.
set -eu
cd "$(dirname "$0")/.."

orders=${1:-1000000}
over=${2:-1000000}
bin=${BOURSE_BUILD:-$PWD/build}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/bourse-rebuild.XXXXXX")
chmod 0711 "$tmp"
server=''

say() { echo "bench_rebuild: $*" >&2; }

# shellcheck disable=SC2317 # called by the trap
finish() {
    [ -z "$server" ] || { kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }
    tools/pg.sh stop "$tmp/pg" || true
    rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM

psql=$(find /usr/lib/postgresql -name psql -path '*/bin/*' | sort -V | tail -n 1)
sql() { "$psql" -X -A -t -q -v ON_ERROR_STOP=1 -d "$1" -c "$2"; }
db=$(tools/pg.sh start "$tmp/pg")
for setting in "shared_buffers = '512MB'" "max_wal_size = '4GB'"; do sql "$db" "ALTER SYSTEM SET $setting"; done
tools/pg.sh stop "$tmp/pg"
db=$(tools/pg.sh start "$tmp/pg")
sql "$db" 'CREATE DATABASE market'
market=${db/dbname=postgres/dbname=market}
"$bin/bourse-server" init --state "$tmp/server" --db "$market" >"$tmp/init.log" 2>&1

say "filling: $orders jobs that rest, $over that are over"
"$psql" -X -q -v ON_ERROR_STOP=1 -v orders="$orders" -v over="$over" -d "$market" -f tests/bench/rebuild.sql
sql "$market" 'VACUUM ANALYZE'
sql "$market" CHECKPOINT

port=$((20000 + RANDOM % 10000))
: >"$tmp/figures"
for round in 1 2 3; do
    "$bin/bourse-server" run --state "$tmp/server" --db "$market" --listen "127.0.0.1:$port" \
        --agent-listen "127.0.0.1:$((port + 1))" --metrics-listen "127.0.0.1:$((port + 2))" \
        --static-dir static --openapi openapi.yaml \
        --orders-per-second 1000000 --requests-per-second 1000000 2>"$tmp/server.log" &
    server=$!
    for _ in $(seq 1 1200); do grep -q market.ready "$tmp/server.log" && break; sleep 0.05; done
    grep -q market.ready "$tmp/server.log" || { cat "$tmp/server.log" >&2; exit 1; }
    rss=$(awk '/VmRSS/ { print $2 }' "/proc/$server/status")
    kill "$server"
    wait "$server" || true
    server=''
    market_us=$(sed -n 's/.*"market_us":\([0-9]*\).*/\1/p' "$tmp/server.log" | head -n 1)
    read_us=$(sed -n 's/.*"read_us":\([0-9]*\).*/\1/p' "$tmp/server.log" | head -n 1)
    keys_us=$(sed -n 's/.*"keys_us":\([0-9]*\).*/\1/p' "$tmp/server.log" | head -n 1)
    all_us=$(sed -n 's/.*"market.loaded","us":\([0-9]*\).*/\1/p' "$tmp/server.log" | head -n 1)
    began=$(date +%s%N)
    "$psql" -X -q -d "$market" -c 'COPY (SELECT * FROM bids WHERE state = 1) TO STDOUT' >/dev/null
    copy_us=$((($(date +%s%N) - began) / 1000))
    say "round $round: all $all_us us, market $market_us us (reading $read_us us), keys $keys_us us, copy $copy_us us, $rss kB"
    echo "$market_us $keys_us $copy_us $rss $read_us $all_us" >>"$tmp/figures"
done
python3 - "$tmp/figures" "$(sql "$market" 'SELECT count(*) FROM bids WHERE state = 1')" "$over" <<'END'
import json, statistics, sys

rows = [[int(x) for x in line.split()] for line in open(sys.argv[1])]
ratios = [row[5] / row[2] for row in rows]
print(json.dumps({
    "bench": "rebuild", "orders": int(sys.argv[2]), "over": int(sys.argv[3]),
    **{name: round(statistics.median(row[column] for row in rows) / 1e6, 2) for name, column in
       (("rebuild_s", 5), ("market_s", 0), ("read_s", 4), ("keys_s", 1), ("copy_s", 2))},
    "ratio": round(statistics.median(ratios), 2), "ratio_range": [round(min(ratios), 2), round(max(ratios), 2)],
    "memory_bytes": statistics.median(row[3] for row in rows) * 1024,
}))
END
