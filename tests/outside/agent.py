# SPDX-License-Identifier: Apache-2.0
"""Real machines: an engine each, and a bourse-agent on it."""

import contextlib
import json
import pathlib
import shutil
import subprocess
import sys

import pytest

from . import BUILD, ROOT
from .client import Client, Unanswered
from .market import number_of
from .process import Process, wait_for

LABEL = "bourse.lease"


class Engine:
    """A container engine of one's own; `private` fails where there is no Podman."""

    def __init__(self, folder, private=True):
        self.folder, self.private = pathlib.Path(folder), private
        self.socket = None

    def __enter__(self):
        told = subprocess.run(
            [ROOT / "tools/engine.sh", "start", self.folder, *(["--private"] if self.private else [])],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        if told.returncode != 0:
            raise EngineMissing(told.stderr.strip())
        self.socket = told.stdout.strip()
        return self

    def __exit__(self, *_failure):
        for container in self._ours():
            with contextlib.suppress(Unanswered):
                self.call("DELETE", f"/containers/{container['Id']}?force=1")
        subprocess.run([ROOT / "tools/engine.sh", "stop", self.folder], check=False)

    def call(self, method, path, body=None, timeout=60):
        with Client("http://engine", unix=self.socket, timeout=timeout) as client:
            return client.call(method, path, body)

    def _ours(self):
        try:
            return [c for c in self.call("GET", "/containers/json?all=1").ok() if LABEL in c["Labels"]]
        except (Unanswered, AssertionError):
            return []

    def containers(self):
        """State of each container that a lease has here, by lease."""
        listed = self.call("GET", "/containers/json?all=1").ok()
        return {c["Labels"][LABEL]: c["State"] for c in listed if LABEL in c["Labels"]}

    def load(self, archive):
        self.call("POST", "/images/load", pathlib.Path(archive).read_bytes()).ok()


class EngineMissing(Exception):
    pass


def engines(stack, folder, n):
    """n engines, entered into `stack`: private ones, else the one that is here for all; else the test is skipped."""
    try:
        return [stack.enter_context(Engine(folder / f"engine-{i}")) for i in range(n)]
    except EngineMissing as why:
        first = why
    try:
        shared = stack.enter_context(Engine(folder / "engine", private=False))
    except EngineMissing:
        pytest.skip(f"no container engine can be started here: {first}")
    return [shared] * n


def make_image(folder):
    """An archive with one static program, tests/agent/image/probe.c, as its entrypoint."""
    program, archive = folder / "probe", folder / "probe.tar"
    cc = shutil.which("gcc") or "cc"
    subprocess.run([cc, "-O2", "-static", "-D_GNU_SOURCE", "-o", program,
                    ROOT / "tests/agent/image/probe.c"], check=True)
    subprocess.run([sys.executable, ROOT / "tools/make_image.py", "--out", archive, "--tag",
                    "localhost/bourse-probe:latest", "--entrypoint", "/probe", "--dir", "/out",
                    f"{program}:/probe"], check=True, stdout=subprocess.DEVNULL)
    return archive


class Agent:
    """A bourse-agent of `provider` that sells `units` at `price`, with more keys of its configuration."""

    def __init__(self, market, provider, folder, engine, price, units=2, name="node", **conf):
        self.market, self.provider, self.engine, self.name = market, provider, engine, name
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.log = self.folder.with_suffix(".log")
        (self.folder / "agent.conf").write_text(
            f"engine = {engine.socket}\nprice_per_unit_hour = {price}\nunits = {units}\nlog_level = debug\n"
            + "".join(f"{key} = {value}\n" for key, value in conf.items()))
        self.process = None
        self._join()

    def _join(self):
        with self.provider.client() as client:
            token = client.post("/v1/join-tokens", {"name": self.name}).ok()["token"]
        told = subprocess.run(
            [BUILD / "bourse-agent", "join", "--server", self.market.agent_url, "--token", token,
             "--state", self.folder, "--name", self.name], capture_output=True, text=True, check=False)
        assert told.returncode == 0, told.stdout + told.stderr
        market = json.loads((self.folder / "market.json").read_text())
        self.node_id = market["node_id"]

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, *_failure):
        code = self.process.stop() if self.process else 0
        if kind:
            print(f"--- {self.log}\n{self.process.tail()}")
        else:
            assert code == 0, f"the agent ended with {code}:\n{self.process.tail()}"
            assert not self.process.alarms(), self.process.alarms()

    def start(self):
        self.process = Process([BUILD / "bourse-agent", "run", "--state", self.folder], self.log)

    def kill(self):
        self.process.kill()

    def await_ask(self, seconds=60):
        """Until its offer stands."""
        query = f"SELECT count(*) FROM asks JOIN nodes USING (node) WHERE state = 1 AND node = {self.number}"
        wait_for(f"the ask of {self.name}", lambda: self.market.value(query), seconds)

    @property
    def number(self):
        return number_of(self.node_id)

    def journal(self):
        """How far each lease is that the agent has promised to do, by lease."""
        steps = {}
        for file in self.folder.glob("leases/*.json"):
            with contextlib.suppress(OSError, ValueError):  # replaced or removed at this moment
                steps[file.stem] = json.loads(file.read_text())["step"]
        return steps

    def left_behind(self):
        """What it keeps of leases: nothing, when all are over."""
        return sorted(str(p.relative_to(self.folder)) for p in self.folder.glob("leases/*"))
