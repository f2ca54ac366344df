# SPDX-License-Identifier: Apache-2.0
"""What a job would cost, for anybody: what is told is what happens then."""

import json
import time

import pytest

from tests.api.people import Asker, Machine, Person, inventory, job, report
from tests.outside.market import Market, micros, usd
from tests.outside.process import Folder
from tests.outside.protocol import rfc3339

ZERO = usd("0.000000")


def quote(asker, **wishes):
    return asker.post("/v1/quotes", {"pool": "cpu", **wishes}).ok()


def test_a_quote_before_sign_in(anybody, machine, unchanged):
    machine.offer(units=4, price="0.010").ok()
    with unchanged():
        told = quote(anybody, units=2, max_duration_seconds=1800)
    assert (told["account_id"], told["matches_now"], told["pool"], told["explanation"]) == (None, True, "cpu", None)
    offer = told["offer"]
    assert (offer["units"], offer["own"], offer["runs_at_most_seconds"]) == (2, False, 1800)
    assert offer["price_per_hour"] == usd("0.020000") and len(offer["nodes"]) == 1
    assert told["cost"]["now"] == usd("0.010000")
    assert told["limit_price_per_unit_hour"] == usd("0.011000")
    assert told["hold"] == usd("0.011000")  # 0.011 × 2 units × half an hour


def test_the_bill_has_its_lines(anybody, machine):
    machine.offer(price="0.010").ok()
    cost = quote(anybody)["cost"]
    assert cost["fee"]["amount"] == usd("0.000100")
    assert [cost[line]["amount"] for line in ("audit", "transfer", "storage")] == [ZERO] * 3
    assert cost["storage"]["text"] == "Not charged by this market."


def test_nobody_is_named(anybody, machine, provider):
    machine.offer(price="0.010").ok()
    told = json.dumps(quote(anybody))
    for secret in (machine.node_id, provider.account_id, "ask_", "node_"):
        assert secret not in told


def test_a_machine_is_told_by_its_traits(anybody, provider):
    other = Machine(provider)
    other.call("PUT", "/v1/agent/node", report(inventory={**inventory(), "region": "oceania"})).ok()
    other.offer(price="0.010").ok()
    node, = quote(anybody)["offer"]["nodes"]
    assert node == {"region": "oceania", "tier": 0, "verified": False, "isolation": "runc", "interconnect": "pcie",
                    "price_per_unit_hour": usd("0.010000")}


def test_a_job_with_the_limit_of_the_quote_gets_the_price_of_the_quote(buyer, machine):
    machine.offer(price="0.017").ok()
    told = quote(buyer)
    assert told["account_id"] == buyer.account_id
    made = buyer.submit(limit_price_per_unit_hour=told["limit_price_per_unit_hour"]).ok()
    assert made["job"]["state"] == "placed"
    assert [t["price_per_unit_hour"] for t in made["trades"]] == [told["offer"]["nodes"][0]["price_per_unit_hour"]]


def test_several_machines_are_added_up(buyer, provider, machine):
    machine.offer(units=2, price="0.010").ok()
    Machine(provider).offer(units=2, price="0.013").ok()
    told = quote(buyer, nodes=2, units=2, max_duration_seconds=3600)
    assert [n["price_per_unit_hour"] for n in told["offer"]["nodes"]] == [usd("0.010000"), usd("0.013000")]
    assert told["offer"]["price_per_hour"] == usd("0.046000") == told["cost"]["now"]
    assert told["limit_price_per_unit_hour"] == usd("0.015000")  # 0.0143, on the tick
    made = buyer.submit(nodes=2, units=2, max_duration_seconds=3600,
                        limit_price_per_unit_hour=told["limit_price_per_unit_hour"]).ok()
    assert len(made["trades"]) == 2


def test_the_cheapest_of_several_pools(anybody, machine):
    machine.offer(price="0.010").ok()
    told = anybody.post("/v1/quotes", {"pools": ["l4-24g", "cpu"]}).ok()
    assert (told["pool"], told["offer"]["pool"]) == ("cpu", "cpu")


