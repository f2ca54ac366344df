#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The checks that need a tool of the system, one verb each. Exit 77: the tool is not here.
#
#   lint.sh format [--write] | tidy BUILD [FILE…] | spelling | shell | python
set -eu
cd "$(dirname "$0")/.."

need() { command -v "$1" >/dev/null || { echo "skipped: there is no $1"; exit 77; }; }

# Files of ours by name: what git tracks or would track; without git whatever lies there.
ours() {
    if git rev-parse --git-dir >/dev/null 2>&1; then
        git ls-files --cached --others --exclude-standard -- "$@" | while read -r f; do
            if [ -f "$f" ]; then echo "$f"; fi
        done
    else
        local pattern
        for pattern in "$@"; do
            find . -name "${pattern##*/}" -type f -not -path './build*' -not -path './var/*' \
                -not -path '*/node_modules/*' | sed 's|^\./||'
        done
    fi | grep -vE '(^|/)vendor/|^examples/' | sort -u
}

case ${1:-} in
format) # another version of clang-format breaks lines elsewhere, so only one is asked
    need clang-format
    clang-format --version | grep -q 'version 14\.' ||
        { echo "skipped: the tree is formatted with clang-format 14, here is $(clang-format --version)"; exit 77; }
    if [ "${2:-}" = --write ]; then
        ours '*.c' '*.h' | xargs clang-format -i
    else
        ours '*.c' '*.h' | xargs clang-format --dry-run --Werror
        echo "every file is formatted"
    fi
    ;;
tidy) # one process a file: clang-tidy 14 mixes up va_lists of several files
    need clang-tidy
    build=$2
    shift 2
    [ $# -gt 0 ] || mapfile -t files < <(ours '*.c' | grep -E '^(common|server|agent|cli|witness)/|^audit/(check/|rows/|[a-z]+\.c)')
    [ $# -eq 0 ] || files=("$@")
    # shellcheck disable=SC2016 # expanded by the shell of each file
    printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -n 1 sh -c '
        out=$(clang-tidy -p "$0" --quiet --extra-arg=-Wno-unknown-warning-option "$1" 2>&1); status=$?
        printf "%s\n" "$out" | grep -vE "^[0-9]+ warnings? generated|^Suppressed|^Use -header|^$" || true
        exit $status' "$build"
    echo "${#files[@]} files looked at"
    ;;
spelling)
    need codespell
    ours '*' | grep -E '\.(c|h|md|py|sh|sql|yaml|html|mjs|css|def|build)$|^dev$|^Dockerfile$' |
        grep -vE '^docs/dependencies\.md$' | xargs codespell --ignore-words-list=fo,nd,ans,statics,inflight,kno,nubmer
    echo "no misspelt word"
    ;;
shell)
    need shellcheck
    { ours '*.sh'; echo dev; echo .ci/run; } | xargs shellcheck -x
    echo "shellcheck is content"
    ;;
python)
    ours '*.py' | xargs "${PYTHON:-python3}" -c '
import sys
for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as file:
        compile(file.read(), name, "exec")
print(len(sys.argv) - 1, "Python files compile")'
    ;;
*)
    sed -n '3,7p' "$0"
    exit 2
    ;;
esac
