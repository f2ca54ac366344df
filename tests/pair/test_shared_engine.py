# SPDX-License-Identifier: Apache-2.0
"""Agents that share an engine, as those of one machine may: each knows its own containers."""

from tests.outside import ledger
from tests.outside.scene import scene


def test_an_agent_that_starts_leaves_the_containers_of_others_alone():
    with scene("shared", [("0.050", 1), ("0.060", 1)], one_engine=True) as world:
        jobs = [world.submit("sleep", 6000) for _ in world.agents]
        for job in jobs:
            world.await_job(job, "running")
        owners = [world.agent_of(world.leases(job)[-1]) for job in jobs]
        assert owners == world.agents
        for agent in world.agents:
            agent.kill()
            agent.start()
        for job in jobs:
            world.await_job(job, "settled")
            assert len(world.leases(job)) == 1
        world.nothing_is_left()
        ledger.check(world.market)
