# SPDX-License-Identifier: Apache-2.0
"""GET /install.sh: what it is, and what it does not do before it is told. tests/fresh/join.sh runs it for real."""

import hashlib
import os
import platform
import subprocess

from tests.outside import BUILD
from tests.outside.client import Client
from tests.outside.market import Market
from tests.outside.process import Folder


def script_of(market):
    with Client(market.url) as client:
        answer = client.get("/install.sh")
        assert answer.status == 200, answer
        return answer.content


def sh(script, *args, **env):
    return subprocess.run(["sh", "-s", "--", *args], input=script, env={**os.environ, **env}, capture_output=True, check=False,
                          timeout=60)


def places(root="/"):
    return {path: os.path.lexists(path) for path in ("/usr/local/bin/bourse-agent", "/var/lib/bourse-agent",
                                                     "/etc/systemd/system/bourse-agent.service")}


def test_it_carries_the_addresses_and_the_sum_of_what_is_handed_out(market):
    script = script_of(market).decode()
    assert market.url in script and market.agent_url in script and "@" not in script.replace("$@", "").replace('"$@"', "").split("main() {")[1]
    name = f"bourse-agent-{platform.machine()}"
    with Client(market.url) as client:
        handed = client.get(f"/downloads/{name}").content
    assert handed == (BUILD / "bourse-agent").read_bytes()
    assert f"{hashlib.sha256(handed).hexdigest()}  {name}" in script
    assert script.rstrip().endswith('main "$@"') and script.count("\nmain \"$@\"") == 1


def test_other_downloads_are_not_there(market):
    with Client(market.url) as client:
        for name in ("bourse-agent-vax", "..%2Fserver.log", "install.sh"):
            assert client.get(f"/downloads/{name}").status == 404


def test_a_script_that_was_cut_does_nothing(market):
    script = script_of(market)
    before = places()
    for n in range(0, len(script) - len('main "$@"\n'), 997):
        told = sh(script[:n])
        assert told.stdout == b"", (n, told)
    assert places() == before


def test_a_dry_run_says_each_step_and_changes_nothing(market):
    before = places()
    told = sh(script_of(market), "--dry-run")
    assert told.returncode == 0, told
    text = told.stdout.decode()
    for step in ("would fetch", "sha256", "would join", "would run", "doctor", market.agent_url):
        assert step in text, (step, text)
    gone = sh(script_of(market), "--dry-run", "--uninstall")
    assert gone.returncode == 0 and b"would run: rm -f /usr/local/bin/bourse-agent" in gone.stdout
    assert places() == before


def test_it_knows_its_version_and_refuses_what_it_does_not_know(market):
    script = script_of(market)
    assert sh(script, "--version").stdout.startswith(b"bourse-agent 0.")
    assert sh(script, "--frobnicate").returncode == 2
    assert sh(script, "--token").returncode == 1


def test_without_an_agent_to_hand_out_the_server_does_not_start(folder):
    with Folder("nothing") as empty:
        (empty / "downloads").mkdir()
        market = Market(empty, downloads=empty / "downloads")
        told = subprocess.run([market.program, "run", "--state", empty / "state", "--db", "dbname=none",
                               "--downloads", empty / "downloads"], capture_output=True, text=True, check=False)
        assert told.returncode != 0