def test_a_budget_bounds_the_run_and_the_limit(anybody, machine):
    machine.offer(price="0.010").ok()
    told = quote(anybody, budget=usd("0.001"), max_duration_seconds=3600)
    assert told["offer"]["runs_at_most_seconds"] == 360 and told["cost"]["now"] == usd("0.001000")
    assert told["hold"] == usd("0.001000")
    told = quote(anybody, budget=usd("0.000175"))  # a minute at 0.0105
    assert told["limit_price_per_unit_hour"] == usd("0.010000")


def test_a_budget_for_nothing(anybody, machine, problem):
    machine.offer(price="0.010").ok()
    problem(anybody.post("/v1/quotes", {"pool": "cpu", "budget": usd("0.000001")}), "validation-failed", "/budget")


def test_nothing_serves_it(anybody, machine):
    machine.offer(price="0.010").ok()
    told = quote(anybody, limit_price_per_unit_hour=usd("0.009"))
    assert (told["matches_now"], told["offer"], told["cost"]["now"]) == (False, None, None)
    assert told["limit_price_per_unit_hour"] == usd("0.009000")
    why = told["explanation"]
    assert [c["constraint"] for c in why["constraints"]] == ["price"]
    assert [(c["change"], c["to"]) for c in why["changes"]] == [("limit", usd("0.010000"))]


def test_what_nobody_can_satisfy(anybody, machine):
    machine.offer(price="0.010").ok()
    told = quote(anybody, requires={"tier": 3, "regions": ["oceania"]})
    assert (told["offer"], told["limit_price_per_unit_hour"], told["hold"]) == (None, None, None)
    assert {c["constraint"] for c in told["explanation"]["constraints"]} == {"tier", "region"}
    told = quote(anybody, units=4032)
    assert [c["change"] for c in told["explanation"]["changes"]] == ["units"]


def test_who_has_no_money_may_ask_as_well(crowd, machine):
    machine.offer(price="0.010").ok()
    told = quote(crowd(), budget=usd("1000"))
    assert told["matches_now"] and told["explanation"] is None


def test_the_tier_of_the_account_counts(market, crowd, anybody, machine):
    person = crowd("10")
    machine.offer(price="0.010", min_buyer_tier=1).ok()
    assert not quote(person)["matches_now"]
    market.verb("account", "rate", person.account_id, "1")
    assert quote(person)["matches_now"] and not quote(anybody)["matches_now"]


def test_ones_own_machines_cost_nothing(provider, machine, anybody):
    machine.offer(price="0.010").ok()
    told = quote(provider)
    assert (told["offer"]["own"], told["offer"]["price_per_hour"], told["cost"]["now"]) == (True, ZERO, ZERO)
    assert quote(provider, own="never")["explanation"]["constraints"][0]["constraint"] == "owner"
    assert quote(anybody)["offer"]["own"] is False


# ---- who asks -------------------------------------------------------------------------------------


def test_bad_credentials_are_told(market, contract, problem):
    problem(Asker(market, contract, token="brs_live_nothing").post("/v1/quotes", {"pool": "cpu"}), "unauthenticated")


def test_a_key_of_any_scope_will_do(buyer):
    narrow = buyer.with_token(buyer.api_key("keys")["secret"])
    assert quote(narrow)["account_id"] == buyer.account_id


def test_a_session_that_is_over_is_nobodys(anybody):
    told = anybody.post("/v1/quotes", {"pool": "cpu"}, headers={"Cookie": "session=a.b.c", "Sec-Fetch-Site": "same-origin"})
    assert told.ok()["account_id"] is None


def test_a_session_counts_only_for_our_own_pages(anybody, buyer):
    made = anybody.post("/v1/session", {"token": buyer.key})
    assert made.status == 204
    cookie = made.headers["Set-Cookie"].partition(";")[0]
    for site, account in (("same-origin", buyer.account_id), ("cross-site", None)):
        told = anybody.post("/v1/quotes", {"pool": "cpu"}, headers={"Cookie": cookie, "Sec-Fetch-Site": site})
        assert told.ok()["account_id"] == account


# ---- bad bodies -----------------------------------------------------------------------------------

