# SPDX-License-Identifier: Apache-2.0
"""Asks: offers of a machine, placed by its owner or by itself."""

import pytest

from tests.api.people import Machine, fresh, inventory, report
from tests.outside.market import usd


def offer(machine, key=None, **wishes):
    """POST /v1/asks, by the owner."""
    body = {"node_id": machine.node_id, "pool": "cpu", "units": 1, "price_per_unit_hour": usd("0.500"), **wishes}
    return machine.provider.post("/v1/asks", body, key or fresh())


@pytest.fixture(params=["owner", "machine"])
def side(request, provider, machine):
    """Who asks, how offers are made, and where they are."""
    if request.param == "owner":
        return provider, lambda **wishes: offer(machine, **wishes), "/v1/asks"
    return machine, lambda **wishes: machine.offer(price="0.500", **wishes), "/v1/agent/asks"


def test_an_ask_rests(provider, machine):
    made = offer(machine, units=4).ok()
    assert made["trades"] == []
    told = made["ask"]
    assert (told["node_id"], told["pool"], told["state"], told["reason"]) == (machine.node_id, "cpu", "open", None)
    assert (told["units"], told["units_free"], told["price_per_unit_hour"]) == (4, 4, usd("0.500000"))
    assert (told["floor_price_per_unit_hour"], told["min_lease_seconds"], told["max_lease_seconds"]) == (
        usd("0.500000"), 60, 86400)
    assert provider.get(f"/v1/asks/{told['ask_id']}").ok() == told


def test_a_machine_offers_itself(provider, machine):
    told = machine.offer(units=2, price="0.500").ok()["ask"]
    assert told["node_id"] == machine.node_id
    assert machine.call("GET", "/v1/agent/asks?state=open").ok()["data"][0] == told
    assert provider.get(f"/v1/asks/{told['ask_id']}").ok() == told


def test_all_that_is_wished_is_told(side):
    _, place, _ = side
    wishes = {"floor_price_per_unit_hour": usd("0.400"), "available_until": "2027-01-01T00:00:00.000Z",
              "min_lease_seconds": 120, "max_lease_seconds": 7200, "units": 3, "interruptible": True,
              "unit_sets": [1, 3], "min_buyer_tier": 1, "max_checkpoint_seconds": 600, "egress": "none", "post_only": True}
    told = place(**wishes).ok()["ask"]
    assert {name: told[name] for name in wishes} == {**wishes, "floor_price_per_unit_hour": usd("0.400000")}


def test_an_ask_trades_at_once_with_all_it_serves(buyer, machine):
    for cents in ("0.520", "0.510", "0.499"):
        buyer.submit(units=2, limit_price_per_unit_hour=usd(cents)).ok()
    made = offer(machine, units=5).ok()
    assert [(t["price_per_unit_hour"], t["units"], t["taker"]) for t in made["trades"]] == [
        (usd("0.520000"), 2, "ask"), (usd("0.510000"), 2, "ask")]
    assert made["ask"]["units_free"] == 1


def test_the_same_again_is_answered_the_same(side):
    _, place, _ = side
    key = fresh()
    first, again = place(key=key, units=2), place(key=key, units=2)
    assert (first.status, again.status, again.content) == (201, 201, first.content)
    assert (first.headers["Idempotency-Replayed"], again.headers["Idempotency-Replayed"]) == (None, "true")


def test_the_first_answer_stays_when_the_ask_has_gone_on(machine, provider):
    key = fresh()
    first = offer(machine, key)
    provider.patch(f"/v1/asks/{first.ok()['ask']['ask_id']}", {"units": 2}).ok()
    provider.post(f"/v1/asks/{first.ok()['ask']['ask_id']}/cancel").ok()
    assert offer(machine, key).content == first.content


def test_another_body_with_the_same_key(side, problem):
    _, place, _ = side
    key = fresh()
    place(key=key, units=2).ok()
    problem(place(key=key, units=3), "idempotency-key-reused")


