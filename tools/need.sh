# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the jobs of ./dev need, and how it is installed on Debian. Sourced by dev.
#
# A row is: package, then what shows that it is here: cmd:NAME, pc:MODULE (pkg-config), py:MODULE,
# file:PATTERN, or engine (any container engine that answers, or podman with runc).

declare -A NEED
NEED[build]="
gcc cmd:cc
libc6-dev file:/usr/include/stdio.h
meson cmd:meson
ninja-build cmd:ninja
pkg-config cmd:pkg-config
python3 cmd:python3
libmicrohttpd-dev pc:libmicrohttpd
libpq-dev pc:libpq
libjansson-dev pc:jansson
libjwt-dev pc:libjwt
libssl-dev pc:openssl
libcurl4-openssl-dev pc:libcurl
"
NEED[run]="
postgresql file:/usr/lib/postgresql/*/bin/initdb
ca-certificates file:/etc/ssl/certs/ca-certificates.crt
curl cmd:curl
openssl cmd:openssl
util-linux cmd:setpriv
procps cmd:ps
podman engine
runc engine
netavark engine
uidmap engine
nftables cmd:nft
iproute2 cmd:ip
e2fsprogs cmd:mke2fs
"
NEED[test]="
clang cmd:clang
libclang-rt-dev file:/usr/lib/llvm-*/lib/clang/*/lib/*/libclang_rt.fuzzer*
clang-format cmd:clang-format
clang-tidy cmd:clang-tidy
llvm cmd:llvm-symbolizer
git cmd:git
patch cmd:patch
codespell cmd:codespell
shellcheck cmd:shellcheck
python3-pytest py:pytest
python3-jsonschema py:jsonschema
python3-yaml py:yaml
python3-cryptography py:cryptography
"

NEED[registry]="
docker-registry cmd:docker-registry
"
NEED[slurm]="
slurmctld cmd:slurmctld
slurmd cmd:slurmd
slurm-client cmd:sbatch
munge cmd:munged
"
NEED[s3]="
python3-pip py:pip
"

say() { echo "dev: $*" >&2; }

# The Python that has the modules of the tests: the first in PATH, else the system's.
find_python() {
    local python
    for python in python3 /usr/bin/python3; do
        if command -v "$python" >/dev/null && "$python" -c 'import pytest, jsonschema, yaml, cryptography' 2>/dev/null
        then command -v "$python"; return 0; fi
    done
    command -v /usr/bin/python3 || command -v python3 || echo python3
}

engine_is_here() {
    { command -v podman && { command -v runc || [ -x /usr/sbin/runc ]; }; } >/dev/null ||
        { command -v docker && docker info; } >/dev/null 2>&1
}

is_here() {
    local pattern=${1#*:}
    case $1 in
    cmd:*) PATH=$PATH:/usr/sbin:/sbin command -v "$pattern" >/dev/null ;;
    pc:*) command -v pkg-config >/dev/null && pkg-config --exists "$pattern" ;;
    py:*) "$(find_python)" -c "import $pattern" 2>/dev/null ;;
    file:*) compgen -G "$pattern" >/dev/null ;;
    engine) engine_is_here ;;
    esac
}

missing() { # packages of the named groups that are not here
    local group package probe
    for group in "$@"; do
        while read -r package probe; do
            if [ -n "$package" ] && ! is_here "$probe"; then echo "$package"; fi
        done <<<"${NEED[$group]}"
    done
}

# Install what the groups need, or say what is needed and stop. Does nothing when all is here.
need() {
    local packages root=()
    mapfile -t packages < <(missing "$@")
    [ ${#packages[@]} -gt 0 ] || return 0
    if ! command -v apt-get >/dev/null; then
        say "this needs what Debian calls: ${packages[*]}"
        say "(a C17 compiler, meson, ninja, PostgreSQL 15 or newer, Docker or Podman, and the libraries)"
        exit 2
    fi
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            say "run as root: apt-get install --no-install-recommends ${packages[*]}"
            exit 2
        fi
        root=(sudo)
    fi
    say "installing ${packages[*]}"
    local apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o Acquire::Retries=3)
    "${apt[@]}" update >&2 || say "apt-get update failed; trying with the lists that are here"
    local log
    log=$(mktemp)
    "${apt[@]}" install -y --no-install-recommends "${packages[@]}" >"$log" 2>&1 || {
        cat "$log" >&2
        say "apt-get could not install: ${packages[*]}"
        exit 2
    }
    rm -f "$log"
    mapfile -t packages < <(missing "$@")
    [ ${#packages[@]} -eq 0 ] || { say "still missing after the installation: ${packages[*]}"; exit 2; }
}
