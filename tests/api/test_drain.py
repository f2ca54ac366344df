# SPDX-License-Identifier: Apache-2.0
"""A machine is emptied: nothing new that would run past the time, and what runs leaves when its owner says so;
and what the machine's self-test found."""

import datetime
import time

import pytest

from tests.api.people import Machine, Person
from tests.outside.market import Market, micros, usd
from tests.outside.process import Folder, wait_for


@pytest.fixture(scope="module")
def brisk(contract):
    with Folder("drain") as folder, Market(folder, notice_seconds=2, stop_seconds=30) as market:
        yield market


@pytest.fixture
def person(brisk, contract):
    people = []

    def new(credit=None):
        people.append(Person(brisk, contract, brisk.account(f"person {len(people)}", credit)))
        return people[-1]

    yield new
    for one in people:
        one.clear()
        one.close()


def hence(seconds):
    return (datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def drain(machine, **body):
    return machine.provider.post(f"/v1/nodes/{machine.node_id}/drain", body)


def undrain(machine):
    return machine.provider.post(f"/v1/nodes/{machine.node_id}/undrain")


def beat(machine, work=None, state="running"):
    leases = [{"lease_id": work["lease_id"], "epoch": work["epoch"], "state": state}] if work else []
    return machine.call("POST", "/v1/agent/heartbeat", {"leases": leases}).ok()


def test_an_idle_machine_is_drained_and_offered_again(person):
    machine = Machine(person("10"))
    ask = machine.offer(units=1).ok()["ask"]
    node = drain(machine).ok()
    assert node["drain_running"] == "finish" and node["drain_at"] is not None
    wait_for("the ask to end", lambda: machine.provider.get(f"/v1/asks/{ask['ask_id']}").ok()["state"] == "expired", 10)
    assert beat(machine)["drain_at"] == node["drain_at"]
    assert undrain(machine).ok()["drain_at"] is None
    assert beat(machine)["drain_at"] is None
    machine.offer(units=1).ok()


def test_nothing_is_placed_that_would_run_past_the_time(person, problem):
    machine, buyer = Machine(person("10")), person("10")
    ask = machine.offer(units=1).ok()["ask"]
    node = drain(machine, at=hence(3600)).ok()
    shortened = machine.provider.get(f"/v1/asks/{ask['ask_id']}").ok()
    assert shortened["available_until"] == node["drain_at"] and shortened["state"] == "open"
    long = buyer.submit(max_duration_seconds=7200).ok()["job"]
    assert long["state"] == "open"
    short = buyer.submit(max_duration_seconds=600).ok()["job"]
    assert short["state"] == "placed"
    problem(machine.offer(units=1), "wrong-state")


def test_what_runs_is_told_to_leave_and_its_job_goes_back_to_the_book(person):
    machine, buyer = Machine(person("10")), person("10")
    machine.offer(units=1).ok()
    job = buyer.submit().ok()["job"]
    work = machine.start(job["lease_id"])
    drain(machine, running="stop").ok()
    wait_for("the lease to be told", lambda: beat(machine, work)["commands"], 10)
    command = beat(machine, work)["commands"][0]
    assert (command["do"], command["reason"]) == ("stop", "drained") and 0 <= command["notice_seconds"] <= 2
    time.sleep(1)
    machine.finish(work, reason="drained").ok()
    told = buyer.get(f"/v1/jobs/{job['job_id']}").ok()
    assert told["state"] == "open"
    lease = told["leases"][0] if told["leases"] else buyer.get(f"/v1/leases/{job['lease_id']}").ok()
    assert lease["reason"] == "drained"
    assert micros(told["spent"]) == micros(lease["charge"])


def test_what_runs_may_finish(person):
    machine, buyer = Machine(person("10")), person("10")
    machine.offer(units=1).ok()
    job = buyer.submit().ok()["job"]
    work = machine.start(job["lease_id"])
    drain(machine, running="finish").ok()
    time.sleep(1)
    assert beat(machine, work)["commands"] == []
    machine.finish(work).ok()
    assert buyer.get(f"/v1/jobs/{job['job_id']}").ok()["state"] == "settled"


def test_a_drained_machine_is_as_it_was_after_a_restart(person, brisk):
    machine = Machine(person("10"))
    ask = machine.offer(units=1).ok()["ask"]
    drain(machine, at=hence(3600), running="stop").ok()
    before = machine.provider.get(f"/v1/nodes/{machine.node_id}").ok(), machine.provider.get(f"/v1/asks/{ask['ask_id']}").ok()
    brisk.kill()
    brisk.start()
    after = machine.provider.get(f"/v1/nodes/{machine.node_id}").ok(), machine.provider.get(f"/v1/asks/{ask['ask_id']}").ok()
    assert (before[0]["drain_at"], before[0]["drain_running"]) == (after[0]["drain_at"], after[0]["drain_running"])
    assert before[1]["available_until"] == after[1]["available_until"]


def test_a_machine_drains_itself(person):
    machine = Machine(person("10"))
    assert machine.call("POST", "/v1/agent/drain", {"running": "stop"}).ok()["drain_running"] == "stop"
    assert machine.call("POST", "/v1/agent/undrain").ok()["drain_at"] is None


def test_bad_drains(person, problem):
    machine = Machine(person("10"))
    problem(drain(machine, at=hence(31 * 86400)), "validation-failed")
    problem(drain(machine, at="tomorrow"), "validation-failed", "/at")
    problem(drain(machine, running="perhaps"), "validation-failed", "/running")
    problem(person().post(f"/v1/nodes/{machine.node_id}/drain", {}), "not-found")
    problem(person().post(f"/v1/nodes/{machine.node_id}/undrain"), "not-found")
    assert machine.provider.get(f"/v1/nodes/{machine.node_id}").ok()["drain_at"] is None


# ---- the self-test ----

CHECKS = [{"id": "D01", "name": "server", "result": "ok", "reason": "It answers."},
          {"id": "D02", "name": "clock", "result": "failure", "reason": "120 s ahead.", "fix": "timedatectl set-ntp true"}]


def test_the_owner_sees_what_the_self_test_found(person):
    machine = Machine(person())
    assert machine.provider.get(f"/v1/nodes/{machine.node_id}").ok()["doctor"] is None
    assert machine.call("PUT", "/v1/agent/doctor", {"result": "failure", "checks": CHECKS}).status == 204
    told = machine.provider.get(f"/v1/nodes/{machine.node_id}").ok()["doctor"]
    assert told["result"] == "failure" and told["checks"] == CHECKS and told["at"]


def test_bad_self_tests(person, problem):
    machine = Machine(person())
    for body, pointer in (({"result": "ok", "checks": CHECKS}, "/result"), ({"result": "bad", "checks": []}, "/result"),
                          ({"result": "ok", "checks": [{**CHECKS[0], "id": "X01"}]}, "/checks"),
                          ({"result": "ok", "checks": CHECKS[:1] * 65}, "/checks"), ({"result": "ok"}, "/checks")):
        problem(machine.call("PUT", "/v1/agent/doctor", body), "validation-failed", pointer)
    assert machine.provider.get(f"/v1/nodes/{machine.node_id}").ok()["doctor"] is None


# ---- what is handed out ----

def test_without_downloads_there_is_no_script(brisk, person, problem):
    for path in ("/install.sh", "/downloads/bourse-agent-x86_64"):
        problem(person().get(path), "not-found")