def test_the_keys_of_two_machines_are_two(machine, provider):
    other, key = Machine(provider), fresh()
    mine, theirs = (one.offer(price="0.500", key=key).ok()["ask"] for one in (machine, other))
    assert (mine["node_id"], theirs["node_id"]) == (machine.node_id, other.node_id)


def test_a_machine_offers_no_more_than_it_has(crowd, problem):
    small = Machine(crowd())
    small.call("PUT", "/v1/agent/node", report(inventory=inventory(4))).ok()
    offer(small, units=3).ok()
    problem(offer(small, units=2), "quota-exceeded")
    offer(small, units=1).ok()


def test_a_machine_without_gpus_offers_none(machine, problem):
    problem(offer(machine, pool="l4-24g"), "quota-exceeded")


def test_a_machine_offers_its_gpus(crowd):
    gpu = {"uuid": "GPU-1", "model": "NVIDIA L4", "memory_bytes": 24152899584}
    big = Machine(crowd())
    big.call("PUT", "/v1/agent/node", report(inventory=inventory(64, [gpu]))).ok()
    assert offer(big, pool="l4-24g").ok()["ask"]["pool"] == "l4-24g"


def test_asks_have_pages_newest_first(crowd):
    machine = Machine(crowd())
    made = [offer(machine).ok()["ask"]["ask_id"] for _ in range(5)]
    assert [a["ask_id"] for a in machine.provider.pages("/v1/asks", 2)] == made[::-1]
    assert [a["ask_id"] for a in machine.pages("/v1/agent/asks", 2)] == made[::-1]


def test_asks_of_a_state(side):
    asker, place, path = side
    gone = place().ok()["ask"]["ask_id"]
    rests = place().ok()["ask"]["ask_id"]
    asker.post(f"{path}/{gone}/cancel").ok()
    assert rests in [a["ask_id"] for a in asker.get(f"{path}?state=open").ok()["data"]]
    assert gone in [a["ask_id"] for a in asker.get(f"{path}?state=cancelled").ok()["data"]]
    assert asker.get(f"{path}?state=expired").ok()["data"] == []


def test_a_machine_sees_its_own_asks_alone(provider, machine):
    other = Machine(provider, "second")
    theirs = offer(other).ok()["ask"]["ask_id"]
    assert theirs not in [a["ask_id"] for a in machine.call("GET", "/v1/agent/asks").ok()["data"]]
    assert machine.post(f"/v1/agent/asks/{theirs}/cancel").status == 404
    assert machine.patch(f"/v1/agent/asks/{theirs}", {"units": 2}).status == 404


def test_what_one_has_is_not_sent_again(provider, machine):
    path = f"/v1/asks/{offer(machine).ok()['ask']['ask_id']}"
    tag = provider.get(path).headers["ETag"]
    assert provider.get(path, If_None_Match=tag).status == 304
    provider.patch(path, {"units": 2}).ok()
    assert provider.get(path, If_None_Match=tag).status == 200


def test_more_units_go_to_the_end_of_the_line_and_fewer_stay(side):
    asker, place, path = side
    made = place(units=3).ok()["ask"]
    path = f"{path}/{made['ask_id']}"
    fewer = asker.patch(path, {"units": 2}).ok()
    assert (fewer["units"], fewer["units_free"], fewer["priority"]) == (2, 2, made["priority"])
    more = asker.patch(path, {"units": 5}).ok()
    assert (more["units"], more["units_free"]) == (5, 5) and more["priority"] > made["priority"]


def test_a_new_price_goes_to_the_end_of_the_line_and_can_trade(side, buyer):
    asker, place, path = side
    made = place(floor_price_per_unit_hour=usd("0.300")).ok()["ask"]
    job = buyer.submit(limit_price_per_unit_hour=usd("0.450")).ok()["job"]
    told = asker.patch(f"{path}/{made['ask_id']}", {"price_per_unit_hour": usd("0.440")}).ok()
    assert told["price_per_unit_hour"] == usd("0.440000") and told["priority"] > made["priority"]
    assert told["units_free"] == 0 and buyer.get(f"/v1/jobs/{job['job_id']}").ok()["state"] == "placed"


