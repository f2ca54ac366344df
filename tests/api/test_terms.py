# SPDX-License-Identifier: Apache-2.0
"""What a job may say of the machines that it wants, of how it waits and of what it pays; and what an offer
may say of the jobs that it takes."""

import concurrent.futures
import json
import time

import pytest

from tests.api.people import Machine, job
from tests.outside.market import usd

LIMIT = "/limit_price_per_unit_hour"


def gpu(uuid, model="NVIDIA H100 80GB HBM3"):
    return {"uuid": f"GPU-{uuid}", "model": model, "memory_bytes": 85_520_809_984}


def put(machine, **inventory):
    """Tell the market what the machine has now."""
    here = {"cpu_millis": 1_000_000, "memory_bytes": 1 << 40, "scratch_bytes": 1 << 41, "gpus": [], **inventory}
    return machine.call("PUT", "/v1/agent/node", {"name": "node", "agent_version": "1.0.0", "engine": None,
                                                 "inventory": here})


@pytest.fixture
def node(provider):
    """A machine of its own for a test."""
    return Machine(provider)


# ---- what it says is told again ------------------------------------------------------------------

ALL = {
    "pools": ["h100-sxm-80g", "a100-sxm-80g"], "rank": "value", "nodes": 2, "same_site": True,
    "requires": {"regions": ["europe", "asia"], "tier": 1, "verified": True, "isolation": "vm", "interconnect": "nvswitch",
                 "bandwidth_mbps": 1000, "data_label": "imagenet"},
    "checkpoint_seconds": 600, "time_in_force": "good-till-time", "own": "never", "interruptible": True,
}


def test_all_terms_are_told_by_job_and_bid(buyer):
    made = buyer.submit(pool=None, budget=usd("50"), limit_price_per_unit_hour=usd("2"), **ALL).ok()["job"]
    told = {**made["requires"], "regions": sorted(made["requires"]["regions"])}
    assert told == {**ALL["requires"], "regions": ["asia", "europe"]}
    for one in (made, buyer.get(f"/v1/jobs/{made['job_id']}").ok(), buyer.get(f"/v1/bids/{made['bid_id']}").ok()):
        assert {k: one[k] for k in ALL if k not in ("pools", "requires")} == {
            k: v for k, v in ALL.items() if k not in ("pools", "requires")}
        assert one["requires"] == made["requires"] and one["egress"] == "none" and one["auction_ms"] == 0
        assert [(p["pool"], p["units"]) for p in one["pools"]] == [("h100-sxm-80g", 1), ("a100-sxm-80g", 1)]
        assert one["pools"][0]["limit_price_per_unit_hour"] == usd("2.000000")
        assert one["pools"][1]["limit_price_per_unit_hour"] == usd("0.630000")  # 2 × 624 ÷ 1979, down to the tick
    assert (made["state"], made["pool"]) == ("open", "h100-sxm-80g")


def test_what_is_not_said_has_its_default(buyer):
    told = buyer.submit().ok()["job"]
    assert {k: told[k] for k in ("rank", "nodes", "same_site", "requires", "checkpoint_seconds", "time_in_force", "own",
                                 "interruptible", "auction_ms", "egress")} == {
        "rank": "price", "nodes": 1, "same_site": False, "requires": None, "checkpoint_seconds": 3600,
        "time_in_force": "good-till-time", "own": "first", "interruptible": False, "auction_ms": 0, "egress": "none"}
    assert "waits_for" not in told and "verdict" not in told
    assert told["pools"] == [{"pool": "cpu", "units": 1, "limit_price_per_unit_hour": usd("0.020000")}]


def test_the_needs_take_units_of_each_pool(buyer):
    told = buyer.submit(pool=None, pools=["h100-sxm-80g", "rtx4090-24g"], cpu_millis=20000, budget=usd("9"),
                        limit_price_per_unit_hour=usd("1")).ok()["job"]
    assert [(p["pool"], p["units"]) for p in told["pools"]] == [("h100-sxm-80g", 2), ("rtx4090-24g", 5)]
    assert told["held"] == usd("0.833334")  # 5 units for ten minutes


