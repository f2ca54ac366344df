# SPDX-License-Identifier: Apache-2.0
"""Machines: how they join, what they say of themselves, what their owner sees."""

import hashlib
import base64

from tests.api.people import Key, Machine, inventory, report
from tests.outside.protocol import GIB

L4 = {"uuid": "GPU-1", "model": "NVIDIA L4", "memory_bytes": 24152899584}


def put(machine, **said):
    return machine.call("PUT", "/v1/agent/node", report(**said))


# ---- joining -------------------------------------------------------------------------------------


def test_a_token_carries_the_fingerprint_of_the_markets_key(provider, anybody):
    token = provider.post("/v1/join-tokens", {}).ok()["token"]
    key = base64.b64decode(anybody.get("/.well-known/bourse").ok()["public_key"])
    assert token.rpartition(".")[2] == hashlib.sha256(key).hexdigest()[:32]


def test_a_machine_joins(provider, anybody):
    machine = Machine(provider, "rack 7")
    market = anybody.get("/.well-known/bourse").ok()
    assert machine.joined == {
        "node_id": machine.node_id, "account_id": provider.account_id, "market_id": market["market_id"],
        "market_public_key": market["public_key"], "lease_seconds": 90, "heartbeat_seconds": 20}
    told = provider.get(f"/v1/nodes/{machine.node_id}").ok()
    assert (told["name"], told["state"], told["agent_version"], told["site"]) == ("rack 7", "online", "1.0.0", None)
    assert told["engine"] == {"name": "podman", "version": "5.0"} and told["leases_live"] == 0
    assert told["inventory"] == {**inventory(), "region": "unknown", "bandwidth_mbps": 0} and told["pools"] == [{"pool": "cpu", "state": "declared"}]


def test_the_same_key_may_join_again_and_is_the_same_node(provider):
    machine = Machine(provider)
    token = provider.post("/v1/join-tokens", {}).ok()["token"]
    machine.keyid, machine.signing = (key := Key()).public, key
    first, again = machine.join(token, report()), machine.join(token, report(name="another name"))
    assert (first.status, again.status, again.json) == (201, 201, first.json)


def test_a_token_is_good_for_one_machine(provider, problem):
    machine = Machine(provider)
    token = provider.post("/v1/join-tokens", {}).ok()["token"]
    machine.keyid, machine.signing = (key := Key()).public, key
    machine.join(token, report()).ok()
    machine.keyid, machine.signing = (key := Key()).public, key
    problem(machine.join(token, report()), "unauthenticated")


def test_a_key_is_one_node(provider, problem):
    machine = Machine(provider)
    machine.keyid = machine.signing.public
    problem(machine.join(provider.post("/v1/join-tokens", {}).ok()["token"], report()), "wrong-state")


def test_tokens_that_are_none(provider, problem):
    machine = Machine(provider)
    machine.keyid, machine.signing = (key := Key()).public, key
    token = provider.post("/v1/join-tokens", {}).ok()["token"]
    for wrong in ("x", token[:-1], token.partition(".")[0], token[:9] + "A" * 43 + "." + token.rpartition(".")[2]):
        problem(machine.join(wrong, report()), "unauthenticated")
    machine.join(token, report()).ok()


# ---- what it is ----------------------------------------------------------------------------------


def test_what_a_machine_says_of_itself_is_told(provider, machine):
    said = {"name": "ünit 2", "agent_version": "1.2.3", "engine": None,
            "inventory": {"cpu_millis": 8000, "memory_bytes": 16 * GIB, "scratch_bytes": 0, "gpus": [],
                          "region": "oceania", "site": "rack 1", "data_label": "imagenet", "bandwidth_mbps": 10000}}
    told = put(machine, **said).ok()
    assert {name: told[name] for name in said} == said
    assert provider.get(f"/v1/nodes/{machine.node_id}").ok() == told
    assert told["pools"] == []  # no scratch, no unit
    put(machine).ok()


def test_a_machine_with_gpus_belongs_to_their_pool(machine):
    two = [L4, {**L4, "uuid": "GPU-2"}]
    assert [p["pool"] for p in put(machine, inventory=inventory(64, two)).ok()["pools"]] == ["cpu", "l4-24g"]
    assert put(machine, inventory=inventory(64, two)).ok()["inventory"]["gpus"] == two
    put(machine).ok()


def test_a_gpu_is_there_once(machine, problem):
    problem(put(machine, inventory=inventory(8, [L4, L4])), "validation-failed", "/inventory/gpus/1/uuid")


def test_asks_that_a_smaller_machine_does_not_carry_are_cancelled(provider):
    machine = Machine(provider)
    first, second = (machine.offer(units=2, price="0.500").ok()["ask"]["ask_id"] for _ in range(2))
    put(machine, inventory=inventory(2)).ok()
    told = provider.get(f"/v1/asks/{second}").ok()
    assert (told["state"], told["reason"]) == ("cancelled", "node-changed")
    assert provider.get(f"/v1/asks/{first}").ok()["state"] == "open"


def test_the_version_of_a_node_changes_with_it(provider, machine):
    path = f"/v1/nodes/{machine.node_id}"
    tag = put(machine).headers["ETag"]
    put(machine, name="other").ok()
    assert provider.get(path, If_None_Match=tag).status == 200
    now = provider.get(path).headers["ETag"]
    assert provider.get(path, If_None_Match=now).status == 304
    put(machine).ok()


def test_live_leases_are_counted(provider, buyer):
    machine = Machine(provider)
    machine.offer(units=2, price="0.010").ok()
    lease = buyer.submit().ok()["job"]["lease_id"]
    assert provider.get(f"/v1/nodes/{machine.node_id}").ok()["leases_live"] == 1
    machine.run(lease)
    assert provider.get(f"/v1/nodes/{machine.node_id}").ok()["leases_live"] == 0


def test_nodes_have_pages_newest_first(crowd):
    person = crowd()
    made = [Machine(person, f"node {n}").node_id for n in range(3)]
    assert [n["node_id"] for n in person.pages("/v1/nodes", 2)] == made[::-1]