def test_not_below_the_floor_and_not_between_ticks(side, problem):
    asker, place, path = side
    path = f"{path}/{place().ok()['ask']['ask_id']}"
    problem(asker.patch(path, {"price_per_unit_hour": usd("0.499")}), "validation-failed")
    problem(asker.patch(path, {"price_per_unit_hour": usd("0.5005")}), "validation-failed")


def test_not_fewer_units_than_are_under_lease(side, buyer, problem):
    asker, place, path = side
    made = place(units=3).ok()["ask"]
    buyer.submit(units=2, limit_price_per_unit_hour=usd("0.500")).ok()
    problem(asker.patch(f"{path}/{made['ask_id']}", {"units": 1}), "validation-failed")
    assert asker.patch(f"{path}/{made['ask_id']}", {"units": 2}).ok()["units_free"] == 0


def test_a_change_only_of_what_one_has_seen(side, problem):
    asker, place, path = side
    path = f"{path}/{place(units=2).ok()['ask']['ask_id']}"
    first = asker.patch(path, {"units": 3}).headers["ETag"]
    second = asker.patch(path, {"units": 4}, {"If-Match": first}).headers["ETag"]
    assert first != second
    problem(asker.patch(path, {"units": 5}, {"If-Match": first}), "precondition-failed")


def test_a_change_of_nothing(side, problem):
    asker, place, path = side
    problem(asker.patch(f"{path}/{place().ok()['ask']['ask_id']}", {}), "validation-failed", "")


def test_withdrawing_again_changes_nothing(side, problem):
    asker, place, path = side
    path = f"{path}/{place().ok()['ask']['ask_id']}"
    told = asker.post(f"{path}/cancel")
    assert (told.ok()["state"], told.json["reason"], told.json["units_free"]) == ("cancelled", "cancelled", 0)
    assert asker.post(f"{path}/cancel").content == told.content
    problem(asker.patch(path, {"units": 2}), "wrong-state")


def test_leases_of_a_withdrawn_ask_go_on(buyer, provider, machine):
    ask = offer(machine).ok()["ask"]
    lease = buyer.submit(limit_price_per_unit_hour=usd("0.500")).ok()["job"]["lease_id"]
    provider.post(f"/v1/asks/{ask['ask_id']}/cancel").ok()
    machine.run(lease)
    assert buyer.get(f"/v1/leases/{lease}").ok()["state"] == "settled"


@pytest.mark.parametrize("policy", ["fixed", "undercut", "adaptive"])
def test_the_owner_says_how_the_price_moves(side, policy):
    asker, place, path = side
    told = place(pricing=policy).ok()["ask"]
    assert told["pricing"] == policy
    listed = asker.call("GET", f"{path}?state=open").ok()["data"]
    assert [a["pricing"] for a in listed if a["ask_id"] == told["ask_id"]] == [policy]


def test_a_price_adapts_unless_something_else_is_said(machine):
    assert offer(machine).ok()["ask"]["pricing"] == "adaptive"


def test_a_policy_that_is_none(side, problem):
    _, place, _ = side
    problem(place(pricing="clairvoyant"), "validation-failed", "/pricing")


def prices(provider, ask_id, limit=25):
    return [(p["price_per_unit_hour"]["amount"], p["by"], p["reason"])
            for p in provider.pages(f"/v1/asks/{ask_id}/prices", limit)]