BAD = [
    {"pool": "gold"}, {"pool": None}, {"pools": ["cpu"]}, {"pool": None, "pools": []}, {"pool": None, "pools": ["cpu", "cpu"]},
    {"units": 0}, {"units": 4033}, {"units": "2"}, {"units": 1, "cpu_millis": 4000}, {"gpus": 1}, {"nodes": 65}, {"nodes": 0},
    {"budget": usd("0")}, {"budget": {"amount": 1, "currency": "USD"}}, {"budget": usd("1000000001")},
    {"limit_price_per_unit_hour": usd("0.0105")}, {"limit_price_per_unit_hour": usd("0")},
    {"limit_price_per_unit_hour": {"amount": "9223372036854775808", "currency": "USD"}},
    {"max_duration_seconds": 59}, {"max_duration_seconds": 2592001}, {"max_duration_seconds": 1 << 62},
    {"checkpoint_seconds": 1}, {"requires": {"regions": ["atlantis"]}}, {"requires": {"tier": 4}}, {"requires": {"colour": 1}},
    {"requires": {"isolation": "thick"}}, {"own": "perhaps"}, {"own": "only", "nodes": 2}, {"auction_ms": 9000},
    {"auction_ms": 100, "nodes": 2}, {"rank": "value"}, {"level": "audited"}, {"egress": "lan"}, {"egress": "allowlist"}, {"kind": "service"},
    {"image": "blob:x"}, {"image": "a b"}, {"workdir": "here"}, {"outputs": ["/etc"]}, {"nonsense": 1}, {"expires_at": "soon"},
    {"time_in_force": "post-only", "own": "only"}, {"env": {"A": 1}}, {"units": 0, "nodes": 0, "gpus": -1},
]


@pytest.mark.parametrize("wishes", BAD, ids=json.dumps)
def test_the_complaints_are_those_of_a_job(buyer, anybody, unchanged, wishes):
    body = job(**wishes)
    with unchanged():
        refused = buyer.post("/v1/jobs?dry_run=true", body, "a-key")
        told = anybody.post("/v1/quotes", body)
    assert refused.status in (400, 422) and told.status == refused.status, (refused, told)
    assert (told.json["code"], told.json.get("errors")) == (refused.json["code"], refused.json.get("errors"))


def test_a_time_that_has_passed(anybody, problem):
    problem(anybody.post("/v1/quotes", {"pool": "cpu", "expires_at": rfc3339(time.time() - 60)}), "validation-failed",
            "/expires_at")


# ---- what is usual --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fresh_market(contract):
    """Where nothing was traded yet, prices stand, and looks are few."""
    with Folder("api") as folder, Market(folder, quote_seconds=60, looks_per_second=2) as market:
        yield market


@pytest.fixture(scope="module")
def parties(fresh_market, contract):
    buyer, provider = (Person(fresh_market, contract, fresh_market.account(n, "1000")) for n in ("buyer", "provider"))
    yield buyer, provider
    buyer.close()
    provider.close()


def test_percentiles_are_of_recent_trades(parties, fresh_market):
    buyer, provider = parties
    machine = Machine(provider)
    for i in range(1, 7):
        machine.offer(units=1, price=f"0.0{i}0").ok()
    for i in range(1, 7):
        told = quote(buyer, max_duration_seconds=7200)
        if i < 6:
            assert (told["cost"]["p50"], told["start_seconds"]["p50"]) == (None, None)
            assert (told["cost"]["trades"], told["start_seconds"]["leases"]) == (i - 1, i - 1)
        lease = buyer.submit(limit_price_per_unit_hour=usd(f"0.0{i}0"), max_duration_seconds=7200).ok()["job"]["lease_id"]
        machine.start(lease)
        time.sleep(0.3)
    made = fresh_market.rows("SELECT ceil(extract(epoch FROM ready - traded))::int AS seconds FROM leases ORDER BY 1")
    waited = [row["seconds"] for row in made]
    told = quote(buyer, units=2, max_duration_seconds=7200)
    assert told["offer"] is None
    # 2 units for 2 hours, at the third and at the last of six prices
    assert (told["cost"]["p50"], told["cost"]["p90"], told["cost"]["trades"]) == (usd("0.120000"), usd("0.240000"), 6)
    assert told["start_seconds"] == {"p50": waited[2], "p90": waited[5], "leases": 6}


