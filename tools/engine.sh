#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A container engine for agents: the one that is there, else a private Podman below a directory.
#
#   engine.sh start DIR [--private]   print the path of a socket that speaks the Docker API
#   engine.sh stop DIR                end what start began in DIR, and nothing else
#   engine.sh run CMD…                a throw-away private one for CMD, in $BOURSE_TEST_ENGINE; where none
#                                     can be started CMD runs without
#   engine.sh run --cdi CMD…          the same where /etc/cdi is an empty folder of its own, named by
#                                     $BOURSE_TEST_CDI, so that CMD may say there which devices there are
#
# What is there: $DOCKER_HOST, Docker's socket, the user's Podman socket, whichever answers first. The
# private one uses runc, cgroupfs and no network of its own, so that it also runs inside a container. It
# speaks plain HTTP with the registry $BOURSE_TEST_REGISTRY (host:port), if that is set.
set -eu

fail() { echo "engine.sh: $*" >&2; exit 1; }

answers() { [ -S "$1" ] && [ "$(curl -s -m 5 --unix-socket "$1" http://engine/_ping 2>/dev/null)" = OK ]; }

existing() {
    local host=${DOCKER_HOST:-} socket
    for socket in "${host#unix://}" /var/run/docker.sock "${XDG_RUNTIME_DIR:-/nonexistent}/docker.sock" \
        /run/podman/podman.sock "${XDG_RUNTIME_DIR:-/nonexistent}/podman/podman.sock"; do
        if [ -n "$socket" ] && answers "$socket"; then
            echo "$socket"
            return 0
        fi
    done
    return 1
}

private_podman() { # the podman command with everything it keeps below DIR; $as may be exec
    if [ -f "$dir/registries.conf" ]; then export CONTAINERS_REGISTRIES_CONF=$dir/registries.conf; fi
    CONTAINERS_CONF=$dir/containers.conf CONTAINERS_STORAGE_CONF=$dir/storage.conf \
        ${as:-} podman --root "$dir/storage" --runroot "$run" --tmpdir "$run/tmp" "$@"
}

write_config() {
    cat >"$dir/containers.conf" <<EOF
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
EOF
    if [ -n "${BOURSE_TEST_REGISTRY:-}" ]; then
        printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$BOURSE_TEST_REGISTRY" >"$dir/registries.conf"
    fi
    local driver
    for driver in overlay vfs; do
        printf '[storage]\ndriver = "%s"\ngraphroot = "%s"\nrunroot = "%s"\n' \
            "$driver" "$dir/storage" "$run" >"$dir/storage.conf"
        if private_podman info >"$dir/info.log" 2>&1; then return 0; fi
        rm -rf "$dir/storage"
    done
    cat "$dir/info.log" >&2
    fail "podman does not work here; see the lines above"
}

start() {
    mkdir -p "$1"
    dir=$(cd "$1" && pwd)
    if [ "${2:-}" != --private ] && existing; then return 0; fi
    if [ -f "$dir/run" ]; then
        run=$(cat "$dir/run")
        if answers "$run/api.sock"; then echo "$run/api.sock"; return 0; fi
        stop "$dir"
    fi
    command -v podman >/dev/null || fail "no engine answers and there is no podman"
    command -v runc >/dev/null || [ -x /usr/sbin/runc ] || fail "podman needs runc"
    # Sockets of containers live below it, and a socket's path is short.
    run=$(mktemp -d "${TMPDIR:-/tmp}/bourse-engine.XXXXXX")
    echo "$run" >"$dir/run"
    write_config
    # exec: the number that is kept must be Podman's own, not that of a shell which waits for it. And from a
    # folder of its own, since the monitor of a container that ran out of memory leaves a file where it stands.
    (cd "$run" && as="exec" private_podman system service --time=0 "unix://$run/api.sock") \
        </dev/null >"$dir/service.log" 2>&1 &
    echo $! >"$dir/pid"
    for _ in $(seq 1 100); do
        if answers "$run/api.sock"; then echo "$run/api.sock"; return 0; fi
        kill -0 "$(cat "$dir/pid")" 2>/dev/null || break
        sleep 0.1
    done
    tail -n 20 "$dir/service.log" >&2
    stop "$dir"
    fail "podman's service did not answer"
}

stop() {
    [ -f "$1/run" ] || return 0
    dir=$(cd "$1" && pwd)
    run=$(cat "$dir/run")
    private_podman rm --all --force --time 0 >/dev/null 2>&1 || true
    [ ! -f "$dir/pid" ] || kill "$(cat "$dir/pid")" 2>/dev/null || true
    case $run in */bourse-engine.*)
        # Podman keeps its storage mounted below the run root while a service lives.
        for _ in 1 2 3 4 5; do rm -rf "$run" 2>/dev/null && break; sleep 0.2; done ;;
    esac
    rm -f "$dir/pid" "$dir/run"
}

# Podman looks for device specs in /etc/cdi, wherever it was told to keep everything else. So that nothing
# of the machine's changes, engine and CMD get a view of the files in which that folder is another one.
run_with_cdi() {
    local status=0 made=
    [ -d /etc/cdi ] || { mkdir /etc/cdi 2>/dev/null && made=yes; }
    if [ -d /etc/cdi ] && unshare --mount true 2>/dev/null; then
        # shellcheck disable=SC2016 # expanded inside
        unshare --mount --propagation private sh -c \
            'mount -t tmpfs none /etc/cdi && BOURSE_TEST_CDI=/etc/cdi exec "$0" run "$@"' "$0" "$@" || status=$?
    else
        run "$@" || status=$?
    fi
    [ -z "$made" ] || rmdir /etc/cdi
    return "$status"
}

run() {
    local tmp socket status=0
    tmp=$(mktemp -d "${TMPDIR:-/tmp}/bourse-engine.XXXXXX")
    # shellcheck disable=SC2064 # the path is known now
    trap "'$0' stop '$tmp' || true; rm -rf '$tmp'" EXIT
    if socket=$("$0" start "$tmp" --private); then export BOURSE_TEST_ENGINE=$socket; fi
    "$@" || status=$?
    return "$status"
}

case ${1:-} in
start) [ $# -ge 2 ] || fail "usage: engine.sh start DIR [--private]"; start "$2" "${3:-}" ;;
run)
    shift
    [ $# -ge 1 ] || fail "usage: engine.sh run [--cdi] CMD…"
    if [ "$1" = --cdi ]; then shift; run_with_cdi "$@"; else run "$@"; fi ;;
stop) [ $# -eq 2 ] || fail "usage: engine.sh stop DIR"; stop "$2" ;;
*) fail "usage: engine.sh start DIR [--private] | stop DIR" ;;
esac