def test_the_history_of_a_price(provider, machine):
    ask_id = offer(machine, units=2, floor_price_per_unit_hour=usd("0.400")).ok()["ask"]["ask_id"]
    assert prices(provider, ask_id) == [("0.500000", "owner", None)]
    machine.call("PATCH", f"/v1/agent/asks/{ask_id}",
                 {"price_per_unit_hour": usd("0.490"), "reason": "idle for 12 min, best other ask 0.49"}).ok()
    provider.patch(f"/v1/asks/{ask_id}", {"units": 1}).ok()  # no news of the price
    provider.patch(f"/v1/asks/{ask_id}", {"price_per_unit_hour": usd("0.600")}).ok()
    told = [("0.600000", "owner", None), ("0.490000", "agent", "idle for 12 min, best other ask 0.49"),
            ("0.500000", "owner", None)]
    assert prices(provider, ask_id) == told
    assert prices(provider, ask_id, 1) == told  # page by page
    first, *_, last = provider.get(f"/v1/asks/{ask_id}/prices").ok()["data"]
    assert first["previous_price_per_unit_hour"] == usd("0.490000")
    assert last["previous_price_per_unit_hour"] is None


def test_the_history_is_the_owners_alone(crowd, machine, problem):
    ask_id = machine.offer(price="0.500").ok()["ask"]["ask_id"]
    assert prices(machine.provider, ask_id) == [("0.500000", "agent", None)]
    problem(crowd().get(f"/v1/asks/{ask_id}/prices"), "not-found")


@pytest.mark.parametrize("reason", ["", "x" * 201, 7])
def test_a_reason_is_a_sentence(provider, machine, problem, reason):
    ask_id = offer(machine).ok()["ask"]["ask_id"]
    problem(provider.patch(f"/v1/asks/{ask_id}", {"price_per_unit_hour": usd("0.600"), "reason": reason}),
            "validation-failed", "/reason")


def test_a_reason_alone_changes_nothing(provider, machine, problem):
    ask_id = offer(machine).ok()["ask"]["ask_id"]
    problem(provider.patch(f"/v1/asks/{ask_id}", {"reason": "a whim"}), "validation-failed", "")


def rival(machine):
    price = machine.call("GET", "/v1/agent/pools/cpu").ok()["best_other_ask_price_per_unit_hour"]
    return price and price["amount"]


def test_who_has_never_delivered_moves_nobodys_price(crowd, buyer):
    mine, other = Machine(crowd()), Machine(crowd())
    before = rival(mine)
    other.offer(units=3, price="0.004").ok()
    assert rival(mine) == before
    lease = buyer.submit(units=1, limit_price_per_unit_hour=usd("0.004")).ok()["job"]["lease_id"]
    other.run(lease)
    assert rival(mine) == "0.004000"
    assert rival(other) == before  # nobody competes with himself


def last_trade(machine):
    trade = machine.call("GET", "/v1/agent/pools/cpu").ok()["last_trade"]
    return trade and trade["price_per_unit_hour"]["amount"]


def test_a_trade_of_who_has_never_delivered_moves_nobodys_price(crowd, buyer):
    mine, other = Machine(crowd()), Machine(crowd())
    before = last_trade(mine)
    other.offer(units=1, price="0.002").ok()
    lease = buyer.submit(units=1, limit_price_per_unit_hour=usd("0.002")).ok()["job"]["lease_id"]
    assert last_trade(mine) == before != "0.002000"
    other.run(lease)
    assert last_trade(mine) == "0.002000"


def test_a_sold_out_machine_is_no_competitor(crowd, buyer):
    mine, other = Machine(crowd()), Machine(crowd())
    other.offer(units=2, price="0.003").ok()
    for _ in range(2):
        lease = buyer.submit(units=1, limit_price_per_unit_hour=usd("0.003")).ok()["job"]["lease_id"]
        other.run(lease)
    assert rival(mine) == "0.003000"
    buyer.submit(units=2, limit_price_per_unit_hour=usd("0.003")).ok()
    assert rival(mine) != "0.003000"


def test_a_pool_that_is_none(machine, problem):
    problem(machine.call("GET", "/v1/agent/pools/gold"), "not-found")
