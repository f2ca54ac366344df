#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A private PostgreSQL below a directory, on a unix socket only; Debian's own cluster is left alone.
#
#   pg.sh start DIR     make it if need be, start it, print its connection string
#   pg.sh stop DIR      stop it; the data stays
#   pg.sh sql CONN SQL  run one statement, print its rows bare
#   pg.sh run CMD…      a throw-away one for the length of CMD, which finds it in $BOURSE_TEST_DB
#
# PostgreSQL refuses to run as root. Root therefore lends it to the user postgres where that user can
# reach DIR, else to a user namespace, else keeps the data in /var/tmp. fsync stays on everywhere.
set -eu

fail() { echo "pg.sh: $*" >&2; exit 1; }

find_bin() {
    local dir
    dir=$(for b in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin; do
        [ -x "$b/initdb" ] && echo "$b"; done | sort -V | tail -n 1)
    if [ -z "$dir" ] && command -v initdb >/dev/null; then dir=$(dirname "$(command -v initdb)"); fi
    [ -n "$dir" ] || fail "no initdb found; install PostgreSQL 15 or newer"
    local version
    version=$("$dir/postgres" --version | grep -oE '[0-9]+' | head -n 1)
    [ "$version" -ge 15 ] || fail "PostgreSQL $version in $dir is too old; 15 or newer is needed"
    echo "$dir"
}

# Ids to appear under in a user namespace: initdb wants to know the user's name.
someone() { id "$1" postgres 2>/dev/null || id "$1" nobody; }

# How to run as someone who is not root: direct, postgres, userns or away; found once, then remembered.
choose_way() {
    local dir=$1
    if [ "$(id -u)" -ne 0 ]; then echo direct
    elif id postgres >/dev/null 2>&1 && setpriv --reuid=postgres --regid=postgres --init-groups test -x "$dir"
    then echo postgres
    elif unshare --user --map-user="$(someone -u)" --map-group="$(someone -g)" true 2>/dev/null; then echo userns
    elif id postgres >/dev/null 2>&1; then echo away
    else fail "root cannot run PostgreSQL here: no user postgres, no user namespaces"; fi
}

as_owner() {
    case $way in
    direct) (cd / && "$@") ;;
    postgres | away)
        (cd / && setpriv --reuid=postgres --regid=postgres --init-groups --inh-caps=-all "$@") ;;
    userns) (cd / && unshare --user --map-user="$(someone -u)" --map-group="$(someone -g)" "$@") ;;
    esac
}

give() { case $way in postgres | away) chown postgres: "$@" ;; esac; }

load() { # the facts of DIR
    dir=$1
    way=$(cat "$dir/way")
    data=$(cat "$dir/where")
    socket=$(cat "$dir/socket" 2>/dev/null || true)
}

make() {
    mkdir -p "$1"
    dir=$(cd "$1" && pwd)
    way=$(choose_way "$dir")
    data=$dir/data
    [ "$way" != away ] || data=$(mktemp -d /var/tmp/bourse-pg.XXXXXX)
    mkdir -p "$data"
    chmod 0700 "$data"
    give "$data"
    as_owner "$bin/initdb" -D "$data" -U postgres -A trust --no-locale -E UTF8 --no-sync \
        --no-instructions >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; fail "initdb failed"; }
    echo "$way" >"$dir/way"
    echo "$data" >"$dir/where"
}

is_up() { [ -n "$socket" ] && "$bin/pg_isready" -q -h "$socket" -U postgres; }

start() {
    if ! [ -f "$1/where" ] || ! [ -f "$(cat "$1/where")/PG_VERSION" ]; then make "$1"; fi
    load "$(cd "$1" && pwd)"
    if ! is_up; then
        case $socket in */bourse-pg.*) rm -rf "$socket" ;; esac # of one that crashed
        # A socket's path may be 107 bytes long, which a deep checkout exceeds.
        socket=$(mktemp -d "${TMPDIR:-/tmp}/bourse-pg.XXXXXX")
        chmod 0700 "$socket"
        give "$socket"
        echo "$socket" >"$dir/socket"
        touch "$dir/log"
        give "$dir/log"
        local try
        # After a crash orphans of the old postmaster hold its shared memory for a second or two.
        for try in $(seq 1 30); do
            as_owner "$bin/pg_ctl" -D "$data" -l "$dir/log" -w -s -t 60 -o "-c listen_addresses='' \
                -c unix_socket_directories=$socket -c unix_socket_permissions=0700 -c jit=off" start \
                >/dev/null 2>&1 && break
            sleep 0.5
        done
        is_up || { tail -n 20 "$dir/log" >&2; fail "PostgreSQL did not start after $try tries"; }
    fi
    echo "host=$socket user=postgres dbname=postgres"
}

stop() {
    [ -f "$1/where" ] || return 0
    load "$(cd "$1" && pwd)"
    as_owner "$bin/pg_ctl" -D "$data" -m fast -w -s stop >/dev/null 2>&1 || true
    case $socket in */bourse-pg.*) rm -rf "$socket" ;; esac
    rm -f "$dir/socket"
}

run() {
    local tmp status=0
    tmp=$(mktemp -d "${TMPDIR:-/tmp}/bourse-db.XXXXXX")
    chmod 0711 "$tmp"
    # shellcheck disable=SC2064 # the path is known now
    trap "stop '$tmp'; rm -rf '$tmp'" EXIT
    BOURSE_TEST_DB=$(start "$tmp")
    export BOURSE_TEST_DB
    "$@" || status=$?
    return "$status"
}

[ $# -ge 2 ] || fail "usage: pg.sh start DIR | stop DIR | sql CONN SQL | run CMD…"
bin=$(find_bin)
verb=$1
shift
case $verb in
start) start "$1" ;;
stop) stop "$1" ;;
sql) "$bin/psql" -X -A -t -q -v ON_ERROR_STOP=1 -d "$1" -c "$2" ;;
run) run "$@" ;;
*) fail "no such verb: $verb" ;;
esac
