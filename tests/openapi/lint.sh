#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Check openapi.yaml with Redocly CLI from the pinned lock file, and that static/openapi.json says the same.
#   tests/openapi/lint.sh            check
#   tests/openapi/lint.sh --write    check, and write static/openapi.json anew
# WEB_TOOLS names another folder that holds tools/web's node_modules.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
tools=${WEB_TOOLS:-$root/tools/web}
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true

if [ ! -x "$tools/node_modules/.bin/redocly" ]; then
    (cd "$tools" && npm ci --ignore-scripts --no-audit --no-fund)
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$tools/node_modules/.bin/redocly" lint --config "$here/redocly.yaml" "$root/openapi.yaml"
"$tools/node_modules/.bin/redocly" bundle --config "$here/redocly.yaml" "$root/openapi.yaml" \
    --output "$scratch/openapi.json" 2>"$scratch/said" || { cat "$scratch/said" >&2; exit 1; }

if [ "${1:-}" = --write ]; then
    cp "$scratch/openapi.json" "$root/static/openapi.json"
elif ! cmp -s "$scratch/openapi.json" "$root/static/openapi.json"; then
    echo "static/openapi.json is not openapi.yaml; run tests/openapi/lint.sh --write" >&2
    exit 1
fi
