# SPDX-License-Identifier: Apache-2.0
"""What the market tells a machine to do, and what the machine tells in its heartbeats."""

import concurrent.futures
import json
import time

import pytest

from tests.api.people import Machine, verify
from tests.outside.market import usd
from tests.outside.protocol import canonical, rfc3339

GIB = 1 << 30
NOBODYS = "lease_01m86ch877e0080000000004k7"


@pytest.fixture
def node(provider):
    """A machine that has no work yet, and offers four units at 0.010."""
    fresh = Machine(provider)
    fresh.offer(units=4, price="0.010").ok()
    return fresh


def buy(buyer, **wishes):
    return buyer.submit(**{"units": 1, **wishes}).ok()["job"]


def lease_ids(answer):
    return [json.loads(item["document"])["lease_id"] for item in answer.ok()["data"]]


# ---- assignments ---------------------------------------------------------------------------------


def test_an_assignment_says_all_that_shall_run(buyer, node):
    job = buy(buyer, units=2, command=["a", "b\n"], entrypoint=["/e"], env={"SEED": "7"}, workdir="/w",
              outputs=["/out/x"], limit_price_per_unit_hour=usd("0.020"), max_duration_seconds=1200)
    item = node.assignments().ok()["data"][0]
    verify(node.market_key, "bourse-assignment-v1", item["document"], item["signature"])
    told = json.loads(item["document"])
    assert canonical(told) == item["document"]
    wanted = {
        "lease_id": job["lease_id"], "epoch": 1, "node_id": node.node_id, "job_id": job["job_id"],
        "image": "docker.io/library/alpine:3.20", "command": ["a", "b\n"], "entrypoint": ["/e"], "env": {"SEED": "7"},
        "workdir": "/w", "pool": "cpu", "units": 2, "cpu_millis": 2000, "memory_bytes": 2 * GIB,
        "scratch_bytes": 4 * GIB, "max_seconds": 1200, "egress": "none", "allow": [], "isolation": "runc", "outputs": ["/out/x"],
        "market_id": node.market_id,
    }
    assert {name: told[name] for name in wanted} == wanted


def test_what_is_not_wished_is_empty(buyer, node):
    buy(buyer, command=None)
    told = json.loads(node.assignments().ok()["data"][0]["document"])
    assert (told["command"], told["entrypoint"], told["env"], told["workdir"], told["outputs"]) == ([], [], {}, None,
        [])


def test_after_says_what_was_heard_already(buyer, node):
    first, second = (buy(buyer)["lease_id"] for _ in range(2))
    page = node.assignments()
    assert lease_ids(page) == [first, second]
    sequences = [json.loads(item["document"])["sequence"] for item in page.json["data"]]
    assert sequences == sorted(sequences) and page.json["next"] == sequences[1]
    assert lease_ids(node.assignments(sequences[0])) == [second]
    assert node.assignments(page.json["next"]).status == 204


def test_from_the_start_all_live_ones_are_told_again(buyer, node):
    running, done = (buy(buyer)["lease_id"] for _ in range(2))
    node.run(done)
    node.start(running)
    assert lease_ids(node.assignments(0)) == [running]


BIG = {f"E{n}": "x" * 4000 for n in range(15)}


def every_page(node, after=0):
    pages = []
    while (answer := node.assignments(after)).status == 200:
        pages.append(lease_ids(answer))
        after = answer.json["next"]
    return pages


def test_large_assignments_come_in_pages(buyer, provider):
    fresh = Machine(provider)
    fresh.offer(units=24, price="0.010").ok()
    made = [buy(buyer, env=BIG)["lease_id"] for _ in range(24)]
    pages = every_page(fresh)
    assert len(pages) == 2 and pages[0] + pages[1] == made


def test_what_one_command_made_comes_in_one_page(buyer, provider):
    fresh = Machine(provider)
    for _ in range(24):
        buy(buyer, env=BIG)
    fresh.offer(units=24, price="0.010").ok()
    pages = every_page(fresh)
    assert [len(page) for page in pages] == [24]


def test_from_the_start_what_runs_is_told_whatever_the_page_holds(buyer, provider):
    fresh = Machine(provider)
    fresh.offer(units=24, price="0.010").ok()
    made = [buy(buyer, env=BIG)["lease_id"] for _ in range(24)]
    first = fresh.assignments()
    rest = fresh.assignments(first.json["next"]).ok()["data"]
    last = json.loads(rest[-1]["document"])
    fresh.accept(last).ok()
    fresh.ready(last).ok()
    pages = every_page(fresh)
    assert pages[0][-1] == last["lease_id"] == made[-1]
    assert pages[0][:-1] + pages[1] == made[:-1]


def test_nothing_to_do(node):
    assert node.assignments().status == 204


def test_waiting_ends_at_once_when_there_is_work(buyer, node):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(node.assignments, 0, 20)
        time.sleep(0.3)
        assert not waiting.done()
        lease = buy(buyer)["lease_id"]
        told = waiting.result(timeout=3)
    assert lease_ids(told) == [lease] and told.headers["Preference-Applied"] == "wait=20"