def test_a_repetition_is_answered_with_the_same_bytes(buyer):
    wishes = {"pool": None, "budget": usd("50"), "limit_price_per_unit_hour": usd("2"), **ALL}
    first, again = (buyer.post("/v1/jobs", job(**wishes), "the-same-key-of-this-test") for _ in range(2))
    assert first.ok() == again.ok() and again.headers["Idempotency-Replayed"] == "true"


# ---- what is wrong -------------------------------------------------------------------------------

WRONG = [
    ({"pool": None}, "/pool"), ({"pools": ["cpu"]}, "/pools"), ({"pool": None, "pools": []}, "/pool"),
    ({"pool": None, "pools": ["cpu", "gpu"]}, "/pools/1"), ({"pool": None, "pools": ["cpu", "cpu"]}, "/pools/1"),
    ({"pool": None, "pools": ["cpu"] * 9}, "/pools"), ({"pool": None, "pools": [1]}, "/pools/0"),
    ({"rank": "cheap"}, "/rank"), ({"rank": "value"}, "/rank"),
    ({"nodes": 0}, "/nodes"), ({"nodes": 65}, "/nodes"), ({"nodes": 1.5}, "/nodes"),
    ({"nodes": 10**30}, None), ({"units": 4033}, "/units"), ({"units": -1}, "/units"),
    ({"requires": {"regions": ["mars"]}}, "/requires/regions/0"),
    ({"requires": {"regions": ["europe"] * 8}}, "/requires/regions"),
    ({"requires": {"tier": 4}}, "/requires/tier"), ({"requires": {"tier": -1}}, "/requires/tier"),
    ({"requires": {"isolation": "jail"}}, "/requires/isolation"), ({"requires": {"planet": 1}}, "/requires/planet"),
    ({"requires": {"interconnect": "slow"}}, "/requires/interconnect"),
    ({"requires": {"bandwidth_mbps": 10**9}}, "/requires/bandwidth_mbps"), ({"requires": []}, "/requires"),
    ({"requires": {"data_label": ""}}, "/requires/data_label"), ({"requires": {"verified": 1}}, "/requires/verified"),
    ({"checkpoint_seconds": 59}, "/checkpoint_seconds"), ({"checkpoint_seconds": 2592001}, "/checkpoint_seconds"),
    ({"time_in_force": "gtc"}, "/time_in_force"), ({"own": "always"}, "/own"), ({"interruptible": "yes"}, "/interruptible"),
    ({"auction_ms": 5001}, "/auction_ms"), ({"auction_ms": -1}, "/auction_ms"),
    ({"auction_ms": 100, "time_in_force": "fill-or-kill"}, "/auction_ms"), ({"auction_ms": 100, "nodes": 2}, "/auction_ms"),
    ({"auction_ms": 100, "own": "only"}, "/auction_ms"), ({"own": "only", "time_in_force": "post-only"}, "/time_in_force"),
    ({"own": "only", "nodes": 2}, "/own"),
    ({"limit_price_per_unit_hour": usd("0.0005")}, LIMIT), ({"limit_price_per_unit_hour": usd("0.0201")}, LIMIT),
    ({"pool": None, "pools": ["h100-sxm-80g", "l4-24g"], "rank": "value", "limit_price_per_unit_hour": usd("0.001")}, LIMIT),
]


@pytest.mark.parametrize("wishes, pointer", WRONG)
def test_what_is_wrong_is_named(buyer, unchanged, problem, wishes, pointer):
    with unchanged():
        answer = buyer.submit(**wishes)
        problem(answer, *(["malformed-body"] if pointer is None else ["validation-failed", pointer]))


@pytest.mark.parametrize("wishes, pointer", [
    ({"egress": "lan"}, "/egress"), ({"egress": "allowlist"}, "/allow"), ({"egress": "allowlist", "allow": []}, "/allow"),
    ({"egress": "open", "allow": ["example.org"]}, "/allow"), ({"allow": ["example.org"]}, "/allow"),
    *(({"egress": "allowlist", "allow": ["example.org", host]}, "/allow/1") for host in (
        "10.0.0.1", "localhost", "example.org:25", "example.org:0", "example.org:70000", "example.org:x", "a..b", "*.", "exa mple.org",
        ".example.org", "[::1]", "example.org.", "https://example.org")),
])
def test_a_network_names_whom_it_may_reach(buyer, unchanged, problem, wishes, pointer):
    with unchanged():
        problem(buyer.submit(**wishes), "validation-failed", pointer)


