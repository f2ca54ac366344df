#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Durable submissions of jobs over HTTP by few and by many clients, each beside a
# reference of the same run. One line of JSON for each measurement, and one with the ratios.
#
#   bench_jobs.sh [SECONDS [CLIENTS…]]     default: 5 seconds each with 1, 16 and 128 clients
#
# The reference for submissions is pgbench with as many clients, 64 at most, each inserting one row per transaction
# into the same PostgreSQL: what a program that commits one by one would reach.
set -eu
cd "$(dirname "$0")/.."

seconds=${1:-5}
shift || true
[ $# -gt 0 ] || set -- 1 16 128
bin=${BOURSE_BUILD:-$PWD/build}
ACCOUNTS=128
tmp=$(mktemp -d "${TMPDIR:-/tmp}/bourse-bench.XXXXXX")
chmod 0711 "$tmp"
server=''

# shellcheck disable=SC2317 # called by the trap
finish() {
    [ -z "$server" ] || { kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }
    tools/pg.sh stop "$tmp/pg" || true
    rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM

db=$(tools/pg.sh start "$tmp/pg")
pgbench=$(dirname "$(find /usr/lib/postgresql -name pgbench -path '*/bin/*' | sort -V | tail -n 1)")/pgbench
psql=${pgbench%/*}/psql
port=$((20000 + RANDOM % 20000))
url=http://127.0.0.1:$port
"$psql" -q "$db" -c 'CREATE DATABASE bourse' -c 'CREATE DATABASE reference'
market=${db/dbname=postgres/dbname=bourse} reference=${db/dbname=postgres/dbname=reference}
"$bin/bourse-server" init --state "$tmp/server" --db "$market" >"$tmp/init.log" 2>&1
"$bin/bourse-server" run --state "$tmp/server" --db "$market" --listen "127.0.0.1:$port" \
    --agent-listen "127.0.0.1:$((port + 1))" --metrics-listen "127.0.0.1:$((port + 2))" --public-url "$url" \
    --static-dir static --openapi openapi.yaml --orders-per-second 1000000 --requests-per-second 1000000 \
    >"$tmp/server.log" 2>&1 &
server=$!
for _ in $(seq 1 100); do curl -sf -o /dev/null "$url/readyz" && break; sleep 0.1; done

# An account may have 10,000 open bids, so the jobs are spread over several.
keys=()
for i in $(seq 1 "$ACCOUNTS"); do
    made=$("$bin/bourse-server" account create --state "$tmp/server" --db "$market" --name "bench-$i")
    account=$(grep -oE 'acct_[a-z0-9]+' <<<"$made" | head -n 1)
    keys+=("$(grep -oE 'brs_live_[A-Za-z0-9_-]+' <<<"$made" | head -n 1)")
    "$bin/bourse-server" account credit --state "$tmp/server" --db "$market" "$account" 1000000 >/dev/null
done
"$psql" -q "$reference" -c 'CREATE TABLE jobs (id bigserial PRIMARY KEY, at timestamptz DEFAULT now(), body bytea)'
echo "INSERT INTO jobs (body) VALUES (decode(repeat('ab', 300), 'hex'));" >"$tmp/insert.sql"
chmod 0644 "$tmp/insert.sql"

for clients in "$@"; do
    line=$("$bin/tests/bench_load" "$url" "$clients" "$seconds" "${keys[@]}")
    echo "$line"
    rows=$("$pgbench" -n -f "$tmp/insert.sql" -c "$((clients < 64 ? clients : 64))" -j 2 -T "$seconds" "$reference" 2>/dev/null |
        sed -n 's/^tps = \([0-9.]*\).*/\1/p' | head -n 1)
    jobs=$(sed -n 's/.*"jobs_per_second":\([0-9.]*\).*/\1/p' <<<"$line")
    awk -v c="$clients" -v j="$jobs" -v r="${rows:-0}" 'BEGIN {
        printf "{\"bench\":\"ratio\",\"clients\":%d,\"jobs_per_second\":%.1f,\"inserts_per_second\":%.1f,\"ratio\":%.2f}\n",
            c, j, r, (r > 0 ? j / r : 0) }'
done
