# SPDX-License-Identifier: Apache-2.0
"""GPUs from end to end: a market, agents, Podman. The cards are told by a stand-in for NVIDIA's library and
by a CDI spec whose device nodes have the numbers of NVIDIA's and no card behind them; attaching, inspecting
and the look into the container are the real ones."""

import contextlib
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import time

import pytest

from tests.outside import BUILD, ROOT, ledger, pg
from tests.outside.agent import Agent, engines
from tests.outside.market import Market, micros
from tests.outside.process import Folder, wait_for
from tests.outside.scene import Scene

CDI = os.environ.get("BOURSE_TEST_CDI")
MODEL = "Bourse Test Card"
UUIDS = [f"GPU-8f6e2f3c-1111-4222-8333-00000000000{i}" for i in range(3)]
POOL = f"""INSERT INTO pools (number, version, name, gpu_model, gpu_memory_bytes, unit_gpus, unit_cpu_millis,
    unit_memory_bytes, unit_scratch_bytes, tick, throughput)
    VALUES (99, 1, 'test-card', '{MODEL}', 1073741824, 1, 500, 67108864, 16777216, 1000, NULL)"""


class Cards:
    """What the driver's library, the kernel's log and the CDI spec say."""

    def __init__(self, folder):
        self.file, self.log = folder / "cards", folder / "kmsg"
        self.spec = pathlib.Path(CDI) / "bourse-test.json"
        self.more = [[] for _ in UUIDS]
        self.log.write_text("6,1,1,-;nothing yet\n")
        self.tell()
        self.attach()

    def tell(self):
        lines = ["driver 550.54.15", "cuda 12040"]
        for i, uuid in enumerate(UUIDS):
            lines += [f"gpu {uuid}", f"name {MODEL}", f"bus 00000000:{i + 16:02X}:00.0", f"minor {i}",
                      "memory 1073741824", "temperature 41", "slowdown 87", *self.more[i]]
        new = self.file.with_suffix(".new")
        new.write_text("\n".join(lines) + "\n")
        new.rename(self.file)

    def attach(self, minors=(0, 1, 2)):
        node = lambda path, minor: {"path": path, "type": "c", "major": 195, "minor": minor}  # noqa: E731
        self.spec.write_text(json.dumps({
            "cdiVersion": "0.3.0", "kind": "nvidia.com/gpu",
            "devices": [{"name": uuid, "containerEdits": {"deviceNodes": [node(f"/dev/nvidia{m}", m)]}}
                        for uuid, m in zip(UUIDS, minors)],
            "containerEdits": {"deviceNodes": [node("/dev/nvidiactl", 255)]}}))


class CardMarket(Market):
    def start(self, seconds=60):
        if not self.process:
            pg.run(self.db, POOL)
        super().start(seconds)


@contextlib.contextmanager
def world_of_cards(name):
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(Folder(name))
        cards = Cards(folder)
        os.environ["BOURSE_STANDIN_NVML"] = str(cards.file)
        machines = engines(stack, folder, 1)
        market = stack.enter_context(CardMarket(folder, heartbeat_seconds=1, backoff_seconds=0, quote_seconds=0))
        world = Scene(folder, market, machines)
        agent = Agent(market, market.account("provider"), folder / "agent", machines[0], "3.600", 3, "machine",
                      pool="test-card", nvml_library=BUILD / "tests/libnvidia-ml.so.1", kernel_log=cards.log)
        world.agents.append(stack.enter_context(agent))
        agent.await_ask()
        world.cards, world.provider = cards, agent.provider.client()
        yield world


def submit(world, units, *command):
    return world.submit(*command, pool="test-card", units=units, limit_price_per_unit_hour={"amount": "3.600000", "currency": "USD"},
                        budget={"amount": "20.00", "currency": "USD"})


def node(world):
    return world.provider.get("/v1/nodes").ok()["data"][0]


def cards_of(world):
    """The UUIDs in the journal, by lease."""
    return {file.stem: set(filter(None, json.loads(file.read_text()).get("gpus", "").split(",")))
            for file in world.agents[0].folder.glob("leases/*.json")}


def settled(world, job):
    return world.await_job(job, "settled")["leases"][0]


@pytest.mark.skipif(CDI is not None, reason="this is the outer one")
def test_cards_in_a_view_of_their_own():
    """All below, where the engine's folder for device specs is another than the machine's."""
    if os.geteuid() != 0:
        pytest.skip("a view of the files of its own needs root")
    told = subprocess.run(
        [ROOT / "tools/engine.sh", "run", "--cdi", sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider",
         __file__], check=False, capture_output=True, text=True, cwd=ROOT)
    print(told.stdout[-20000:], told.stderr[-5000:])
    if "no container engine" in told.stdout:
        pytest.skip("no container engine can be started here")
    assert told.returncode == 0
    assert " passed" in told.stdout


