# SPDX-License-Identifier: Apache-2.0
"""Floods: orders of one account, requests of one address, and prices that change too often. On a market with
small limits."""

import time

import pytest

from tests.api.people import Asker, Machine, Person
from tests.outside.market import Market, usd
from tests.outside.process import Folder


@pytest.fixture(scope="module")
def strict(contract):
    with Folder("strict") as folder, Market(folder, orders_per_second=2, requests_per_second=3, quote_seconds=60,
                                            backoff_seconds=600) as market:
        yield market


@pytest.fixture
def person(strict, contract):
    people = []

    def new(credit=None):
        people.append(Person(strict, contract, strict.account(f"person {len(people)}", credit)))
        return people[-1]

    yield new
    for one in people:
        one.close()


def test_a_flood_of_orders_is_told_when_to_come_again(strict, person, problem):
    flood, other = person("10"), person("10")
    told = [flood.submit(limit_price_per_unit_hour=usd("0.001")) for _ in range(14)]
    good, refused = ([t for t in told if t.status == s] for s in (201, 429))
    assert 10 <= len(good) <= 12 and len(good) + len(refused) == 14
    problem(refused[0], "rate-limited")
    assert refused[0].headers["RateLimit-Policy"] == '"orders";q=10;w=5'
    assert refused[0].headers["RateLimit"].startswith('"orders";r=0;t=') and int(refused[0].headers["Retry-After"]) >= 1
    assert good[0].headers["RateLimit"].startswith('"orders";r=9;')
    assert other.submit().status == 201  # his flood is nobody else's
    assert flood.get("/v1/jobs").ok()["data"]  # and reading is not ordering
    assert strict.value(f"SELECT count(*) FROM bids WHERE account = {flood.number}") == len(good)
    time.sleep(1.1)
    assert flood.submit(limit_price_per_unit_hour=usd("0.001")).status == 201


def test_who_is_refused_may_repeat_with_the_same_key(person):
    flood = person("10")
    while flood.submit(limit_price_per_unit_hour=usd("0.001")).status == 201:
        pass
    assert flood.submit(key="the-same").status == 429
    time.sleep(1.1)
    assert flood.submit(key="the-same").status == 201


def test_a_machine_that_is_another_every_moment_is_told_so(strict, person, problem):
    machine = Machine(person())
    said = {"name": "node", "agent_version": "1.0.0", "engine": None}
    for n in range(1, 100):
        told = machine.call("PUT", "/v1/agent/node", {**said, "inventory": {
            "cpu_millis": 64000 + n, "memory_bytes": 1 << 38, "scratch_bytes": 1 << 39, "gpus": []}})
        if told.status != 200:
            break
    assert n > 10
    problem(told, "rate-limited")
    assert strict.value(f"SELECT count(*) FROM commands WHERE account = {machine.provider.number} AND kind = 3") == n


def test_a_flood_from_one_address_is_told_so(strict, contract, problem):
    anybody = Asker(strict, contract)
    told = [anybody.get("/v1/pools") for _ in range(40)]
    refused = [t for t in told if t.status == 429]
    assert 1 <= len(refused) <= 11
    problem(refused[0], "rate-limited")
    assert refused[0].headers["RateLimit-Policy"] == '"requests";q=30;w=10'
    assert anybody.get("/livez").status == 200  # whoever asks whether we live
    anybody.close()


def test_a_price_stands(person, problem):
    machine = Machine(person())
    ask = machine.offer(units=1, price="0.010").ok()["ask"]
    machine.patch(f"/v1/agent/asks/{ask['ask_id']}", {"price_per_unit_hour": usd("0.020")}).ok()
    told = machine.patch(f"/v1/agent/asks/{ask['ask_id']}", {"price_per_unit_hour": usd("0.030")})
    problem(told, "quote-stands")
    assert 50 <= int(told.headers["Retry-After"]) <= 60
    machine.patch(f"/v1/agent/asks/{ask['ask_id']}", {"units": 2}).ok()
    node = machine.provider.get(f"/v1/nodes/{machine.node_id}").ok()
    assert node["price_stands_until"] and node["backs_off_until"] is None and node["strikes"] == 0


def test_who_declines_backs_off(person, problem):
    buyer, machine = person("10"), Machine(person())
    machine.offer(units=1, price="0.010").ok()
    lease = buyer.submit().ok()["job"]["lease_id"]
    machine.say(machine.work(lease), "decline", reason="declined").ok()
    told = machine.offer(units=1, price="0.010")
    problem(told, "backing-off")
    assert 590 <= int(told.headers["Retry-After"]) <= 600
    node = machine.provider.get(f"/v1/nodes/{machine.node_id}").ok()
    assert node["strikes"] == 1 and node["backs_off_until"]
