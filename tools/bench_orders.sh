#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a durable order costs: the market beside a program that commits each order by itself.
#
#   bench_orders.sh [ROUNDS [SECONDS]]     default: 3 rounds of 3 seconds a piece
#
# Prints one line of JSON. Every round measures, in one cluster and one after the other,
#
#   ref    8 pgbench clients, each calling the strict function of tests/bench/orders_ref.sql for one order and commit
#   http   256 HTTP clients that submit jobs to a running server (POST /v1/jobs with a key and an Idempotency-Key)
#   core   submissions in flight through the market thread of one process, without HTTP: 1,024, and 1,536 when slow
#   ref    again
#
# first as the disk is, then with 4 ms added to every fdatasync of PostgreSQL (tests/bench/slow_sync.c, preloaded).
# Each kind of disk has a server and a core of its own, started on that disk, as they measure it when they start.
# A ratio is orders per second ÷ the mean of the two refs around it; the median of the rounds is told, and the range.
# A round more, the first, warms up and is not counted.
set -eu
cd "$(dirname "$0")/.."

rounds=${1:-3}
seconds=${2:-3}
bin=${BOURSE_BUILD:-$PWD/build}
ACCOUNTS=256
CLIENTS=256
IN_FLIGHT=1024      # on the disk as it is: enough for full groups of 256 while one is worked on
IN_FLIGHT_SLOW=1536 # on the slow one: six groups of 256 on their way
SLOW_US=4000
tmp=$(mktemp -d "${TMPDIR:-/tmp}/bourse-orders.XXXXXX")
chmod 0711 "$tmp"
started=()

say() { echo "bench_orders: $*" >&2; }