def test_the_network_of_a_job_meets_that_of_an_offer(buyer, node):
    """none < allowlist < open: an ask serves what is no more open than it takes, and the machine is told which."""
    allow = ["example.org", "*.example.net:443"]
    node.offer(units=1, price="0.010").ok()
    assert buyer.submit(egress="open").ok()["job"]["state"] == "open"
    assert node.offer(units=4, price="0.010", egress="allowlist").ok()["ask"]["egress"] == "allowlist"
    made = buyer.submit(egress="allowlist", allow=allow).ok()["job"]
    assert (made["state"], made["egress"]) == ("placed", "allowlist")
    told = [json.loads(item["document"]) for item in node.assignments().ok()["data"]]
    assert [(t["egress"], t["allow"]) for t in told if t["job_id"] == made["job_id"]] == [("allowlist", allow)]
    assert node.offer(units=4, price="0.010", egress="open").ok()["trades"]  # what waited


def test_isolation_is_what_the_machine_found_out(buyer, node, problem):
    node.offer(units=4, price="0.010").ok()
    assert buyer.submit(requires={"isolation": "userns"}).ok()["job"]["state"] == "open"
    said = {"name": "node", "agent_version": "1.0.0", "engine": None,
            "inventory": {"cpu_millis": 1_000_000, "memory_bytes": 1 << 40, "scratch_bytes": 1 << 41, "gpus": []}}
    assert node.call("PUT", "/v1/agent/node", {**said, "isolation": "gvisor"}).ok()["isolation"] == "gvisor"
    made = buyer.submit(requires={"isolation": "userns"}).ok()["job"]
    assert made["state"] == "placed"
    told = [json.loads(item["document"]) for item in node.assignments().ok()["data"]]
    assert [t["isolation"] for t in told if t["job_id"] == made["job_id"]] == ["userns"]
    problem(node.call("PUT", "/v1/agent/node", {**said, "isolation": "attested"}), "validation-failed", "/isolation")


def test_the_largest_quantities_do_not_overflow(buyer, unchanged, problem):
    most = {"units": 4032, "nodes": 64, "max_duration_seconds": 2592000, "budget": usd("1000000000")}
    with unchanged():
        problem(buyer.submit(**most, limit_price_per_unit_hour=usd("1")), "insufficient-funds")
        problem(buyer.submit(**most, limit_price_per_unit_hour=usd("1000000000")), "validation-failed")


# ---- what nobody can satisfy rests ---------------------------------------------------------------


@pytest.mark.parametrize("requires", [
    {"isolation": "attested"}, {"tier": 3}, {"verified": True}, {"interconnect": "nvswitch"},
    {"bandwidth_mbps": 10_000_000}, {"data_label": "what nobody has"}, {"regions": ["oceania"]},
])
def test_a_demand_that_nobody_meets_waits(buyer, node, requires):
    node.offer(units=1, price="0.010").ok()
    told = buyer.submit(requires=requires).ok()["job"]
    assert (told["state"], told["requires"]) == ("open", requires)
    assert buyer.submit().ok()["job"]["state"] == "placed"


# ---- where a machine is --------------------------------------------------------------------------


def test_a_demand_is_met_by_what_the_machine_says_of_itself(buyer, node):
    put(node, region="oceania", bandwidth_mbps=1000, data_label="genomes").ok()
    node.offer(units=4, price="0.010").ok()
    for requires in ({"regions": ["oceania", "africa"]}, {"bandwidth_mbps": 1000}, {"data_label": "genomes"}):
        assert buyer.submit(requires=requires).ok()["job"]["state"] == "placed"
    assert buyer.submit(requires={"data_label": "genome"}).ok()["job"]["state"] == "open"


def test_who_moves_is_asked_anew(buyer, node):
    put(node, region="europe").ok()
    node.offer(units=1, price="0.010").ok()
    waits = buyer.submit(requires={"regions": ["asia"]}).ok()["job"]
    assert waits["state"] == "open"
    put(node, region="asia").ok()
    assert buyer.get(f"/v1/jobs/{waits['job_id']}", Prefer="wait=5").ok()["state"] == "placed"