inner = pytest.mark.skipif(CDI is None, reason="needs a folder for device specs of its own")


@inner
def test_leases_have_cards_of_their_own_and_keep_them():
    with world_of_cards("cards") as world:
        pair, single = submit(world, 2, "sleep", 20000), submit(world, 1, "sleep", 20000)
        for job in pair, single:
            world.await_job(job, "running")
        before = cards_of(world)
        assert sorted(map(len, before.values())) == [1, 2]
        assert set.union(*before.values()) == set(UUIDS)
        assert [gpu["ills"] for gpu in node(world)["gpus"]] == [[], [], []]

        world.agents[0].kill()
        world.agents[0].start()
        wait_for("the agent to have resumed", lambda: world.agents[0].process.runs() and cards_of(world) == before)
        receipts = {}
        for job, units in (pair, 2), (single, 1):
            lease = settled(world, job)
            told = world.patiently("GET", f"/v1/jobs/{job}/receipt").ok()
            receipts[lease["lease_id"]] = json.loads(told["receipt"])["gpus"]
            assert len(receipts[lease["lease_id"]]) == units
        digests = {lease: {hashlib.sha256(u.encode()).hexdigest() for u in uuids} for lease, uuids in before.items()}
        assert {lease: set(gpus) for lease, gpus in receipts.items()} == digests
        world.nothing_is_left()
        ledger.check(world.market)


@inner
def test_a_card_that_is_not_inside_cannot_start():
    with world_of_cards("stale-spec") as world:
        world.cards.attach(minors=(1, 2, 0))
        job = submit(world, 1, "say", "never")
        wait_for("the lease's end", lambda: any(lease["state"] == "void" for lease in world.leases(job)))
        lease = world.job(job)["leases"][-1]
        assert (lease["reason"], lease["fault"]) == ("engine-failed", "provider")
        assert lease["charge"] is None or micros(lease["charge"]) == 0
        assert "is not inside the container" in world.agents[0].log.read_text()
        world.cancel(job)
        world.nothing_is_left()
        ledger.check(world.market)


ILLS = [
    ("ecc-uncorrected", lambda cards: cards.more[2].append("ecc_uncorrected 1")),
    ("too-hot", lambda cards: cards.more[2].append("temperature 95")),
    ("foreign-process", lambda cards: cards.more[2].append(f"process {os.getpid()} 1048576")),
    ("lost", lambda cards: cards.more[2].append("lost")),
]


@inner
def test_nothing_is_charged_while_a_card_is_ill():
    with world_of_cards("ill") as world:
        job = submit(world, 1, "sleep", 25000)
        world.await_job(job, "running")
        began = time.monotonic()
        world.cards.more[0].append("busy 97")
        world.cards.more[0].append("memory_used 1048576")
        ill_s = 0
        for ill, strike in ILLS:
            strike(world.cards)
            world.cards.tell()
            wait_for(ill, lambda: node(world)["health"] == "unhealthy")
            since = time.monotonic()
            wait_for(ill, lambda i=ill: i in [i for gpu in node(world)["gpus"] for i in gpu["ills"]])
            wait_for("no offer", lambda: world.market.value("SELECT count(*) FROM asks WHERE state = 1") == 0)
            world.cards.more[2].pop()
            world.cards.tell()
            wait_for("health", lambda: node(world)["health"] == "well")
            ill_s += time.monotonic() - since
            world.agents[0].await_ask()
        use = world.job(job)["leases"][0]["use"]
        assert use["gpu_busy_percent"] == 97 and use["gpu_memory_used_bytes"] == 1048576
        with world.cards.log.open("a") as log:
            log.write("4,2,2,-;NVRM: Xid (PCI:0000:12:00): 79, pid=1, GPU has fallen off the bus.\n")
        wait_for("the Xid", lambda: node(world)["health"] == "unhealthy")
        xid_since = time.monotonic()
        wait_for("its number", lambda: [gpu["xid"] for gpu in node(world)["gpus"]] == [0, 0, 79])
        lease = settled(world, job)  # it runs on, while nothing is charged
        ill_s += time.monotonic() - xid_since
        whole = time.monotonic() - began
        print(f"ran {lease['seconds_signed']} s, billed {lease['seconds_billed']} s, was ill for about {ill_s:.1f} s of {whole:.1f} s")
        assert lease["seconds_billed"] < lease["seconds_signed"]
        assert abs(lease["seconds_signed"] - lease["seconds_billed"] - ill_s) <= 4
        assert lease["use"] is None
        world.nothing_is_left()
        ledger.check(world.market)
