# SPDX-License-Identifier: Apache-2.0
"""Real agents move the prices of their asks: against each other, and with what they sell."""

from tests.outside.market import usd
from tests.outside.process import wait_for
from tests.outside.scene import scene

QUICK = {"quote_seconds": 1}
A_WHILE = 600_000  # milliseconds


def ask_of(world, agent):
    with agent.provider.client() as client:
        (ask,) = client.get("/v1/asks?state=open").ok()["data"]
        return ask


def price_of(world, agent):
    return ask_of(world, agent)["price_per_unit_hour"]["amount"]


def history(world, agent):
    """(price, by, reason) of the agent's ask, oldest first."""
    with agent.provider.client() as client:
        told = client.get(f"/v1/asks/{ask_of(world, agent)['ask_id']}/prices?limit=100").ok()["data"]
    return [(p["price_per_unit_hour"]["amount"], p["by"], p["reason"]) for p in reversed(told)]


def await_price(world, agent, price, seconds=90):
    wait_for(f"{agent.name} at {price}", lambda: price_of(world, agent) == price, seconds)


def test_two_undercutters_end_at_the_higher_floor():
    seller = {"pricing": "undercut", **QUICK}
    with scene("undercut", [("0.050", 2, {"floor_price_per_unit_hour": "0.046", **seller}),
                            ("0.050", 2, {"floor_price_per_unit_hour": "0.044", **seller})]) as world:
        high, low = world.agents
        assert {price_of(world, a) for a in world.agents} == {"0.050000"}  # nobody has delivered yet
        jobs = [world.submit("sleep", 1, units=2) for _ in range(2)]
        for job in jobs:
            world.await_job(job, "settled")
        await_price(world, high, "0.046000")
        await_price(world, low, "0.045000")

        for agent in world.agents:
            (first, *moves) = history(world, agent)
            assert first == ("0.050000", "agent", None)
            assert all(by == "agent" and reason for _, by, reason in moves), moves
        assert history(world, low)[-1] == ("0.045000", "agent", "one tick under the best other ask, 0.046")

        # The cheaper one is sold out: nothing competes with the other any more.
        job = world.submit("sleep", A_WHILE, units=2)
        assert world.agent_of(world.leases(job)[-1]) is low
        await_price(world, high, "0.050000")
        assert history(world, high)[-1] == ("0.050000", "agent", "back to the owner's price, no other ask")
        world.cancel(job)
        world.nothing_is_left()


def test_an_adaptive_price_climbs_while_it_sells_and_falls_while_it_does_not():
    with scene("adaptive", [("0.050", 2, {"floor_price_per_unit_hour": "0.040", **QUICK})]) as world:
        (agent,) = world.agents
        assert ask_of(world, agent)["pricing"] == "adaptive"
        jobs = [world.submit("sleep", A_WHILE) for _ in range(2)]
        wait_for("a higher price", lambda: price_of(world, agent) > "0.052", 90)
        highest = price_of(world, agent)
        assert any("sold" in (reason or "") for _, _, reason in history(world, agent))
        for job in jobs:
            world.cancel(job)
        await_price(world, agent, "0.040000", 180)
        prices = [price for price, _, _ in history(world, agent)]
        assert highest in prices
        assert all("0.040000" <= price <= "0.200000" for price in prices), prices
        assert history(world, agent)[-1][2].startswith("idle for ")

        # What it learned is kept: a restart neither goes back nor takes the price for the owner's.
        agent.kill()
        agent.start()
        job = world.submit("sleep", A_WHILE, units=2, limit_price_per_unit_hour=usd("0.040"))
        world.await_job(job, "running")
        wait_for("a higher price", lambda: price_of(world, agent) > "0.040", 90)
        assert history(world, agent)[-1][1] == "agent"
        world.cancel(job)
        world.nothing_is_left()