def test_the_operator_rates_machines_and_buyers(market, crowd, node, problem):
    person = crowd("10")
    node.offer(units=4, price="0.010", min_buyer_tier=1).ok()
    assert person.submit(requires={"tier": 2, "verified": True}).ok()["job"]["state"] == "open"
    assert "tier 2 and verified" in market.verb("node", "rate", node.node_id, "2", "verified")
    assert "tier 1" in market.verb("account", "rate", person.account_id, "1")
    told = node.provider.get(f"/v1/nodes/{node.node_id}").ok()
    assert (told["tier"], told["verified"]) == (2, True)
    assert person.submit(requires={"tier": 2, "verified": True}).ok()["job"]["state"] == "placed"
    assert person.submit(requires={"tier": 3}).ok()["job"]["state"] == "open"


# ---- what an offer takes -------------------------------------------------------------------------


def test_units_are_leased_in_the_sets_that_the_offer_names(buyer, node):
    node.offer(units=8, price="0.010", unit_sets=[1, 4]).ok()
    assert buyer.submit(units=2).ok()["job"]["state"] == "open"
    assert buyer.submit(units=4).ok()["job"]["state"] == "placed"


def test_an_offer_for_interruptible_jobs_takes_no_others(buyer, node):
    node.offer(units=2, price="0.010", interruptible=True).ok()
    assert buyer.submit().ok()["job"]["state"] == "open"
    assert buyer.submit(interruptible=True).ok()["job"]["state"] == "placed"


def test_an_offer_says_how_much_work_it_may_lose(buyer, node):
    node.offer(units=2, price="0.010", max_checkpoint_seconds=300).ok()
    assert buyer.submit(checkpoint_seconds=301).ok()["job"]["state"] == "open"
    assert buyer.submit(checkpoint_seconds=300).ok()["job"]["state"] == "placed"


@pytest.mark.parametrize("wishes, pointer", [
    ({"unit_sets": [0]}, "/unit_sets/0"), ({"unit_sets": [1, 64]}, "/unit_sets/1"), ({"unit_sets": 4}, "/unit_sets"),
    ({"unit_sets": ["4"]}, "/unit_sets/0"), ({"unit_sets": [1] * 64}, "/unit_sets"),
    ({"min_buyer_tier": 4}, "/min_buyer_tier"), ({"max_checkpoint_seconds": 59}, "/max_checkpoint_seconds"),
    ({"post_only": 1}, "/post_only"), ({"interruptible": None, "post_only": "no"}, "/post_only"),
])
def test_what_is_wrong_with_an_offer_is_named(node, unchanged, problem, wishes, pointer):
    with unchanged():
        problem(node.offer(**wishes), "validation-failed", pointer)


def test_a_machine_has_so_many_offers(node, problem):
    for _ in range(16):
        node.offer(units=1, price="9").ok()
    problem(node.offer(units=1, price="9"), "quota-exceeded")


# ---- several pools -------------------------------------------------------------------------------


@pytest.fixture
def cards(provider):
    """Two machines: an H100 at 2.000 and an A100 at 0.900."""
    both = Machine(provider), Machine(provider)
    put(both[0], gpus=[gpu("h")]).ok()
    put(both[1], gpus=[gpu("a", "NVIDIA A100-SXM4-80GB")]).ok()
    both[0].offer(units=1, price="2.000", pool="h100-sxm-80g").ok()
    both[1].offer(units=1, price="0.900", pool="a100-sxm-80g").ok()
    return both


def either(buyer, **wishes):
    return buyer.submit(pool=None, pools=["h100-sxm-80g", "a100-sxm-80g"], budget=usd("9"), **wishes).ok()


def test_the_cheapest_of_several_pools_serves(buyer, cards):
    assert either(buyer, limit_price_per_unit_hour=usd("3"))["trades"][0]["pool"] == "a100-sxm-80g"


def test_by_value_the_one_with_the_most_throughput_for_the_money_serves(buyer, cards):
    assert either(buyer, limit_price_per_unit_hour=usd("3"), rank="value")["trades"][0]["pool"] == "h100-sxm-80g"


def test_without_a_limit_it_is_the_best_offer_of_all_its_pools(buyer, cards, told_books):
    told_books()
    made = either(buyer, limit_price_per_unit_hour=None)
    assert (made["job"]["limit_price_per_unit_hour"], made["job"]["state"]) == (usd("0.990000"), "placed")


