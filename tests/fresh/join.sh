#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Does a fresh Debian join a market with one command, and is nothing left when it has gone? Makes a minimal system
# in DIR, a market outside of it, and there runs for real: install.sh, doctor, again (an upgrade), a job, drain,
# uninstall.
#
#   join.sh DIR BUILD [--keep]      BUILD: a build folder with bourse-server and bourse-agent
#
# As root, with debootstrap; PostgreSQL in $BOURSE_TEST_DB: tools/pg.sh run tests/fresh/join.sh …. No systemd runs in
# the new root, so the agent is started by hand there, as the script says. Some minutes, most of it apt.
set -eu

fail() { echo "join.sh: $*" >&2; exit 1; }
here=$(cd "$(dirname "$0")/../.." && pwd)

# ---- inside the new root, entered by root.sh ----

files() { # all that is there, but for what every program leaves
    (cd / && find . -xdev \( -path ./proc -o -path ./sys -o -path ./dev -o -path ./run -o -path ./tmp -o -path ./old \
        -o -path ./var/log -o -path ./var/cache -o -path ./var/lib/containers -o -path ./var/tmp \
        -o -path ./root -o -path ./etc/passwd- -o -path ./etc/group- -o -path ./etc/shadow- -o -path ./etc/gshadow- \) \
        -prune -o -print) | sort
}

step() { echo "== $*"; }

inside() {
    local public=$1 token=$2 key=$3 image=$4 agent engine
    apt-get -qq update >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends \
        curl podman runc netavark uidmap libcurl4 libjansson4 >/dev/null 2>&1 || fail "apt"
    mkdir -p /etc/containers
    printf '[containers]\ncgroups="disabled"\n[engine]\nruntime="runc"\ncgroup_manager="cgroupfs"\nevents_logger="file"\n' >/etc/containers/containers.conf
    printf '[storage]\ndriver="vfs"\nrunroot="/run/containers"\ngraphroot="/var/lib/containers"\n' >/etc/containers/storage.conf
    sed -i 's/cgroups="disabled"/default_ulimits=["nofile=1024:1024","nproc=1000:1000"]/' /etc/containers/containers.conf
    mkdir -p /run/podman
    podman system service --time=0 unix:///run/podman/podman.sock >/run/podman.log 2>&1 &
    engine=$!
    for _ in $(seq 50); do [ -S /run/podman/podman.sock ] && break; sleep 0.2; done
    files >/tmp/before

    step "dry run"
    curl -fsSL "$public/install.sh" | sh -s -- --dry-run
    files >/tmp/dry
    cmp /tmp/before /tmp/dry || fail "a dry run has changed something"

    step "install"
    curl -fsSL "$public/install.sh" | BOURSE_TOKEN=$token sh -s -- --name fresh
    if [ ! -x /usr/local/bin/bourse-agent ] || [ ! -f /var/lib/bourse-agent/market.json ]; then fail "it is not installed"; fi

    step "doctor"
    local code=0
    echo "probe_image =" >/var/lib/bourse-agent/agent.conf
    bourse-agent doctor || code=$?
    [ "$code" -le 1 ] || fail "the doctor found a failure"

    step "install again"
    curl -fsSL "$public/install.sh" | sh | tee /tmp/again
    grep -q "is version .* already" /tmp/again || fail "it was fetched anew"
    grep -q "has joined already" /tmp/again || fail "it joined anew"

    step "run a job"
    printf 'price_per_unit_hour = 0.05\nunits = 1\nprobe_image =\n' >/var/lib/bourse-agent/agent.conf
    bourse-agent run 2>/tmp/agent.log &
    agent=$!
    local job state=none
    for _ in $(seq 60); do
        job=$(curl -sS --fail-with-body -X POST "$public/v1/jobs" -H "Authorization: Bearer $key" -H 'Content-Type: application/json' \
            -H "Idempotency-Key: fresh-1" -d '{"image":"'"$image"'","command":["say","hello","sleep","3000"],"pool":"cpu","units":1,
            "budget":{"amount":"1.00","currency":"USD"},"limit_price_per_unit_hour":{"amount":"0.20","currency":"USD"},"max_duration_seconds":600}' | sed -n 's/.*"job_id":"\([^"]*\)".*/\1/p') && break
        sleep 0.5
    done
    for _ in $(seq 120); do
        state=$(curl -fsS "$public/v1/jobs/$job" -H "Authorization: Bearer $key" | sed -n 's/.*"state":"\(settled\|failed\|running\|open\|placed\)".*"units".*/\1/p')
        curl -fsS "$public/v1/jobs/$job" -H "Authorization: Bearer $key" | grep -q '"state":"settled"' && state=settled && break
        sleep 0.5
    done
    echo "job $job: $state"
    [ "$state" = settled ] || { tail -n 20 /tmp/agent.log; fail "the job did not run"; }

    step "drain"
    bourse-agent drain --wait

    step "uninstall"
    curl -fsSL "$public/install.sh" | sh -s -- --uninstall
    wait "$agent" || fail "the agent ended badly"
    [ -z "$(podman ps -aq)" ] || fail "a container is left"
    kill "$engine"
    files >/tmp/after
    diff /tmp/before /tmp/after || fail "something is left"
    id bourse-agent 2>/dev/null && fail "its user is left"
    step "nothing is left: $(wc -l </tmp/after) files and folders, as before"
}

if [ "${1:-}" = --inside ]; then
    shift
    inside "$@"
    exit 0
fi

# ---- outside: a market, and the new root ----

[ $# -ge 2 ] || { sed -n '3,12p' "$0"; exit 2; }
root=$1 build=$(cd "$2" && pwd)
shift 2
[ -n "${BOURSE_TEST_DB:-}" ] || fail "tools/pg.sh run $0 …"
exec "${PYTHON:-python3}" - "$here" "$build" "$root" "$@" <<'PY'
import os, pathlib, subprocess, sys
here, build, root, *more = sys.argv[1:]
os.environ["BOURSE_BUILD"] = build
sys.path.insert(0, here)
from tests.agent.conftest import hand_out, token_of
from tests.outside.agent import make_image
from tests.outside.market import Market
from tests.outside.process import Folder
with Folder("fresh") as folder, Market(folder, **hand_out(folder), heartbeat_seconds=1) as market:
    owner, buyer = market.account("owner"), market.account("buyer", "10")
    image = market.upload(buyer, make_image(folder))
    words = " ".join([market.url, token_of(owner), buyer.key, image])
    done = subprocess.run([f"{here}/tests/fresh/root.sh", root, "--tree", *more, "--", f"tests/fresh/join.sh --inside {words}"],
                          check=False, timeout=1500)
    sys.exit(done.returncode)
PY
