# SPDX-License-Identifier: Apache-2.0
"""The systemd units: without a complaint of systemd's, and as exposed as we say at most. What the agent and the
server say to the service manager."""

import os
import shutil
import socket
import subprocess

import pytest

from tests.agent.conftest import token_of
from tests.outside import BUILD, ROOT
from tests.outside.market import Market
from tests.outside.process import Process, wait_for

UNITS = ROOT / "packaging/systemd"

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not here")


@needs_systemd
@pytest.mark.parametrize("name", ["bourse-agent", "bourse-server", "bourse-engine"])
def test_systemd_understands_the_unit(name, tmp_path):
    unit = tmp_path / f"{name}.service"  # the programs are not installed here
    text = (UNITS / unit.name).read_text()
    for program in ("/usr/local/bin/bourse-agent", "/usr/local/bin/bourse-server", "/usr/bin/podman"):
        text = text.replace(program, "/bin/true")
    unit.write_text(text)
    told = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    assert told.returncode == 0 and unit.name not in told.stderr, told.stderr


@needs_systemd
@pytest.mark.parametrize(("name", "most"), [("bourse-agent", 30), ("bourse-server", 15)])
def test_the_unit_exposes_little(name, most):
    told = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--threshold={most}",
                           UNITS / f"{name}.service"], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout[-300:]


@needs_systemd
def test_a_unit_without_hardening_would_be_seen(tmp_path):
    bare = tmp_path / "bare.service"
    bare.write_text("[Service]\nExecStart=/bin/true\n")
    assert subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=30", bare],
                          capture_output=True, check=False).returncode != 0


class Manager:
    """What a service manager hears on $NOTIFY_SOCKET."""

    def __init__(self, folder):
        self.path = str(folder / "notify.sock")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        os.chmod(self.path, 0o777)
        self.socket.settimeout(20)

    def hears(self):
        return self.socket.recv(4096).decode()


def joined(folder, market, owner, engine, name, **conf):
    """A state directory of a machine that has joined."""
    state = folder / name
    subprocess.run([BUILD / "bourse-agent", "join", "--server", market.agent_url, "--token", token_of(owner), "--state", state],
                   check=True, capture_output=True)
    price(state, engine, **conf)
    return state


def price(state, engine, **conf):
    (state / "agent.conf").write_text("".join(f"{key} = {value}\n" for key, value in {"engine": engine.socket, **conf}.items()))


def test_the_agent_says_that_it_is_ready_alive_and_stopping(folder, market, owner, engine):
    state = joined(folder, market, owner, engine, "notified")
    manager = Manager(folder)
    agent = Process([BUILD / "bourse-agent", "run", "--state", state], folder / "notified.log", {"NOTIFY_SOCKET": manager.path})
    assert {manager.hears() for _ in range(3)} == {"READY=1", "WATCHDOG=1"}
    assert agent.stop() == 0
    wait_for("STOPPING", lambda: manager.hears() == "STOPPING=1", 20)


def test_the_server_says_that_it_is_ready_alive_and_stopping(folder):
    manager = Manager(folder / "downloads")  # another folder
    with Market(folder / "downloads") as market:
        market.kill()
        os.environ.update(NOTIFY_SOCKET=manager.path, WATCHDOG_USEC="300000")
        try:
            market.start()
        finally:
            del os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"]
        assert [manager.hears() for _ in range(3)] == ["READY=1", "WATCHDOG=1", "WATCHDOG=1"]
        assert market.process.stop() == 0
        wait_for("STOPPING", lambda: manager.hears() == "STOPPING=1", 20)


def test_nothing_is_for_sale_before_its_owner_says_so(folder, market, owner, engine):
    """It joins, it runs, it beats; and no ask is made until agent.conf has a price."""
    state = joined(folder, market, owner, engine, "quiet")
    manager = Manager(state)
    asks = "SELECT count(*) FROM asks"
    before = market.value(asks)
    agent = Process([BUILD / "bourse-agent", "run", "--state", state], folder / "quiet.log", {"NOTIFY_SOCKET": manager.path})
    heard = [manager.hears() for _ in range(5)]  # four heartbeats
    assert heard.count("WATCHDOG=1") == 4 and market.value(asks) == before
    assert agent.stop() == 0
    price(state, engine, price_per_unit_hour="0.05", units=1)
    agent = Process([BUILD / "bourse-agent", "run", "--state", state], folder / "quiet.log")
    wait_for("an ask", lambda: market.value(asks) == before + 1, 30)
    assert agent.stop() == 0
