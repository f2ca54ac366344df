# SPDX-License-Identifier: Apache-2.0
"""Lines that are cut and servers that are killed in the middle of a blob: it arrives whole all the same, and of
what had come nothing is sent again."""

import contextlib
import hashlib
import os
import socket
import subprocess
import sys
import urllib.parse

import pytest

from tests.outside import BUILD, ROOT
from tests.outside.agent import Agent, engines
from tests.outside.cutter import Cutter
from tests.outside.market import Market, usd
from tests.outside.process import Folder, wait_for

MIB = 1 << 20
SIZE = 24 * MIB
AROUND = 256 << 10  # heads of requests, and all else that is said


def digest(content):
    return hashlib.sha256(content).hexdigest()


class Shell:
    """The command line, for one account, by way of a line that may be cut."""

    def __init__(self, folder, account, url):
        self.env = {**os.environ, "BOURSE_HOME": str(folder / "home"), "BOURSE_SERVER": url,
                    "BOURSE_API_KEY": account.key}

    def __call__(self, *words):
        told = subprocess.run([BUILD / "bourse", *map(str, words)], env=self.env, capture_output=True, text=True,
                              timeout=300, check=False)
        assert told.returncode == 0, (words, told.stdout, told.stderr)
        return told


@pytest.fixture
def world():
    with Folder("cuts") as folder, Market(folder) as market, Cutter(market.ports[0]) as line:
        account = market.account("ada", "100")
        content = os.urandom(SIZE)
        (folder / "image.tar").write_bytes(content)
        yield folder, market, line, account, content


def submit(shell, folder):
    return shell("submit", "--image-file", folder / "image.tar", "--pool", "cpu", "--budget", "1", "--limit", "0.1",
                 "--units", "1")


def kept(account, content):
    with account.client() as client:
        return client.get(f"/v1/blobs/{digest(content)}").content == content


def test_an_upload_goes_on_where_its_line_was_cut(world):
    folder, _market, line, account, content = world
    line.up = [3 * MIB, 100_000, 9 * MIB]
    submit(Shell(folder, account, line.url), folder)
    assert (line.up, line.cuts) == ([], 3)
    assert kept(account, content)
    assert SIZE <= line.sent < SIZE + AROUND


def part_of(market, account, content):
    return market.folder / "server" / "blobs" / "partial" / str(account.number) / digest(content)


@pytest.mark.parametrize("come", [10 * MIB, SIZE])
def test_an_upload_goes_on_after_its_server_was_killed(world, come):
    folder, market, line, account, content = world
    url = urllib.parse.urlsplit(market.url)
    head = (f"PUT /v1/blobs/{digest(content)} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {account.key}\r\n"
            f"Content-Range: bytes 0-{SIZE - 1}/{SIZE}\r\nContent-Length: {SIZE}\r\n\r\n")
    part = part_of(market, account, content)
    with socket.create_connection((url.hostname, url.port)) as sock:
        sock.sendall(head.encode() + content[:min(come, SIZE - 1)])
        wait_for("what was sent", lambda: part.exists() and part.stat().st_size == min(come, SIZE - 1))
        market.kill()
    if come == SIZE:  # as if it had been killed between the last byte and the blob's name
        with part.open("ab") as file:
            file.write(content[-1:])
    market.start()
    submit(Shell(folder, account, line.url), folder)
    assert kept(account, content)
    assert SIZE - come <= line.sent < SIZE - come + AROUND
    assert not part.exists()


def heavy_image(folder):
    """The probe with bytes beside it that cannot be compressed."""
    program, ballast, archive = folder / "probe", folder / "ballast", folder / "image.tar"
    ballast.write_bytes(os.urandom(12 * MIB))
    subprocess.run(["gcc", "-O2", "-static", "-D_GNU_SOURCE", "-o", program, ROOT / "tests/agent/image/probe.c"],
                   check=True)
    subprocess.run([sys.executable, ROOT / "tools/make_image.py", "--out", archive, "--tag",
                    "localhost/bourse-heavy:latest", "--entrypoint", "/probe", "--dir", "/out", f"{program}:/probe",
                    f"{ballast}:/ballast"], check=True, stdout=subprocess.DEVNULL)
    return archive


def test_a_machine_goes_on_with_an_image_and_with_outputs(world):
    folder, market, api_line, account, _content = world
    with contextlib.ExitStack() as stack:
        engine, = engines(stack, folder, 1)
        line = stack.enter_context(Cutter(market.ports[1]))
        market.process.stop()
        market.options["agent_url"] = market.agent_url = line.url
        market.start()
        archive = heavy_image(folder)
        size = archive.stat().st_size
        agent = stack.enter_context(Agent(market, market.account("provider"), folder / "agent", engine, "0.010", 2))
        agent.await_ask()
        image = market.upload(account, archive)
        line.received, line.down, line.up = 0, [5 * MIB], [2 * MIB]
        with account.client() as client:
            job = client.call("POST", "/v1/jobs", {
                "image": image, "command": ["fill", "/out/made", str(6 * MIB)], "pool": "cpu", "units": 1,
                "budget": usd("1"), "limit_price_per_unit_hour": usd("0.2"), "max_duration_seconds": 600},
                {"Idempotency-Key": "cuts"}).ok()["job"]["job_id"]
            wait_for("its end", lambda: client.get(f"/v1/jobs/{job}").ok()["state"] == "settled", 180, 0.2)
        assert (line.cuts, line.down, line.up) == (2, [], [])
        assert size <= line.received < size + AROUND
        assert 6 * MIB <= line.sent < 6 * MIB + AROUND

        api_line.received, api_line.down = 0, [MIB, 3 * MIB]
        Shell(folder, account, api_line.url)("outputs", job, "--dir", folder / "got")
        assert (folder / "got" / "made").stat().st_size == 6 * MIB
        assert api_line.down == [] and 6 * MIB <= api_line.received < 6 * MIB + AROUND
