#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Does a fresh Debian carry `./dev demo --once` and `./dev test`? Makes one in DIR and tries.
#
#   root.sh DIR [--suite NAME] [--keep] [--tree] [-- CMD…]
#
# DIR gets a minimal system (debootstrap, from the mirror that this machine's apt uses) with git and
# ca-certificates, and a clone of this repository at its last commit, or with --tree the files as they
# lie here. Then CMD runs in it as root, by default both commands. It is entered by pivot_root in own
# mount and pid namespaces, as container engines refuse to work in a plain chroot; what CMD leaves
# running ends with it. --keep leaves DIR, and a DIR that is there already is used again.
set -eu

fail() { echo "root.sh: $*" >&2; exit 1; }

# The mirror that apt would fetch the suite's main component from.
mirror_of() {
    { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || true; } |
        sed -E 's/\[[^]]*\]//' | awk -v s="$1" '$1 == "deb" && $3 == s { print $2 }'
    awk -v s="$1" 'BEGIN { RS = ""; FS = "\n" }
        { uri = ""; fits = 0
          for (i = 1; i <= NF; i++) {
              n = split($i, w, " ")
              if (w[1] == "URIs:") uri = w[2]
              if (w[1] == "Suites:") for (j = 2; j <= n; j++) if (w[j] == s) fits = 1
          }
          if (fits && uri != "") print uri }' /etc/apt/sources.list.d/*.sources 2>/dev/null || true
}

make_root() {
    local mirror
    mirror=$(mirror_of "$suite" | head -n 1)
    # A suite that this machine does not use itself comes from the mirror of the one it uses.
    [ -n "$mirror" ] || mirror=$(mirror_of "$(sed -n s/^VERSION_CODENAME=//p /etc/os-release)" | head -n 1)
    [ -n "$mirror" ] || fail "apt's sources name no mirror"
    debootstrap --variant=minbase --include=git,ca-certificates "$suite" "$root" "$mirror" \
        >"$root.log" 2>&1 || { tail -n 20 "$root.log" >&2; fail "debootstrap failed"; }
    {
        echo "deb $mirror $suite main"
        if [ "$suite" != sid ]; then echo "deb $mirror $suite-updates main"; fi
        mirror_of "$suite-security" | sed "s|.*|deb & $suite-security main|"
    } >"$root/etc/apt/sources.list"
}

# What the way to the network needs: names, proxies, certificates.
carry_network() {
    local file
    for file in /etc/resolv.conf /etc/hosts; do cp -L "$file" "$root$file"; done
    grep -lsiE 'proxy|::Verify|CAInfo' /etc/apt/apt.conf /etc/apt/apt.conf.d/* | while read -r file; do
        cp -L "$file" "$root$file"
    done || true
    file=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
    if [ -f "$file" ]; then cp -L "$file" "$root/etc/ssl/certs/ca-certificates.crt"; fi
}

carry_tree() {
    rm -rf "$root/root/bourse"
    if [ "$tree" = yes ]; then
        mkdir -p "$root/root/bourse"
        git -C "$here" ls-files -z --cached --others --exclude-standard |
            (cd "$here" && tar -c --null --no-recursion --ignore-failed-read -T - -f -) | tar -x -C "$root/root/bourse"
        git -C "$root/root/bourse" init -q
    else
        git clone -q --no-hardlinks "$here" "$root/root/bourse"
    fi
}

# Runs within the new namespaces: make DIR the root and leave nothing of the old one in sight.
enter() {
    local root=$1
    shift
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs -o mode=0755 tmpfs "$root/run"
    mkdir -p "$root/old"
    cd "$root"
    pivot_root . old
    umount -l /old
    cd /root/bourse
    export HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    unset TMPDIR XDG_RUNTIME_DIR DOCKER_HOST
    exec bash -c "$*"
}

if [ "${1:-}" = --enter ]; then
    shift
    enter "$@"
fi

[ $# -ge 1 ] || { sed -n '3,13p' "$0"; exit 2; }
here=$(cd "$(dirname "$0")/../.." && pwd)
root=$1 suite=bookworm keep=no tree=no
shift
while [ $# -gt 0 ]; do
    case $1 in
    --suite) suite=$2; shift ;;
    --keep) keep=yes ;;
    --tree) tree=yes ;;
    --) shift; break ;;
    *) fail "what is $1?" ;;
    esac
    shift
done
[ $# -gt 0 ] || set -- './dev demo --once && ./dev test'
[ "$(id -u)" -eq 0 ] || fail "only root can make a root"
command -v debootstrap >/dev/null || fail "install debootstrap first"
if [ ! -x "$root/bin/bash" ]; then
    mkdir -p "$root"
    make_root
fi
root=$(cd "$root" && pwd)
carry_network
carry_tree
status=0
unshare --mount --pid --fork --kill-child --propagation private "$0" --enter "$root" "$@" || status=$?
[ "$keep" = yes ] || rm -rf --one-file-system "$root" "$root.log"
exit "$status"
