# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# A market for a measurement, to be sourced: a cluster, a server on it, accounts, join tokens. All of it ends with the
# script. Sets bin, tmp, port (the API's; agents one above, metrics two), server (its process), started.

bin=${BOURSE_BUILD:-$PWD/build}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/bourse-bench.XXXXXX")
chmod 0711 "$tmp"
port=$((20000 + RANDOM % 10000))
server=''
started=()

say() { echo "${0##*/}: $*" >&2; }

# shellcheck disable=SC2317 # called by the trap
finish() {
    [ ${#started[@]} -eq 0 ] || { kill "${started[@]}" 2>/dev/null || true; wait "${started[@]}" 2>/dev/null || true; }
    tools/pg.sh stop "$tmp/pg" || true
    rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM

need_files() { # N: of open files, for a program of ours
    [ "$(ulimit -S -n)" -ge "$1" ] || ulimit -S -n "$1" 2>/dev/null || { say "$1 open files are needed"; exit 1; }
}

db=$(tools/pg.sh start "$tmp/pg")
psql=$(dirname "$(find /usr/lib/postgresql -name pgbench -path '*/bin/*' | sort -V | tail -n 1)")/psql
"$psql" -X -q -d "$db" -c 'CREATE DATABASE bourse'
market=${db/dbname=postgres/dbname=bourse}
"$bin/bourse-server" init --state "$tmp/server" --db "$market" >"$tmp/init.log" 2>&1

serve() { # OPTION…
    "$bin/bourse-server" run --state "$tmp/server" --db "$market" --listen "127.0.0.1:$port" \
        --agent-listen "127.0.0.1:$((port + 1))" --metrics-listen "127.0.0.1:$((port + 2))" \
        --static-dir static --openapi openapi.yaml --orders-per-second 1000000 --requests-per-second 1000000 \
        "$@" >"$tmp/server.log" 2>&1 &
    server=$!
    started+=("$server")
    for _ in $(seq 1 200); do curl -sf -o /dev/null "http://127.0.0.1:$port/readyz" && return; sleep 0.1; done
    tail -n 5 "$tmp/server.log" >&2
    exit 1
}

account() { # NAME [DOLLARS]: sets made_account and made_key
    local made
    made=$("$bin/bourse-server" account create --state "$tmp/server" --db "$market" --name "$1")
    made_account=$(grep -oE 'acct_[a-z0-9]+' <<<"$made" | head -n 1)
    # shellcheck disable=SC2034 # for the script
    made_key=$(grep -oE 'brs_live_[A-Za-z0-9_-]+' <<<"$made" | head -n 1)
    [ -z "${2:-}" ] || "$bin/bourse-server" account credit --state "$tmp/server" --db "$market" "$made_account" "$2" >/dev/null
}

# tokens FIRST LAST: for the newest account, "bench-FIRST" to "bench-LAST".
tokens() {
    "$psql" -X -q -v ON_ERROR_STOP=1 -d "$market" -c "INSERT INTO join_tokens (hash, account, name, expires_at)
        SELECT sha256(convert_to('bench-' || i, 'UTF8')), (SELECT max(account) FROM accounts), 'bench', now() + '1 day'
        FROM generate_series($1, $2) i"
}
