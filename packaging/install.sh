#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Joins this machine to the market at @PUBLIC_URL@:
#
#   curl -fsSL @PUBLIC_URL@/install.sh | sudo BOURSE_TOKEN=brs_join_… sh
#   curl -fsSL @PUBLIC_URL@/install.sh | sudo sh -s -- --uninstall
#
#   --token TOKEN    the invitation, else $BOURSE_TOKEN; needed once, not to repair or upgrade
#   --name NAME      what people call this machine; else its host name
#   --dry-run        say each step and change nothing
#   --now            do not wait until running jobs have ended, to restart or to uninstall
#   --uninstall      drain, then remove all that this script has put here
#   --version        print which agent this installs
#
# Run it again to repair or to upgrade: what is as it should be stays, and the agent is restarted only
# when something has changed and no job runs. Nothing is offered for sale before you name a price.
# All of it is in functions and the last line calls main: a script that was cut on the way does nothing.

say() { printf 'install.sh: %s\n' "$*"; }

fail() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}

# Do it, or say that it would be done.
run() {
    if [ "$dry" = yes ]; then say "would run: $*"; else "$@"; fi
}

has() { command -v "$1" >/dev/null 2>&1; }

settings() {
    public_url='@PUBLIC_URL@'
    agent_url='@AGENT_URL@'
    version='@VERSION@'
    user=bourse-agent
    state=/var/lib/bourse-agent
    binary=/usr/local/bin/bourse-agent
    units=/etc/systemd/system
    dry=no uninstall=no now=no token=${BOURSE_TOKEN:-} name='' work='' changed=no
    PATH=$PATH:/usr/sbin:/sbin
}

# What this market hands out: a sum and a name for each processor.
sums() {
    cat <<'END_OF_SUMS'
@SUMS@
END_OF_SUMS
}

agent_unit() {
    cat <<'END_OF_UNIT'
@AGENT_UNIT@
END_OF_UNIT
}

engine_unit() {
    cat <<'END_OF_UNIT'
@ENGINE_UNIT@
END_OF_UNIT
}

usage() {
    say "options: --token TOKEN, --name NAME, --dry-run, --now, --uninstall, --version"
    exit "$1"
}

read_options() {
    while [ $# -gt 0 ]; do
        case $1 in
        --dry-run) dry=yes ;;
        --uninstall) uninstall=yes ;;
        --now) now=yes ;;
        --version)
            echo "bourse-agent $version"
            exit 0
            ;;
        --token | --name)
            [ $# -ge 2 ] || fail "$1 needs a value"
            if [ "$1" = --token ]; then token=$2; else name=$2; fi
            shift
            ;;
        --help | -h) usage 0 ;;
        *)
            say "what is $1?" >&2
            usage 2 >&2
            ;;
        esac
        shift
    done
}

# systemd as it runs, not only its programs.
has_systemd() { [ -d /run/systemd/system ] && has systemctl; }

check_system() {
    [ "$(uname -s)" = Linux ] || fail "this is $(uname -s); the agent runs on Linux"
    arch=$(uname -m)
    file=@PREFIX@$arch
    sum=$(sums | sed -n "s/^\([0-9a-f]\{64\}\)  $file\$/\1/p")
    [ -n "$sum" ] || fail "this market has no agent for $arch; it has: $(sums | sed 's/.*  //' | tr '\n' ' ')"
    has sha256sum || fail "sha256sum is missing: apt-get install coreutils"
    has curl || has wget || fail "curl is missing: apt-get install curl"
    if [ "$(id -u)" -ne 0 ] && [ "$dry" = no ]; then fail "run it as root: curl -fsSL $public_url/install.sh | sudo sh"; fi
}

fetch() { # URL FILE
    if has curl; then
        curl -fsSL --retry 3 --connect-timeout 20 -o "$2" "$1"
    else
        wget -q -T 20 -t 3 -O "$2" "$1"
    fi
}

# Signatures carry the time: half a minute is the most that may be between the market and this machine.
check_clock() {
    has curl || return 0
    there=$(curl -fsSI --connect-timeout 20 "$public_url/livez" | tr -d '\r' | sed -n 's/^[Dd]ate: //p') ||
        fail "$public_url does not answer"
    there=$(date -d "$there" +%s 2>/dev/null) || return 0
    here=$(date +%s)
    skew=$((here - there))
    [ "$skew" -lt 0 ] && skew=$((-skew))
    [ "$skew" -le 30 ] || fail "the clock is $skew s from the market's: timedatectl set-ntp true"
    say "the market answers, and the clock is right"
}

check_engine() {
    if [ -S /var/run/docker.sock ]; then
        engine=docker
    elif has podman; then
        engine=podman
    else
        engine=none
        say "no container engine: apt-get install podman runc   (or Docker); nothing can run before"
    fi
    if [ -e /proc/driver/nvidia/version ]; then
        has nvidia-ctk || say "for GPUs in containers: apt-get install nvidia-container-toolkit-base"
    fi
}

# The agent links what Debian has in its base; say which package when a library is missing.
check_libraries() {
    missing=$(ldd "$1" 2>/dev/null | sed -n 's/^[[:space:]]*\([^ ]*\) => not found.*/\1/p' | tr '\n' ' ')
    [ -n "$missing" ] || return 0
    if has apt-get; then
        say "installing libraries: $missing"
        DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends \
            libcurl4 libjansson4 ca-certificates >/dev/null || fail "apt-get install libcurl4 libjansson4 failed"
        missing=$(ldd "$1" | sed -n 's/^[[:space:]]*\([^ ]*\) => not found.*/\1/p' | tr '\n' ' ')
    fi
    [ -z "$missing" ] || fail "the agent needs: $missing"
}

