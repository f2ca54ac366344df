#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Measurements, each a script of its own: bench_NAME.sh. Lines of JSON on the standard output.
#
#   bench.sh              all of them, one after the other; 1 if one of them failed or missed its target
#   bench.sh NAME ARG…    one of them; what it takes stands at its top
set -eu
cd "$(dirname "$0")/.."

if [ $# -gt 0 ]; then
    name=$1
    shift
    [ -x "tools/bench_$name.sh" ] || {
        echo "bench.sh: no measurement of that name; there are:" tools/bench_*.sh >&2
        exit 2
    }
    exec "tools/bench_$name.sh" "$@"
fi
status=0
for script in tools/bench_*.sh; do
    "$script" || {
        echo "bench.sh: $script ended with $?" >&2
        status=1
    }
done
exit "$status"
