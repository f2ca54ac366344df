# SPDX-License-Identifier: Apache-2.0
"""Real machines take part in what orders can say: a run makes room, a gang runs together, an owner's job runs
on his own machine for nothing, a sealed bid goes to the cheapest."""

import contextlib
import time
import uuid

from tests.outside.market import micros, usd
from tests.outside.process import wait_for
from tests.outside.scene import scene

A_WHILE = 600_000  # milliseconds


def submit_as(world, account, *command, **more):
    """A job of somebody else than the buyer; he needs the image, too."""
    image = world.market.upload(account, world.archive)
    with account.client() as client:
        return client.call("POST", "/v1/jobs", {**world.body(command, **more), "image": image},
                           {"Idempotency-Key": str(uuid.uuid4())}).ok()


def see(account, job_id):
    with account.client() as client:
        return client.get(f"/v1/jobs/{job_id}").ok()


def test_a_run_makes_room_and_comes_again():
    with scene("displace", [("0.050", 1)], min_run_seconds=2, notice_seconds=5) as world:
        victim = world.submit("sleep", 4000, interruptible=True, limit_price_per_unit_hour=usd("0.100"))
        world.await_job(victim, "running")
        firm = world.market.account("firm", "10.00")
        made = submit_as(world, firm, "sleep", 500, limit_price_per_unit_hour=usd("0.200"))["job"]
        wait_for("the notice", lambda: world.leases(victim)[0]["state"] == "preempted", 20)
        wait_for("the newcomer's end", lambda: see(firm, made["job_id"])["state"] == "settled", 60)
        lease = see(firm, made["job_id"])["leases"][0]
        assert lease["price_per_unit_hour"] == usd("0.101000") and micros(lease["insurance"]) > 0
        world.await_job(victim, "settled")
        first, last = world.leases(victim)[0], world.leases(victim)[-1]
        assert world.market.value(f"SELECT reason FROM leases WHERE lease = {first['lease']}") == 19  # displaced
        assert first["seconds_signed"] >= 2 and last["lease"] > lease_number(world, made)
        world.nothing_is_left()


def lease_number(world, made):
    return world.leases(made["job_id"])[0]["lease"]


def test_a_gang_runs_together_and_each_knows_its_rank():
    with scene("gang", [("0.050", 1), ("0.060", 1)]) as world:
        job = world.submit("env", "BOURSE_RANK", "env", "BOURSE_NODES", nodes=2)
        told = world.await_job(job, "settled")
        assert (told["nodes"], told["exit_code"]) == (2, 0)
        leases = told["leases"]
        assert {x["node_id"] for x in leases} == {a.node_id for a in world.agents}
        said = sorted(world.patiently("GET", f"/v1/jobs/{job}/log?lease_id={x['lease_id']}", Accept="text/plain")
                      .content.decode() for x in leases)
        assert said == ["BOURSE_RANK=0\nBOURSE_NODES=2\n", "BOURSE_RANK=1\nBOURSE_NODES=2\n"]
        world.nothing_is_left()


def test_a_gang_starts_together_or_not_at_all():
    with scene("together", [("0.050", 1), ("0.060", 1)]) as world:
        first, second = world.agents
        second.process.pause()  # it takes its offer late
        job = world.submit("say", "here", "sleep", 1000, nodes=2)
        wait_for("the first to be prepared", lambda: any(x["prepared"] for x in world.leases(job)), 30)
        time.sleep(1)
        assert not any(x["gathered"] or x["ready"] for x in world.leases(job))
        second.process.resume()
        told = world.await_job(job, "settled")
        leases = told["leases"]
        assert all(x["gathered_at"] == leases[0]["gathered_at"] <= x["ready_at"] for x in leases)
        assert world.agent_of(world.leases(job)[0]) is first
        world.nothing_is_left()
        second.process.pause()
        job = world.submit("say", "never", nodes=2, max_attempts=1)
        wait_for("its end", lambda: world.job(job)["state"] == "failed", 60)  # the second's offer timed out
        assert not any(x["ready"] or x["charge"] for x in world.leases(job))
        second.process.resume()
        world.nothing_is_left()


def test_ones_own_machine_runs_ones_own_jobs_for_nothing():
    with scene("own", [("0.050", 1), ("0.010", 1)]) as world:
        mine, other = world.agents
        made = submit_as(world, mine.provider, "sleep", 100, budget=usd("0.01"), own="only")["job"]
        wait_for("its end", lambda: see(mine.provider, made["job_id"])["state"] == "settled", 60)
        over = see(mine.provider, made["job_id"])
        (lease,) = over["leases"]
        assert lease["node_id"] == mine.node_id and lease["own"]
        assert (micros(over["spent"]), micros(lease["charge"])) == (0, 0)
        assert world.market.value("SELECT count(*) FROM trades WHERE NOT own") == 0
        with contextlib.closing(other.provider.client()) as client:
            assert client.get("/v1/trades").ok()["data"] == []
        world.nothing_is_left()


def test_a_sealed_bid_goes_to_the_cheapest_at_the_second_price():
    sellers = [("0.090", 1, {"floor_price_per_unit_hour": "0.020"}), ("0.080", 1, {"floor_price_per_unit_hour": "0.030"})]
    with scene("sealed", sellers) as world:
        job = world.submit("sleep", 100, auction_ms=3000)
        assert world.job(job)["waits_for"] == "auction"
        told = world.await_job(job, "settled")
        (lease,) = told["leases"]
        assert lease["node_id"] == world.agents[0].node_id
        assert lease["price_per_unit_hour"] == usd("0.030000")
        assert world.market.value("SELECT count(*) FROM offers") == 2
        world.nothing_is_left()
