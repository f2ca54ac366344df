# SPDX-License-Identifier: Apache-2.0
"""Machines that can go wrong: an agent in a network of its own, on a small disk, with its own wall clock, behind
a line that can be slow, cut or dead; and an engine whose service can be killed."""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys

from tests.outside import BUILD, ROOT
from tests.outside.agent import Agent, Engine
from tests.outside.client import Unanswered
from tests.outside.market import Market
from tests.outside.process import Process, wait_for

HERE = pathlib.Path(__file__).parent
SANITIZER = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"  # the clock is loaded before it
DISK_BYTES = 6 << 30  # of a disk in memory, of which little is ever used


def sh(*words, check=True):
    return subprocess.run([str(word) for word in words], check=check, capture_output=True, text=True).stdout


class NoNetworks(Exception):
    """No network namespaces can be made here."""


class OpenMarket(Market):
    """Agents reach it from other networks; what they sign is the address of their end of the line."""

    def launch(self):
        api, agents, metrics = (f"127.0.0.1:{port}" for port in self.ports)
        self.process = Process(
            [self.program, "run", *self._flags(
                listen=api, agent_listen=f"0.0.0.0:{self.ports[1]}", agent_url=f"http://{agents}",
                metrics_listen=metrics, static_dir=ROOT / "static", openapi=ROOT / "openapi.yaml", **self.options)],
            self.log)


class Network:
    """A namespace, a cable to it, and a bad line over the cable."""

    def __init__(self, folder, index, port):
        self.name = f"bf{os.getpid() % 10000}x{index}"
        self.near, self.far = f"{self.name}a", f"{self.name}b"
        self.file = pathlib.Path(folder) / f"line-{index}"
        self.cuts, self.proxy = 0, None
        address = f"10.{64 + os.getpid() % 64}.{index}"
        self.address, self.port, self.index = address, port, index

    def __enter__(self):
        try:
            sh("ip", "netns", "add", self.name)
        except (OSError, subprocess.CalledProcessError) as why:
            raise NoNetworks(f"{why}: {getattr(why, 'stderr', '')}".strip()) from why
        try:
            sh("ip", "link", "add", self.near, "type", "veth", "peer", "name", self.far)
            sh("ip", "link", "set", self.far, "netns", self.name)
            sh("ip", "addr", "add", f"{self.address}.1/30", "dev", self.near)
            sh("ip", "link", "set", self.near, "up")
            for words in (("addr", "add", f"{self.address}.2/30", "dev", self.far), ("link", "set", self.far, "up"),
                          ("link", "set", "lo", "up")):
                sh("ip", "-n", self.name, *words)
            self.set_line()
            self.proxy = Process(["ip", "netns", "exec", self.name, sys.executable, HERE / "proxy.py", self.port,
                                  f"{self.address}.1", self.file], self.file.with_suffix(".log"))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_failure):
        if self.proxy:
            self.proxy.kill()
        sh("ip", "netns", "del", self.name, check=False)
        sh("ip", "link", "del", self.near, check=False)

    def set_line(self, delay_ms=0, rate=0, cut=False):
        self.cuts += cut
        new = self.file.with_suffix(".new")
        new.write_text(f"{delay_ms} {rate} {self.cuts}")
        new.rename(self.file)

    def set_cable(self, state):
        sh("ip", "link", "set", self.near, state)


class RestartedEngine(Engine):
    """Its service can be killed and comes back; its containers go on in between."""

    def kill_service(self):
        pid = int((self.folder / "pid").read_text())
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        wait_for("the service's end", lambda: not self.answers(), 10)

    def answers(self):
        try:
            return self.call("GET", "/_ping", timeout=2).status == 200
        except Unanswered:
            return False

    def start_service(self):
        run = pathlib.Path((self.folder / "run").read_text().strip())
        with contextlib.suppress(FileNotFoundError):
            (run / "api.sock").unlink()
        with open(self.folder / "service.log", "ab") as log:
            service = subprocess.Popen(
                ["podman", "--root", self.folder / "storage", "--runroot", run, "--tmpdir", run / "tmp", "system",
                 "service", "--time=0", f"unix://{run}/api.sock"],
                cwd=run, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "CONTAINERS_CONF": str(self.folder / "containers.conf"),
                     "CONTAINERS_STORAGE_CONF": str(self.folder / "storage.conf")})
        (self.folder / "pid").write_text(str(service.pid))


class BadAgent(Agent):
    """Lives in `network`, has its disk and its clock; dies and comes back."""

    def __init__(self, network, clock, *words, **conf):
        self.network, self.preload = network, clock
        super().__init__(*words, **conf)

    def _join(self):
        sh("mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "bourse-faults", self.folder / "disk")
        shutil.move(self.folder / "agent.conf", self.folder / "disk")
        self.base, self.folder = self.folder, self.folder / "disk"
        self.clock = self.base / "clock"
        self.clock.write_text("0")
        super()._join()

    def __exit__(self, kind, *failure):
        try:
            super().__exit__(kind, *failure)
        finally:
            sh("umount", "-l", self.folder, check=False)

    def start(self):
        self.process = Process(
            ["ip", "netns", "exec", self.network.name, "env", f"LD_PRELOAD={self.preload}",
             f"FAULTS_CLOCK={self.clock}", f"ASAN_OPTIONS={SANITIZER}", BUILD / "bourse-agent", "run",
             "--state", self.folder], self.log)

    def set_clock(self, seconds):
        self.clock.write_text(f"{seconds:<12}")

    def fill_disk(self):
        """From now on the disk holds what is on it and nothing more."""
        used = shutil.disk_usage(self.folder).used
        sh("mount", "-o", f"remount,size={used + 4096}", self.folder, check=False)

    def free_disk(self):
        sh("mount", "-o", f"remount,size={DISK_BYTES}", self.folder)


def build_clock(folder):
    clock = pathlib.Path(folder) / "clock.so"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", clock, HERE / "clock.c"], check=True)
    return clock
