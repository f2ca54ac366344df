# SPDX-License-Identifier: Apache-2.0
"""Networks from a job's wish to its end: server, agent and real containers in the namespaces of test_egress.py, where the
machine's own is that of the engine. The servers of the LAN and the internet say who reached them."""

import contextlib
import ctypes
import os
import subprocess
import time
import uuid

import pytest

from tests.hostile import engines
from tests.hostile.test_egress import BUILD, LAN, METADATA, NAMES, OTHER, WEB, world  # noqa: F401 (a fixture)
from tests.outside.agent import Agent, make_image
from tests.outside.market import Market, usd
from tests.outside.process import Folder, mounts_below, wait_for

NEWNET = 0x40000000


@contextlib.contextmanager
def inside(pid):
    """This thread, and what it starts, in the network namespace of another process."""
    libc = ctypes.CDLL(None, use_errno=True)
    own, there = (os.open(path, os.O_RDONLY) for path in ("/proc/thread-self/ns/net", f"/proc/{pid}/ns/net"))

    def enter(space):
        if libc.setns(space, NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")

    enter(there)
    try:
        yield
    finally:
        enter(own)
        os.close(own)
        os.close(there)


class Place:
    def __init__(self, market, agent, image, buyer, client):
        self.market, self.agent, self.image, self.buyer, self.client = market, agent, image, buyer, client

    def run(self, *words, **wishes):
        """The job at its end, and {word: answer} from its log."""
        body = {"image": self.image, "command": ["reach", *words], "pool": "cpu", "budget": usd("1"),
                "limit_price_per_unit_hour": usd("0.2"), "max_attempts": 1, **wishes}
        job = self.client.post("/v1/jobs", body, str(uuid.uuid4())).ok()["job"]["job_id"]
        ended = {}

        def over():
            ended.update(self.client.get(f"/v1/jobs/{job}").ok())
            return ended["state"] in ("settled", "failed", "cancelled", "expired")

        wait_for("the end of the job", over, 90, 0.2)
        text = self.client.get(f"/v1/jobs/{job}/log", Accept="text/plain").content.decode()
        said = dict(line.split("\t", 1) for line in text.splitlines() if "\t" in line)
        return ended, said, text

    def flows(self, job):
        with self.agent.provider.client() as provider:
            return provider.get(f"/v1/leases/{job['lease_id']}/flows").ok()


@pytest.fixture(scope="module")
def place(world):  # noqa: F811
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(Folder("egress-jobs"))
        stack.enter_context(inside(world.engine.process.pid))
        market = stack.enter_context(Market(folder))
        provider, buyer = market.account("provider"), market.account("buyer", "100")
        image = market.upload(buyer, BUILD / "probe_image.tar")
        agent = Agent(market, provider, folder / "agent", world.engine, "0.050", 1, egress="open", egress_resolver=NAMES,
                      egress_bytes=3_000_000)
        stack.enter_context(agent)
        agent.await_ask()
        with buyer.client() as client:
            yield Place(market, agent, image, buyer, client)


@pytest.fixture(autouse=True)
def quiet(world):  # noqa: F811
    world.lan.heard()
    world.wan.heard()


def test_a_job_has_no_network_by_default(world, place):  # noqa: F811
    job, said, _ = place.run(f"tcp:{WEB}:80", "name:web.example.org")
    assert job["state"] in ("settled", "failed") and job["reason"] == "done", job
    assert not any(answer.startswith("ok") for answer in said.values()) and len(said) == 2, said
    assert world.wan.heard() == [] and world.lan.heard() == []
    with place.agent.provider.client() as provider:
        assert provider.get(f"/v1/leases/{job['lease_id']}/flows").status == 404


def test_an_open_job_reaches_the_internet_alone(world, place):  # noqa: F811
    words = [f"tcp:{WEB}:80", "host:web.example.org:443", f"tcp:{LAN}:80", f"tcp:{METADATA}:80"]
    job, said, _ = place.run(*words, egress="open")
    assert [said[word].startswith("ok") for word in words] == [True, True, False, False], said
    assert world.lan.heard() == [] and any(line.startswith(f"tcp {WEB} 80") for line in world.wan.heard())
    flows = place.flows(job)
    assert {(f["address"], f["port"]) for f in flows["flows"]} == {(WEB, 80), (WEB, 443)} and flows["denied"] >= 2
    assert WEB in place.market.verb("flows", job["lease_id"])


def test_an_allowlist_is_all_that_a_job_reaches(world, place):  # noqa: F811
    words = ["host:web.example.org:443", "host:other.example.net:80", f"tcp:{OTHER}:80", f"tcp:{LAN}:80"]
    job, said, _ = place.run(*words, egress="allowlist", allow=["web.example.org:443"])
    assert [said[word].startswith("ok") for word in words] == [True, False, False, False], said
    assert world.lan.heard() == []
    assert [(f["address"], f["port"]) for f in place.flows(job)["flows"]] == [(WEB, 443)]


def test_a_job_that_sends_more_than_it_may_is_ended_and_told_why(world, place):  # noqa: F811
    began = time.monotonic()
    job, _, text = place.run(f"send:{WEB}:80:50000000", egress="open")
    assert (job["state"], job["reason"]) == ("failed", "egress-spent"), job
    assert "its network has carried all that it may" in text and time.monotonic() - began < 60
    flows = place.flows(job)
    assert 2_000_000 < flows["bytes_in"] + flows["bytes_out"] <= 3_000_000, flows


def rules():
    return subprocess.run(["nft", "list", "table", "inet", "bourse"], env={"PATH": engines.PATH}, capture_output=True,
                          text=True, check=True).stdout


def test_nothing_is_left_of_them(world, place):  # noqa: F811
    wait_for("no rules of leases", lambda: "out_" not in rules() and not place.agent.left_behind(), 30, 0.2)


def test_an_agent_that_is_purged_takes_network_and_disk_of_a_lease_along(world, place):  # noqa: F811
    image = place.market.upload(place.buyer, make_image(place.agent.folder.parent))
    body = {"image": image, "command": ["sleep", "600000"], "pool": "cpu", "budget": usd("1"), "egress": "open",
            "limit_price_per_unit_hour": usd("0.2"), "max_attempts": 1}
    job = place.client.post("/v1/jobs", body, str(uuid.uuid4())).ok()["job"]["job_id"]
    wait_for("the job to run", lambda: place.client.get(f"/v1/jobs/{job}").ok()["state"] == "running", 60, 0.2)
    assert "out_" in rules()
    told = subprocess.run([BUILD / "bourse-agent", "purge", "--state", place.agent.folder], capture_output=True, text=True,
                          check=False, timeout=90)
    assert told.returncode == 0 and "1 containers were removed" in told.stdout, told
    assert "out_" not in rules() and list((place.agent.folder / "net").iterdir()) == []
    assert mounts_below(place.agent.folder) == []