install_binary() {
    if [ -f "$binary" ] && echo "$sum  $binary" | sha256sum -c --status 2>/dev/null; then
        say "$binary is version $version already"
        return 0
    fi
    if [ "$dry" = yes ]; then
        say "would fetch $public_url/downloads/$file, check that its sha256 is $sum, and put it at $binary"
        return 0
    fi
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' INT TERM HUP
    fetch "$public_url/downloads/$file" "$work/agent" || fail "$public_url/downloads/$file cannot be fetched"
    echo "$sum  $work/agent" | sha256sum -c --status || fail "what came is not what this market hands out: its sha256 is $(sha256sum <"$work/agent")"
    chmod 755 "$work/agent"
    check_libraries "$work/agent"
    "$work/agent" help >/dev/null || fail "the agent does not run on this machine"
    # Beside it and over it: a program that runs is not written to.
    cp "$work/agent" "$binary.new"
    mv "$binary.new" "$binary"
    changed=yes
    say "$binary is version $version"
}

# The agent runs as a user of its own, by its unit; where no systemd runs, as root, by hand.
make_user() {
    if ! has_systemd; then
        [ -d "$state" ] || run install -d -m 0700 "$state"
        return 0
    fi
    if ! id "$user" >/dev/null 2>&1; then
        run useradd --system --user-group --home-dir "$state" --no-create-home --shell /usr/sbin/nologin "$user"
    fi
    if [ "$engine" = docker ] && ! id -nG "$user" 2>/dev/null | grep -qw docker; then
        run usermod -aG docker "$user"
    fi
    [ -d "$state" ] || run install -d -m 0700 -o "$user" -g "$user" "$state"
}

write_unit() { # NAME FUNCTION
    if [ "$dry" = yes ]; then
        say "would write $units/$1"
        return 0
    fi
    if [ -f "$units/$1" ] && [ "$("$2")" = "$(cat "$units/$1")" ]; then return 0; fi
    "$2" >"$units/$1"
    chmod 644 "$units/$1"
    changed=yes
}

install_units() {
    if ! has_systemd; then return 0; fi
    write_unit bourse-agent.service agent_unit
    if [ "$engine" = podman ]; then write_unit bourse-engine.service engine_unit; fi
    run systemctl daemon-reload
    if [ "$engine" = podman ]; then
        run systemctl enable --now bourse-engine.service
        if [ "$dry" = no ] && ! grep -qs '^ *engine *=' "$state/agent.conf"; then
            echo 'engine = /run/bourse-engine/podman.sock' >>"$state/agent.conf"
            chown "$user:$user" "$state/agent.conf"
            changed=yes
        fi
    fi
}

join() {
    if [ -f "$state/market.json" ]; then
        say "this machine has joined already"
        return 0
    fi
    if [ "$dry" = yes ]; then
        say "would join $agent_url with the token and make a key in $state"
        return 0
    fi
    [ -n "$token" ] || fail "a token is needed to join: make one at $public_url/earn, then BOURSE_TOKEN=… or --token"
    if [ -n "$name" ]; then set -- --name "$name"; else set --; fi
    # Not on the command line, where every user of this machine can read it.
    BOURSE_AGENT_TOKEN=$token "$binary" join --server "$agent_url" --state "$state" "$@" ||
        fail "the market did not let this machine join"
}

restart() {
    if ! has_systemd; then
        say "no systemd runs here. Start the agent by hand, as root:"
        say "    $binary run --state $state"
        return 0
    fi
    run systemctl enable --quiet bourse-agent.service
    if ! systemctl is-active --quiet bourse-agent.service; then
        run systemctl start bourse-agent.service
    elif [ "$changed" = no ]; then
        say "nothing has changed: the agent goes on"
    elif [ "$now" = yes ] || "$binary" status --state "$state" | grep -q '^leases   0$'; then
        run systemctl restart bourse-agent.service
    else
        say "a job runs: the agent goes on as it is. When it is idle, or with --now, run this again"
    fi
}

show() {
    if [ "$dry" = yes ]; then
        say "would run $binary doctor and print what it finds"
        return 0
    fi
    "$binary" doctor --state "$state" --brief || true
    say "nothing is for sale yet. Your machine, and the price that you name: $public_url/earn"
}

# Drain, and wait until what runs has left; with --now it is told to leave at once.
empty() {
    [ -x "$binary" ] && [ -f "$state/market.json" ] || return 0
    if [ "$now" = yes ]; then set -- --now; else set --; fi
    if [ "$dry" = yes ]; then
        say "would drain: $binary drain --wait $*"
        return 0
    fi
    "$binary" drain --state "$state" --wait "$@" || {
        [ "$now" = yes ] || fail "it could not be drained; --now removes it without waiting"
        say "the market could not be told; going on"
    }
    if has_systemd; then systemctl disable --now --quiet bourse-agent.service 2>/dev/null || true; fi
    "$binary" purge --state "$state" || [ "$now" = yes ] || fail "what the engine has of the agent could not be removed"
}

remove() {
    empty
    if has_systemd; then
        run systemctl disable --now --quiet bourse-agent.service bourse-engine.service 2>/dev/null || true
    fi
    run rm -f "$units/bourse-agent.service" "$units/bourse-engine.service"
    if has_systemd; then run systemctl daemon-reload; fi
    run rm -f "$binary" "$binary.new"
    run rm -rf "$state"
    if id "$user" >/dev/null 2>&1; then run userdel "$user"; fi
    say "$([ "$dry" = yes ] && echo 'that would be all' || echo 'nothing of the agent is left on this machine')"
}

main() {
    set -eu
    settings
    read_options "$@"
    check_system
    if [ "$uninstall" = yes ]; then
        remove
        return 0
    fi
    check_clock
    check_engine
    install_binary
    make_user
    install_units
    join
    restart
    show
}

main "$@"
