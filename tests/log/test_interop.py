# SPDX-License-Identifier: Apache-2.0
"""Go's own clients for such logs, golang.org/x/mod/sumdb, read ours while it grows."""

import json
import os
import pathlib
import shutil
import subprocess
import time
import uuid

import pytest

from tests.log.reading import Log
from tests.outside.client import Client
from tests.outside.load import PRICE
from tests.outside.market import Market, usd
from tests.outside.process import Folder
from tests.outside.protocol import ProtocolAgent

SOURCE = pathlib.Path(__file__).resolve().parent / "interop"


@pytest.fixture(scope="module")
def interop(tmp_path_factory):
    """The program, built; the module that it uses is pinned by go.sum."""
    go = shutil.which("go") or next((p for p in ("/usr/local/go/bin/go", "/usr/lib/go/bin/go") if os.path.exists(p)), None)
    if not go:
        pytest.skip("there is no go")
    folder = tmp_path_factory.mktemp("interop")
    env = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly"}
    if "HOME" not in env:
        env |= {"GOCACHE": str(folder / "cache"), "GOPATH": str(folder / "go")}
    if subprocess.run([go, "mod", "download"], cwd=SOURCE, env=env, check=False, capture_output=True).returncode:
        pytest.skip("golang.org/x/mod cannot be fetched here")
    subprocess.run([go, "build", "-o", folder / "interop", "."], cwd=SOURCE, env=env, check=True)
    return folder / "interop"


def read(interop, market, key, *older):
    told = subprocess.run([interop, market.url, key, *older], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


def wait_for_size(log, size):
    until = time.monotonic() + 60
    while (told := log.checkpoint()).size < size:
        assert time.monotonic() < until, f"the log has {told.size} entries, not {size}"
        time.sleep(0.1)
    return told


def test_go_reads_checkpoint_tiles_inclusion_and_consistency(interop):
    with Folder("interop") as folder, Market(folder) as market, Client(market.url) as client:
        buyer = market.account("buyer", "100")
        log = Log(client)
        older = wait_for_size(log, 1)
        (folder / "older").write_bytes(older.note)
        agent = ProtocolAgent(market, market.account("provider"))
        with agent, buyer.client() as asking:
            agent.place_ask(units=20, price=PRICE)
            for _ in range(300):
                body = {"image": "docker.io/library/alpine:3.20", "command": ["true"], "pool": "cpu", "units": 1,
                        "budget": usd("1"), "limit_price_per_unit_hour": usd(PRICE), "max_duration_seconds": 600}
                asking.post("/v1/jobs", body, str(uuid.uuid4())).ok()
            wait_for_size(log, 320)
        told = read(interop, market, log.key.text, folder / "older")
        assert told["size"] > 320 and told["older"] == older.size
        assert told["inclusions"] == told["size"]

        forged = bytearray(older.note)
        forged[older.note.index(b"\n") + 1] ^= 1
        (folder / "older").write_bytes(forged)
        refused = subprocess.run([interop, market.url, log.key.text, folder / "older"], capture_output=True, check=False)
        assert refused.returncode == 1 and b"checkpoint" in refused.stderr