def test_a_price_stands_for_a_while(parties):
    buyer, provider = parties
    machine = Machine(provider)
    ask = machine.offer(units=1, price="0.009", floor_price_per_unit_hour=usd("0.008")).ok()["ask"]["ask_id"]
    told = quote(buyer, limit_price_per_unit_hour=usd("0.009"))
    assert (told["stands_seconds"], told["quote_seconds"]) == (0, 60)
    assert machine.patch(f"/v1/agent/asks/{ask}", {"price_per_unit_hour": usd("0.008")}).status == 200
    told = quote(buyer, limit_price_per_unit_hour=usd("0.009"))
    assert 50 <= told["stands_seconds"] <= 60
    assert machine.patch(f"/v1/agent/asks/{ask}", {"price_per_unit_hour": usd("0.009")}).json["code"] == "quote-stands"


def test_looks_are_counted_for_each_address(fresh_market, contract, problem):
    asker = Asker(fresh_market, contract)
    answers = [asker.post("/v1/quotes", {"pool": "cpu"}) for _ in range(14)]
    assert [a.status for a in answers[:12]] == [200] * 12
    problem(answers[-1], "rate-limited")
    assert answers[-1].headers["RateLimit-Policy"] == '"looks";q=12;w=6'
    assert int(answers[-1].headers["Retry-After"]) >= 1
    asker.close()


# ---- the depth for somebody with wishes ------------------------------------------------------------


@pytest.fixture
def two_places(provider):
    """0.010 in Europe with a slow line, 0.012 in Asia with a fast one."""
    for region, mbps, price, more in (("europe", 10, "0.010", {}), ("asia", 1000, "0.012", {"interruptible": True})):
        machine = Machine(provider)
        machine.call("PUT", "/v1/agent/node", report(
            inventory={**inventory(), "region": region, "bandwidth_mbps": mbps})).ok()
        machine.offer(units=2, price=price, **more).ok()


@pytest.mark.parametrize("query, prices", [
    ("region=europe", ["0.010000"]), ("region=asia,africa", []), ("region=asia,europe&interruptible=true", ["0.010000", "0.012000"]),
    ("bandwidth_mbps=11&interruptible=true", ["0.012000"]), ("units=2", ["0.010000"]), ("units=3", []), ("tier=1", []),
    ("verified=true", []), ("isolation=userns", []), ("interconnect=nvlink", []), ("data_label=x", []),
    ("max_duration_seconds=86400", ["0.010000"]), ("max_duration_seconds=2592000", []),
    ("levels=1&interruptible=true", ["0.010000"]), ("checkpoint_seconds=60", ["0.010000"]),
])
def test_the_depth_for_wishes(anybody, two_places, query, prices):
    told = anybody.get(f"/v1/pools/cpu/depth?{query}").ok()
    assert [level["price_per_unit_hour"]["amount"] for level in told["asks"]] == prices
    assert {(level["units"], level["orders"]) for level in told["asks"]} <= {(2, 1)} and told["bids"] == []


@pytest.mark.parametrize("query", ["region=atlantis", "region=", "tier=4", "verified=maybe", "isolation=thick", "units=0",
                                   "interconnect=wire", "bandwidth_mbps=-1", "max_duration_seconds=5", "data_label=" + "x" * 129])
def test_wishes_that_are_none(anybody, problem, query):
    problem(anybody.get(f"/v1/pools/cpu/depth?{query}"), "validation-failed", "?" + query.partition("=")[0])


def test_no_depth_of_no_pool(anybody, problem):
    problem(anybody.get("/v1/pools/gold/depth?tier=1"), "not-found")


def test_the_displacement_price_is_null_when_nothing_makes_room(anybody, machine):
    machine.offer(price="0.010").ok()
    assert anybody.get("/v1/pools/cpu").ok()["displacement_price"] is None