# ---- time in force -------------------------------------------------------------------------------


@pytest.mark.parametrize("tif", ["immediate-or-cancel", "fill-or-kill"])
def test_at_once_or_not_at_all(crowd, node, tif):
    person = crowd("10")
    told = person.submit(time_in_force=tif).ok()["job"]
    assert (told["state"], told["reason"], told["held"]) == ("expired", "not-filled", usd("0.000000"))
    assert person.get(f"/v1/jobs/{told['job_id']}").ok()["reason"] == "not-filled"
    assert person.balance() == (10_000_000, 0)
    node.offer(units=1, price="0.010").ok()
    assert person.submit(time_in_force=tif).ok()["job"]["state"] == "placed"


def test_who_will_not_trade_at_once_is_refused_instead(buyer, node, problem):
    node.offer(units=1, price="0.010").ok()
    problem(buyer.submit(time_in_force="post-only"), "would-trade")
    assert buyer.submit(time_in_force="post-only", limit_price_per_unit_hour=usd("0.009")).ok()["job"]["state"] == "open"


def test_an_offer_that_will_not_trade_at_once_is_refused_instead(buyer, node, problem):
    buyer.submit(limit_price_per_unit_hour=usd("0.020")).ok()
    problem(node.offer(units=1, price="0.020", post_only=True), "would-trade")
    assert node.offer(units=1, price="0.021", post_only=True).ok()["trades"] == []


def test_a_bid_that_was_filled_cannot_be_changed(buyer, node, problem):
    node.offer(units=1, price="0.010").ok()
    told = buyer.submit().ok()["job"]
    problem(buyer.patch(f"/v1/bids/{told['bid_id']}", {"limit_price_per_unit_hour": usd("0.030")}), "wrong-state")


# ---- gangs ---------------------------------------------------------------------------------------


def start_together(members):
    """Accept the leases, see that each starts only with all of them; the assignments."""
    works = [(machine, machine.work(lease)) for machine, lease in members]
    for machine, work in works:
        machine.accept(work).ok()
        assert machine.ready(work).status == 409
    *others, (last, its_work) = works
    for machine, work in others:
        for _ in range(2):  # a repetition is answered the same way
            told = machine.say(work, "prepared").ok()
            assert (told["state"], told["gathered"]) == ("preparing", False)
    with concurrent.futures.ThreadPoolExecutor(len(works)) as pool:
        waits = [pool.submit(m.say_and_wait, w, "prepared", 20) for m, w in others]
        time.sleep(0.3)
        assert not any(wait.done() for wait in waits)
        assert last.say(its_work, "prepared").ok()["gathered"]
        assert all(wait.result(timeout=5).ok()["gathered"] for wait in waits)
    for machine, work in works:
        machine.ready(work).ok()
    return [work for _, work in works]


def test_who_waits_for_a_gang_hears_that_it_is_called_off(buyer, provider):
    one, two = Machine(provider), Machine(provider)
    for machine in (one, two):
        machine.offer(units=1, price="0.010").ok()
    job = buyer.submit(nodes=2, max_attempts=1).ok()["job"]
    leases = {x["node_id"]: x["lease_id"] for x in buyer.get(f"/v1/jobs/{job['job_id']}").ok()["leases"]}
    works = [machine.work(leases[machine.node_id]) for machine in (one, two)]
    for machine, work in zip((one, two), works):
        machine.accept(work).ok()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        wait = pool.submit(one.say_and_wait, works[0], "prepared", 20)
        time.sleep(0.3)
        two.say(works[1], "cannot-start", reason="engine-failed", fault="provider").ok()
        told = wait.result(timeout=5).ok()
    assert (told["state"], told["gathered"]) == ("stopping", False)
    one.finish(works[0]).ok()
    assert buyer.get(f"/v1/jobs/{job['job_id']}").ok()["state"] == "failed"


def test_who_is_alone_waits_for_nobody(buyer, node, problem):
    node.offer(units=1, price="0.010").ok()
    job = buyer.submit().ok()["job"]
    (lease,) = buyer.get(f"/v1/jobs/{job['job_id']}").ok()["leases"]
    work = node.work(lease["lease_id"])
    node.accept(work).ok()
    problem(node.say(work, "prepared"), "wrong-state")


