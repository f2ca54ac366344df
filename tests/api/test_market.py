# SPDX-License-Identifier: Apache-2.0
"""Public market data: pools, depth, trades. Nobody's name is in it."""

import pytest

from tests.outside.market import usd

POOLS = ["cpu", "rtx4090-24g", "rtx3090-24g", "a100-sxm-80g", "h100-sxm-80g", "h200-sxm-141g", "l40s-48g", "l4-24g"]
TICK = "0.001000"


def level(price, units, orders):
    return {"price_per_unit_hour": usd(price), "units": units, "orders": orders}


def test_pools_come_in_the_operators_order(anybody):
    assert [p["pool"] for p in anybody.get("/v1/pools").ok()["data"]] == POOLS


def test_a_pool_is_told_alone_as_in_the_list(anybody):
    listed = anybody.get("/v1/pools").ok()["data"]
    assert anybody.get("/v1/pools/h100-sxm-80g").ok() == listed[4]


def test_a_quiet_pool(anybody):
    pool = anybody.get("/v1/pools/l4-24g").ok()
    assert pool["gpu_model"] == "NVIDIA L4" and pool["unit"]["gpus"] == 1 and pool["tick"] == usd(TICK)
    assert pool["asks"] == {"open": 0, "units_free": 0, "best_price_per_unit_hour": None}
    assert pool["bids"] == {"open": 0, "units": 0, "best_price_per_unit_hour": None}
    assert pool["last_trade"] is None


def test_the_cpu_pool_has_no_gpu(anybody):
    pool = anybody.get("/v1/pools/cpu").ok()
    assert (pool["gpu_model"], pool["gpu_memory_bytes"], pool["unit"]["gpus"]) == (None, 0, 0)


def test_a_pool_tells_what_rests_and_the_last_trade(anybody, buyer, machine, told_books):
    machine.offer(units=3, price="0.010").ok()
    machine.offer(units=5, price="0.012").ok()
    buyer.submit(units=2, limit_price_per_unit_hour=usd("0.010")).ok()
    buyer.submit(units=4, limit_price_per_unit_hour=usd("0.009")).ok()
    told_books()
    pool = anybody.get("/v1/pools/cpu").ok()
    assert pool["asks"] == {"open": 2, "units_free": 6, "best_price_per_unit_hour": usd("0.010000")}
    assert pool["bids"] == {"open": 1, "units": 4, "best_price_per_unit_hour": usd("0.009000")}
    assert (pool["last_trade"]["units"], pool["last_trade"]["price_per_unit_hour"]) == (2, usd("0.010000"))


def test_depth_is_best_first_and_adds_up_orders_of_a_price(anybody, buyer, machine, told_books):
    for units, price in ((1, "0.030"), (2, "0.031"), (4, "0.030")):
        machine.offer(units, price).ok()
    for units, limit in ((1, "0.008"), (2, "0.009"), (3, "0.008")):
        buyer.submit(units=units, limit_price_per_unit_hour=usd(limit)).ok()
    told_books()
    depth = anybody.get("/v1/pools/cpu/depth").ok()
    assert depth["asks"] == [level("0.030000", 5, 2), level("0.031000", 2, 1)]
    assert depth["bids"] == [level("0.009000", 2, 1), level("0.008000", 4, 2)]


def test_depth_can_be_cut(anybody, machine, told_books):
    machine.offer(1, "0.040").ok()
    machine.offer(1, "0.041").ok()
    told_books()
    assert len(anybody.get("/v1/pools/cpu/depth?levels=1").ok()["asks"]) == 1
    assert len(anybody.get("/v1/pools/cpu/depth?levels=100").ok()["asks"]) == 2


def test_depth_tells_after_which_command(anybody, machine, told_books):
    placed = machine.offer(1, "0.050").ok()["ask"]
    told_books()
    assert anybody.get("/v1/pools/cpu/depth").ok()["sequence"] == placed["priority"]


@pytest.mark.parametrize("levels", ["0", "101", "-1", "1.5", "ten", "", "99999999999999999999"])
def test_levels_have_bounds(anybody, problem, levels):
    problem(anybody.get(f"/v1/pools/cpu/depth?levels={levels}"), "validation-failed", "?levels")


@pytest.mark.parametrize("path", ["/v1/pools/gpu", "/v1/pools/CPU", "/v1/pools/cpu%20", "/v1/pools/gpu/depth"])
def test_there_are_no_other_pools(anybody, problem, path):
    problem(anybody.get(path), "not-found")


def test_the_tape_tells_trades_newest_first_without_parties(anybody, buyer, machine):
    machine.offer(units=2, price="0.010").ok()
    made = [buyer.submit(units=1).ok()["trades"][0] for _ in range(2)]
    assert anybody.get("/v1/trades?limit=2").ok()["data"] == made[::-1]
    assert set(made[0]) == {"trade_id", "pool", "units", "price_per_unit_hour", "taker", "at", "own", "displacing"}
    assert made[0]["taker"] == "bid"


def test_an_ask_that_comes_second_is_the_taker(anybody, buyer, machine):
    buyer.submit(units=1, limit_price_per_unit_hour=usd("0.015")).ok()
    made = machine.offer(units=1, price="0.010").ok()["trades"]
    assert (made[0]["taker"], made[0]["price_per_unit_hour"]) == ("ask", usd("0.015000"))
    assert anybody.get("/v1/trades?limit=1").ok()["data"] == made


def test_the_tape_of_a_pool_holds_its_trades_alone(anybody, buyer, machine):
    machine.offer().ok()
    buyer.submit().ok()
    assert anybody.get("/v1/trades?pool=l4-24g").ok()["data"] == []
    assert {t["pool"] for t in anybody.get("/v1/trades?pool=cpu").ok()["data"]} == {"cpu"}


def test_the_tape_has_pages(anybody, buyer, machine):
    machine.offer(units=5, price="0.010").ok()
    made = [buyer.submit(units=1).ok()["trades"][0] for _ in range(5)]
    assert anybody.pages("/v1/trades?pool=cpu", 2)[:5] == made[::-1]


def test_a_tape_of_no_pool(anybody, problem):
    problem(anybody.get("/v1/trades?pool=nothing"), "validation-failed", "?pool")