def test_waiting_ends_empty_when_nothing_comes(node):
    began = time.monotonic()
    told = node.assignments(0, 1)
    assert (told.status, told.headers["Preference-Applied"]) == (204, "wait=1")
    assert 0.8 <= time.monotonic() - began < 3


def test_the_work_of_others_does_not_wake(buyer, node, provider):
    other = Machine(provider)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(other.assignments, 0, 2)
        time.sleep(0.2)
        buy(buyer)
        assert waiting.result(timeout=5).status == 204


# ---- heartbeats ----------------------------------------------------------------------------------


def beat(machine, *leases):
    return machine.post("/v1/agent/heartbeat", {"leases": list(leases)})


def here(lease, state="running", epoch=1, tick=None):
    return {"lease_id": lease, "epoch": epoch, "state": state, "tick": tick}


def tick(machine, lease, signer=None, **more):
    said = {"lease_id": lease, "epoch": 1, "n": 1, "seconds": 0, "at": rfc3339(time.time()), **more}
    text = canonical(said)
    return {"document": text, "signature": (signer or machine).signing.sign("bourse-tick-v1", text)}


def test_a_heartbeat_of_an_idle_machine(node):
    told = beat(node).ok()
    assert (told["commands"], told["lease_seconds"]) == ([], 90)
    assert [(a["state"], a["units_free"]) for a in told["asks"]] == [("open", 4)]


def test_asks_are_told_as_they_are(buyer, node):
    buy(buyer, units=3)
    ask = node.call("GET", "/v1/agent/asks").ok()["data"][0]["ask_id"]
    assert beat(node).ok()["asks"] == [{"ask_id": ask, "state": "open", "units_free": 1}]
    node.post(f"/v1/agent/asks/{ask}/cancel").ok()
    assert beat(node).ok()["asks"] == [{"ask_id": ask, "state": "cancelled", "units_free": 0}]


def test_what_the_market_does_not_know_is_to_be_forgotten(buyer, node):
    lease = buy(buyer)["lease_id"]
    node.run(lease)
    told = beat(node, here(lease), here(NOBODYS, epoch=7)).ok()["commands"]
    assert told == [{"lease_id": lease, "epoch": 1, "do": "forget", "reason": None, "notice_seconds": 0},
                    {"lease_id": NOBODYS, "epoch": 7, "do": "forget", "reason": None, "notice_seconds": 0}]


def test_another_epoch_is_to_be_forgotten(buyer, node):
    lease = buy(buyer)["lease_id"]
    node.start(lease)
    assert [c["do"] for c in beat(node, here(lease, epoch=2)).ok()["commands"]] == ["forget"]
    assert beat(node, here(lease)).ok()["commands"] == []


def test_what_shall_stop_is_told_each_time(buyer, node):
    job = buy(buyer)
    node.start(job["lease_id"])
    buyer.post(f"/v1/jobs/{job['job_id']}/cancel").ok()
    wanted = [{"lease_id": job["lease_id"], "epoch": 1, "do": "stop", "reason": "cancelled",
               "notice_seconds": 0}]
    assert beat(node, here(job["lease_id"])).ok()["commands"] == wanted
    assert beat(node).ok()["commands"] == wanted


def test_the_newest_tick_is_kept(buyer, node, market):
    lease = buy(buyer)["lease_id"]
    node.start(lease)
    for n, seconds in ((1, 0), (2, 1), (1, 0)):
        beat(node, here(lease, tick=tick(node, lease, n=n, seconds=seconds))).ok()
    kept = market.rows("SELECT n, seconds FROM ticks ORDER BY lease DESC LIMIT 1")
    assert kept == [{"n": 2, "seconds": 1}]


@pytest.mark.parametrize("wrong", [
    {"seconds": 3600}, {"epoch": 2}, {"lease_id": NOBODYS}, {"n": -1}, {"more": 1}, {"at": "now"},
])
def test_a_tick_that_cannot_be_believed_is_not_kept(buyer, node, market, wrong):
    lease = buy(buyer)["lease_id"]
    node.start(lease)
    before = market.value("SELECT count(*) FROM ticks")
    assert beat(node, here(lease, tick=tick(node, lease, **wrong))).ok()["commands"] == []
    assert market.value("SELECT count(*) FROM ticks") == before


def test_a_tick_of_another_key_is_not_kept(buyer, node, machine, market):
    lease = buy(buyer)["lease_id"]
    node.start(lease)
    before = market.value("SELECT count(*) FROM ticks")
    assert beat(node, here(lease, tick=tick(node, lease, signer=machine))).ok()["commands"] == []
    assert market.value("SELECT count(*) FROM ticks") == before


def test_a_heartbeat_keeps_a_machine_online(provider, node):
    beat(node).ok()
    assert provider.get(f"/v1/nodes/{node.node_id}").ok()["state"] == "online"