# shellcheck disable=SC2317 # called by the trap
finish() {
    [ ${#started[@]} -eq 0 ] || { kill "${started[@]}" 2>/dev/null || true; wait "${started[@]}" 2>/dev/null || true; }
    tools/pg.sh stop "$tmp/pg" || true
    rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM

# ---- a cluster as a market would run it, with the shim in front of its fdatasync ------------------

cp "$bin/tests/libslow_sync.so" "$tmp/slow_sync.so"
chmod 0755 "$tmp/slow_sync.so"
head -c 8 /dev/zero >"$tmp/delay"
chmod 0644 "$tmp/delay"
delay() { # microseconds, native byte order, in place
    python3 -c 'import struct, sys; open(sys.argv[1], "r+b").write(struct.pack("=q", int(sys.argv[2])))' "$tmp/delay" "$1"
}
start_pg() { LD_PRELOAD=$tmp/slow_sync.so SLOW_SYNC_PAGE=$tmp/delay tools/pg.sh start "$tmp/pg"; }
db=$(start_pg)
pgbench=$(dirname "$(find /usr/lib/postgresql -name pgbench -path '*/bin/*' | sort -V | tail -n 1)")/pgbench
psql=${pgbench%/*}/psql
sql() { "$psql" -X -A -t -q -v ON_ERROR_STOP=1 -d "$1" -c "$2"; }
for setting in "shared_buffers = '512MB'" "max_wal_size = '4GB'" "min_wal_size = '4GB'" "checkpoint_timeout = '30min'"; do
    sql "$db" "ALTER SYSTEM SET $setting"
done
tools/pg.sh stop "$tmp/pg"
db=$(start_pg)
# Segments of the log as a server has them that has run for a while: recycled, not to be made first.
# As many as all rounds fill: else the later ones would also pay for making segments, which a checkpoint saves elsewhere.
sql "$db" "SELECT count(*) FROM (SELECT pg_logical_emit_message(false, '', 'x'), pg_switch_wal() FROM generate_series(1, 240)) x" >/dev/null
sql "$db" CHECKPOINT

for name in market market_slow core core_slow reference; do sql "$db" "CREATE DATABASE $name"; done
on() { echo "${db/dbname=postgres/dbname=$1}"; }
"$psql" -X -q -v ON_ERROR_STOP=1 -d "$(on reference)" -f tests/bench/orders_ref.sql
install -m 0644 tests/bench/orders_ref.pgbench "$tmp/ref.pgbench"

# ---- markets with accounts, for each kind of disk one --------------------------------------------

port=$((20000 + RANDOM % 10000))
declare -A api rounds_of
serve() { # NAME: a server on the database of that name; what it measures of the disk now is what it goes by
    local name=$1
    "$bin/bourse-server" init --state "$tmp/$name" --db "$(on "$name")" >"$tmp/$name.init" 2>&1
    # shellcheck disable=SC2086 # words
    "$bin/bourse-server" run --state "$tmp/$name" --db "$(on "$name")" --listen "127.0.0.1:$port" \
        --agent-listen "127.0.0.1:$((port + 1))" --metrics-listen "127.0.0.1:$((port + 2))" \
        --static-dir static --openapi openapi.yaml \
        --orders-per-second 1000000 --requests-per-second 1000000 ${SERVER_OPTIONS:-} >"$tmp/$name.log" 2>&1 &
    started+=($!)
    api[$name]=$port
    for _ in $(seq 1 200); do curl -sf -o /dev/null "http://127.0.0.1:$port/readyz" && break; sleep 0.1; done
    port=$((port + 3))
}
core() { # NAME IN_FLIGHT
    local fd
    mkfifo "$tmp/$1.in"
    "$bin/tests/bench_orders_core" "$(on "$1")" "$2" 1024 <"$tmp/$1.in" >"$tmp/$1.out" 2>"$tmp/$1.log" &
    started+=($!)
    exec {fd}>"$tmp/$1.in"
    rounds_of[$1]=$fd
    for _ in $(seq 1 600); do grep -q ready "$tmp/$1.out" && return; sleep 0.1; done
    cat "$tmp/$1.log" >&2
    exit 1
}
serve market
core core "$IN_FLIGHT"
delay "$SLOW_US"
serve market_slow
core core_slow "$IN_FLIGHT_SLOW"
delay 0
for name in market market_slow core core_slow; do say "$name: $(grep -o '"market.flush".*' "$tmp/$name.log" | head -n 1)"; done

say "opening $ACCOUNTS accounts in each market"
export bin tmp
for name in market market_slow; do
    conninfo=$(on "$name")
    export name conninfo
    # shellcheck disable=SC2016 # expanded by the shell that xargs starts
    seq 1 "$ACCOUNTS" | xargs -P 8 -I{} sh -c '
        made=$("$bin/bourse-server" account create --state "$tmp/$name" --db "$conninfo" --name "bench-{}")
        account=$(echo "$made" | grep -oE "acct_[a-z0-9]+" | head -n 1)
        "$bin/bourse-server" account credit --state "$tmp/$name" --db "$conninfo" "$account" 1000000 >/dev/null
        echo "$made" | grep -oE "brs_live_[A-Za-z0-9_-]+" | head -n 1 >"$tmp/$name.key.{}"'
    cat "$tmp/$name".key.* >"$tmp/$name.keys"
    [ "$(wc -l <"$tmp/$name.keys")" -eq "$ACCOUNTS" ] || { say "not all accounts could be opened"; exit 1; }
done

# ---- rounds --------------------------------------------------------------------------------------

backend_of() { # NAME: the process of PostgreSQL that the market thread writes through
    sql "$db" "SELECT pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database
               WHERE locktype = 'advisory' AND objid = 723910584 AND datname = '$1' LIMIT 1"
}
cpu_ns() { cut -d ' ' -f 1 "/proc/$1/schedstat"; }
wal() { sql "$db" "SELECT pg_current_wal_insert_lsn() - '0/0'"; }
field() { sed -n "s/.*\"$1\":\\([0-9.]*\\).*/\\1/p" <<<"$2"; }
ref() {
    "$pgbench" -n -M prepared -f "$tmp/ref.pgbench" -D "spec=$(cat tests/bench/orders_ref.json)" -c 8 -j 2 -T "$1" "$(on reference)" 2>/dev/null |
        sed -n 's/^tps = \([0-9.]*\).*/\1/p' | head -n 1
}
in_core() { # NAME
    local lines
    lines=$(wc -l <"$tmp/$1.out")
    echo "$seconds" >&"${rounds_of[$1]}"
    while [ "$(wc -l <"$tmp/$1.out")" -le "$lines" ]; do sleep 0.05; done
    tail -n 1 "$tmp/$1.out"
}

# round MODE SUFFIX: a line "MODE ref ref http core p50 p99 cpu_us wal_bytes max core_p99" for what comes last.
round() {
    local r1 r2 http c cpu0 cpu1 wal0 wal1 orders backend market=market$2
    backend=$(backend_of "$market")
    r1=$(ref "$seconds")
    cpu0=$(cpu_ns "$backend") wal0=$(wal)
    http=$("$bin/tests/bench_orders_http" 127.0.0.1 "${api[$market]}" "$CLIENTS" "$seconds" "$tmp/$market.keys") || {
        say "not every order was taken: $http"
        tail -n 5 "$tmp/$market.log" >&2
        exit 1
    }
    cpu1=$(cpu_ns "$backend") wal1=$(wal)
    c=$(in_core "core$2")
    r2=$(ref "$seconds")
    orders=$(field orders "$http")
    say "$1 ref $r1 $r2"
    say "$http"
    say "$c"
    echo "$1 $r1 $r2 $(field orders_per_second "$http") $(field orders_per_second "$c") $(field p50_ms "$http")" \
        "$(field p99_ms "$http") $(((cpu1 - cpu0) / 10 / orders)) $(((wal1 - wal0) / orders)) $(field max_ms "$http")" \
        "$(field p99_ms "$c")" >>"$tmp/figures"
}

for i in $(seq 0 "$rounds"); do
    [ "$i" -ne 1 ] || : >"$tmp/figures" # the first was for warmth
    delay 0
    round native ''
    delay "$SLOW_US"
    round slow _slow
done
delay 0

python3 - "$tmp/figures" "$rounds" "$seconds" <<'END'
import json, statistics, sys

rows = [line.split() for line in open(sys.argv[1])]
def of(mode, pick):
    return [pick([float(x) for x in row[1:]]) for row in rows if row[0] == mode]
def ratio(column):
    return lambda r: r[column] / ((r[0] + r[1]) / 2)
def told(values, digits=2):
    return round(statistics.median(values), digits)
def span(values, digits=2):
    return [round(min(values), digits), round(max(values), digits)]

out = {"bench": "orders", "rounds": int(sys.argv[2]), "seconds": int(sys.argv[3])}
for name, mode, column in (("ratio", "native", 2), ("ratio_slow", "slow", 2),
                           ("ratio_core", "native", 3), ("ratio_core_slow", "slow", 3)):
    values = of(mode, ratio(column))
    out[name], out[name + "_range"] = told(values), span(values)
for mode, tail in (("native", ""), ("slow", "_slow")):
    out["orders_per_second" + tail] = told(of(mode, lambda r: r[2]), 0)
    out["core_per_second" + tail] = told(of(mode, lambda r: r[3]), 0)
    out["ref_per_second" + tail] = told(of(mode, lambda r: (r[0] + r[1]) / 2), 0)
    out["p50_ms" + tail] = told(of(mode, lambda r: r[4]))
    out["p99_ms" + tail] = told(of(mode, lambda r: r[5]))
    out["max_ms" + tail] = told(of(mode, lambda r: r[8]))
out["cpu_us_per_order"] = told(of("native", lambda r: r[6] / 100), 1)
out["wal_bytes_per_order"] = told(of("native", lambda r: r[7]), 0)
print(json.dumps(out))
END