def test_a_gang_has_a_lease_on_each_of_its_machines(buyer, provider):
    one, two = Machine(provider), Machine(provider)
    one.offer(units=2, price="0.010").ok()
    assert buyer.submit(nodes=2, units=2).ok()["job"]["state"] == "open"
    made = two.offer(units=2, price="0.012").ok()
    assert [t["units"] for t in made["trades"]] == [2]
    told = buyer.get(f"/v1/jobs?limit=1").ok()["data"][0]
    job_now = buyer.get(f"/v1/jobs/{told['job_id']}").ok()
    leases = {lease["node_id"]: lease for lease in job_now["leases"]}
    assert job_now["state"] == "placed" and set(leases) == {one.node_id, two.node_id}
    assert sorted((lease["rank"], lease["nodes"]) for lease in job_now["leases"]) == [(0, 2), (1, 2)]
    works = start_together([(m, leases[m.node_id]["lease_id"]) for m in (one, two)])
    assert sorted((work["rank"], work["nodes"]) for work in works) == [(0, 2), (1, 2)]
    assert buyer.get(f"/v1/jobs/{told['job_id']}").ok()["state"] == "running"
    one.finish(works[0]).ok()
    assert buyer.get(f"/v1/jobs/{told['job_id']}").ok()["state"] == "running"
    two.finish(works[1]).ok()
    over = buyer.get(f"/v1/jobs/{told['job_id']}").ok()
    assert (over["state"], over["reason"], over["exit_code"]) == ("settled", "done", 0)


def test_when_one_of_a_gang_fails_the_others_are_called_back(buyer, provider):
    machines = [Machine(provider), Machine(provider)]
    for machine in machines:
        machine.offer(units=1, price="0.010").ok()
    made = buyer.submit(nodes=2, max_attempts=1).ok()
    assert len(made["trades"]) == 2 and made["job"]["attempts"] == 1
    leases = {x["node_id"]: x["lease_id"] for x in buyer.get(f"/v1/jobs/{made['job']['job_id']}").ok()["leases"]}
    works = start_together([(m, leases[m.node_id]) for m in machines])
    machines[0].finish(works[0], exit_code=3).ok()
    told = buyer.get(f"/v1/jobs/{made['job']['job_id']}").ok()
    assert (told["state"], told["verdict"], told["verdict_reason"]) == ("running", "failed", "done")
    other = next(x for x in told["leases"] if x["node_id"] == machines[1].node_id)
    assert (other["state"], other["reason"]) == ("stopping", "gang-broken")
    machines[1].finish(works[1]).ok()
    over = buyer.get(f"/v1/jobs/{made['job']['job_id']}").ok()
    assert (over["state"], over["reason"], over["exit_code"]) == ("failed", "done", 3)


def test_all_at_one_site(buyer, provider):
    machines = [Machine(provider) for _ in range(3)]
    for machine, site in zip(machines, ("hall 1", "hall 2", "hall 2"), strict=True):
        put(machine, site=site).ok()
        machine.offer(units=1, price="0.010").ok()
    made = buyer.submit(nodes=2, same_site=True).ok()
    told = buyer.get(f"/v1/jobs/{made['job']['job_id']}").ok()
    assert {x["node_id"] for x in told["leases"]} == {m.node_id for m in machines[1:]}


def test_who_leaves_a_site_that_has_his_number_is_not_at_it(buyer, provider):
    """The first of a name lends the site its number, and cannot take that along to another name."""
    first, second, third = machines = [Machine(provider) for _ in range(3)]
    for machine in machines:
        machine.offer(units=1, price="0.010").ok()
    put(first, site="hall 1").ok()
    put(second, site="hall 1").ok()
    for elsewhere in ({"site": "hall 2"}, {}):
        put(first, **elsewhere).ok()
        told = buyer.submit(nodes=2, same_site=True).ok()["job"]
        assert told["state"] == "open", elsewhere
        buyer.post(f"/v1/jobs/{told['job_id']}/cancel").ok()
    put(third, site="hall 1").ok()
    told = buyer.get(f"/v1/jobs/{buyer.submit(nodes=2, same_site=True).ok()['job']['job_id']}").ok()
    assert {x["node_id"] for x in told["leases"]} == {second.node_id, third.node_id}
