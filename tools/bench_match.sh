#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A stream of orders through the book, and one line of JSON: how fast, and a hash of all trades, by which
# it is compared with other engines on the same file.
#
#   bench_match.sh                        the stream that gen_orders writes by default
#   bench_match.sh FILE                   lines `A id side price qty` and `C id`
#   bench_match.sh --stream [ARGUMENT…]   the same with a stream that gen_orders writes (see its head)
#   bench_match.sh --check TESTS          small streams whose trades were found by looking at every order
#
# TESTS is the folder with the two programs, build/tests by default.
set -eu
cd "$(dirname "$0")/.."

tmp=$(mktemp -d "${TMPDIR:-/tmp}/bourse-match.XXXXXX")
trap 'rm -rf "$tmp"' EXIT

# stream ARGUMENT…: through the book.
stream() {
    "$tests/gen_orders" "$@" >"$tmp/stream"
    "$tests/bench_match" "$tmp/stream"
}

# check HASH ARGUMENT…: the trades of that stream.
check() {
    local want=$1 got
    shift
    got=$(stream "$@")
    case $got in
    *"\"tradehash\":\"$want\""*) echo "ok gen_orders $*" ;;
    *)
        echo "gen_orders $*: $want is expected, not $got" >&2
        exit 1
        ;;
    esac
}

tests=build/tests
case ${1:-} in
--check)
    tests=$2
    check b0649ce25ab0e6cb 20000 1
    check b3597680f55c2ac9 20000 2 5 30 60
    check c7492542ae9b5456 20000 3 2000 10 5 2000 1
    check 52224fbd3214ad69 10000 4 1 50 50
    ;;
--stream)
    shift
    stream "$@"
    ;;
'') stream ;;
-*)
    echo "usage: bench_match.sh [FILE | --stream [ARGUMENT…] | --check TESTS]" >&2
    exit 2
    ;;
*) "$tests/bench_match" "$1" ;;
esac
