# SPDX-License-Identifier: Apache-2.0
"""Machines that fall silent, buyers who change their minds, and time that runs out while nobody can be asked."""

import time

from tests.outside import ledger
from tests.outside.market import micros
from tests.outside.process import wait_for
from tests.outside.scene import scene

SHORT = {"lease_seconds": 6, "heartbeat_seconds": 1, "offer_seconds": 10, "prepare_seconds": 60, "stop_seconds": 30}
CHEAP_AND_DEAR = [("0.050", 2), ("0.060", 2)]


def run_and_lose(world, lose):
    """A job whose first machine is lost while it runs: the job, once it has run elsewhere, and its leases."""
    job = world.submit("say", "working", "sleep", 4000)
    world.await_job(job, "running")
    first = world.leases(job)[-1]
    cheap, dear = world.agents
    assert world.agent_of(first) is cheap
    lose(cheap)
    done = world.await_job(job, "settled")
    leases = world.leases(job)
    assert [lease["state"] for lease in leases] == ["settled", "settled"]
    assert world.agent_of(leases[1]) is dear
    assert leases[0]["charge"] == 0 and leases[0]["reason"] == 11  # node-lost
    assert done["attempts"] == 2 and micros(done["spent"]) == leases[1]["charge"] > 0
    assert world.market.value(f"SELECT excluded FROM bids WHERE bid = {leases[0]['bid']}") == [cheap.number]
    return job, leases


def test_a_killed_machines_job_runs_again_elsewhere_and_the_lost_lease_is_not_paid():
    with scene("lost", CHEAP_AND_DEAR, **SHORT) as world:
        cheap = world.agents[0]
        job, leases = run_and_lose(world, lambda agent: agent.kill())
        assert world.market.value(f"SELECT count(*) FROM asks WHERE node = {cheap.number} AND state = 1") == 0
        ledger.check(world.market)
        cheap.start()  # it comes back, cleans up, and offers again
        world.nothing_is_left()
        cheap.await_ask()
        assert world.leases(job) == leases
        ledger.check(world.market)


def test_a_machine_that_slept_learns_that_its_lease_was_lost():
    with scene("slept", CHEAP_AND_DEAR, **SHORT) as world:
        cheap = world.agents[0]
        job, leases = run_and_lose(world, lambda agent: agent.process.pause())
        cheap.process.resume()
        world.nothing_is_left()
        assert world.leases(job) == leases
        ledger.check(world.market)


def test_a_cancelled_job_is_stopped_and_what_it_ran_is_paid():
    with scene("cancelled", [("0.050", 2)], **SHORT) as world:
        job = world.submit("say", "working", "sleep", 600000)
        world.await_job(job, "running")
        time.sleep(1)
        world.cancel(job)
        done = world.await_job(job, "cancelled")
        lease = world.leases(job)[-1]
        assert lease["state"] == "settled" and lease["reason"] == 2  # cancelled
        assert lease["seconds_billed"] == 60 and micros(done["spent"]) == lease["charge"] == 833
        resting = world.submit("say", "never", units=3)
        world.cancel(resting)
        assert world.job(resting)["state"] == "cancelled" and not world.leases(resting)
        world.nothing_is_left()
        ledger.check(world.market)


def test_a_container_ends_at_its_deadline_though_nobody_can_be_asked():
    with scene("deadline", [("0.050", 2)], **SHORT) as world:
        job = world.submit("deaf", "sleep", 600000, max_duration_seconds=60)
        world.await_job(job, "running")
        began = time.monotonic()
        world.market.kill()
        engine = world.engines[0]
        wait_for("the container's end", lambda: "running" not in engine.containers().values(), 90, pause=0.2)
        ran = time.monotonic() - began
        assert ran > 55, f"it was stopped after {ran:.1f} s already"
        world.market.start()
        job = world.await_job(job, "failed")
        lease = world.leases(job["job_id"])[-1]
        assert job["reason"] == "time-spent" and lease["seconds_billed"] == 60
        world.nothing_is_left()
        ledger.check(world.market)
        print(f"the container ended {ran:.1f} s after the server was killed")
