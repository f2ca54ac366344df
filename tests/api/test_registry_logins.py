# SPDX-License-Identifier: Apache-2.0
"""Logins for registries: kept sealed, told to the machine that prepares a job that wants it, and to nobody else; and
how far an image has come."""

import base64
import json

import pytest

from tests.api.people import Machine, fresh, verify
from tests.outside import seal
from tests.outside.market import number_of, usd

REGISTRY = "registry.example.org:5000"
IMAGE = f"{REGISTRY}/team/model:1"
PATH = f"/v1/registry-logins/{REGISTRY}"


@pytest.fixture
def market_info(buyer):
    return buyer.get("/.well-known/bourse").ok()


@pytest.fixture
def kept(buyer, market_info):
    buyer.call("PUT", PATH, seal.login(market_info, buyer.account_id, REGISTRY)).ok()
    yield
    buyer.delete(PATH)


@pytest.fixture
def machine(provider):
    machine = Machine(provider)
    machine.offer(units=2, price="0.010").ok()
    yield machine
    provider.clear()


def ask(machine, work, reader, **more):
    return machine.say(work, "registry-login", seal_to=reader.public, **more)


def opened(machine, work, answer, reader):
    place = seal.lines(machine.market_id, "", answer["registry"], work["lease_id"], work["epoch"])
    return json.loads(reader.open(answer["sealed"], seal.LENT, place))


def test_the_key_to_seal_to_is_signed_by_the_market(market_info):
    verify(market_info["public_key"], "bourse-seal-key-v1", market_info["seal_key"], market_info["seal_key_signature"])


def test_the_winner_is_told_the_login_while_it_prepares(buyer, machine, kept, problem):
    job = buyer.submit(image=IMAGE, registry_login=True).ok()["job"]
    work, reader = machine.work(job["lease_id"]), seal.Reader()
    assert work["registry_login"] is True
    problem(ask(machine, work, reader), "wrong-state")
    machine.accept(work).ok()
    answer = ask(machine, work, reader)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.ok()["registry"] == REGISTRY
    assert opened(machine, work, answer.ok(), reader) == {"username": "alice", "password": "secret"}
    assert reader.open(answer.ok()["sealed"], seal.KEPT, b"") is None
    machine.ready(work).ok()
    problem(ask(machine, work, reader), "wrong-state")


def test_nobody_else_is_told(buyer, provider, machine, kept, problem):
    job = buyer.submit(image=IMAGE, registry_login=True).ok()["job"]
    work, reader = machine.work(job["lease_id"]), seal.Reader()
    machine.accept(work).ok()
    problem(ask(Machine(provider, "other"), work, reader), "not-found")
    problem(ask(machine, {**work, "epoch": 2}, reader), "stale-epoch")


def test_a_job_that_does_not_ask_for_it_is_fetched_without(buyer, machine, kept, problem):
    job = buyer.submit(image=IMAGE).ok()["job"]
    work, reader = machine.work(job["lease_id"]), seal.Reader()
    assert work["registry_login"] is False
    machine.accept(work).ok()
    problem(ask(machine, work, reader), "not-found")


def test_a_login_that_is_taken_back_is_told_to_no_machine(buyer, machine, kept, problem):
    job = buyer.submit(image=IMAGE, registry_login=True).ok()["job"]
    work, reader = machine.work(job["lease_id"]), seal.Reader()
    machine.accept(work).ok()
    buyer.delete(PATH).ok()
    problem(ask(machine, work, reader), "not-found")


def test_a_job_needs_the_login_that_it_names(buyer, machine, kept, problem):
    wrong = problem(buyer.submit(image="ghcr.io/team/model:1", registry_login=True), "validation-failed", "/registry_login")
    assert "ghcr.io" in wrong["errors"][0]["detail"]
    body = {"image": "ghcr.io/team/model:1", "registry_login": True, "budget": usd("1"), "pool": "cpu",
            "limit_price_per_unit_hour": usd("0.020")}
    problem(buyer.call("POST", "/v1/jobs?dry_run=true", body, {"Idempotency-Key": fresh()}), "validation-failed",
            "/registry_login")
    assert not any(j["image"].startswith("ghcr.io") for j in buyer.get("/v1/jobs?limit=100").ok()["data"])
    assert buyer.call("POST", "/v1/jobs?dry_run=true", {**body, "image": IMAGE}, {"Idempotency-Key": fresh()}).ok()


def test_the_first_answer_holds_when_the_login_is_gone(buyer, machine, kept):
    key = fresh()
    first = buyer.submit(key, image=IMAGE, registry_login=True).ok()["job"]
    buyer.delete(PATH).ok()
    assert buyer.submit(key, image=IMAGE, registry_login=True).ok()["job"]["job_id"] == first["job_id"]


def test_an_image_of_the_blob_store_has_no_login(buyer, problem):
    problem(buyer.submit(image="blob:sha256:" + "0" * 64, registry_login=True), "validation-failed", "/registry_login")


def test_lists_name_registries_and_no_secrets(buyer, market_info, kept, problem):
    buyer.call("PUT", "/v1/registry-logins/docker.io", seal.login(market_info, buyer.account_id, "docker.io")).ok()
    listed = buyer.get("/v1/registry-logins").ok()["data"]
    assert [one["registry"] for one in listed] == ["docker.io", REGISTRY]
    assert all(set(one) == {"registry", "put_at"} for one in listed)
    buyer.delete("/v1/registry-logins/docker.io").ok()
    problem(buyer.delete("/v1/registry-logins/docker.io"), "not-found")


def test_a_box_for_another_account_registry_or_key_is_refused(buyer, provider, market_info, problem):
    boxes = [
        seal.login(market_info, provider.account_id, REGISTRY),
        seal.login(market_info, buyer.account_id, "ghcr.io"),
        seal.login({**market_info, "market_id": "mkt_other"}, buyer.account_id, REGISTRY),
        seal.login({**market_info, "seal_key": seal.Reader().public}, buyer.account_id, REGISTRY),
        seal.login(market_info, buyer.account_id, REGISTRY, username="a:b"),
        seal.login(market_info, buyer.account_id, REGISTRY, password=""),
        seal.login(market_info, buyer.account_id, REGISTRY, password="a\nb"),
        {"sealed": "A" * 68}, {"sealed": "=" * 68}, {"sealed": base64.b64encode(bytes(80)).decode()},
    ]
    for box in boxes:
        problem(buyer.call("PUT", PATH, box), "validation-failed", "/sealed")
    assert buyer.get("/v1/registry-logins").ok()["data"] == []


@pytest.mark.parametrize("name", ["ghcr", "GHCR.io", "a.b:0", "a.b:70000", "-a.b", "a%2Fb.c", "a%00.b"])
def test_what_is_no_registry_is_refused(buyer, market_info, name):
    assert buyer.call("PUT", f"/v1/registry-logins/{name}", seal.login(market_info, buyer.account_id, name)).status in (400, 422)


def test_an_account_keeps_so_many(buyer, market_info, problem):
    names = [f"r{i}.example.org" for i in range(33)]
    for name in names[:32]:
        buyer.call("PUT", f"/v1/registry-logins/{name}", seal.login(market_info, buyer.account_id, name)).ok()
    full = seal.login(market_info, buyer.account_id, names[32])
    problem(buyer.call("PUT", f"/v1/registry-logins/{names[32]}", full), "quota-exceeded")
    buyer.call("PUT", f"/v1/registry-logins/{names[0]}", seal.login(market_info, buyer.account_id, names[0])).ok()
    for name in names[:32]:
        buyer.delete(f"/v1/registry-logins/{name}").ok()


def test_a_later_login_takes_the_place_of_the_earlier(buyer, machine, market_info, kept):
    buyer.call("PUT", PATH, seal.login(market_info, buyer.account_id, REGISTRY, password="newer")).ok()
    work = machine.work(buyer.submit(image=IMAGE, registry_login=True).ok()["job"]["lease_id"])
    machine.accept(work).ok()
    reader = seal.Reader()
    assert opened(machine, work, ask(machine, work, reader).ok(), reader)["password"] == "newer"


def test_the_database_has_it_sealed_alone(buyer, market, kept):
    assert market.value("SELECT position('secret' IN encode(sealed, 'escape')) FROM registry_logins"
                        f" WHERE account = {number_of(buyer.account_id)}") == 0


# ---- how far an image has come --------------------------------------------------------------------


def beat(machine, work, image, state="preparing"):
    return machine.post("/v1/agent/heartbeat", {"leases": [
        {"lease_id": work["lease_id"], "epoch": work["epoch"], "state": state, "image": image}]})


def told(buyer, job):
    return buyer.get(f"/v1/jobs/{job['job_id']}").ok()["leases"][0]["image"]


def test_the_buyer_sees_how_far_the_image_is(buyer, machine):
    job = buyer.submit(image=IMAGE).ok()["job"]
    work = machine.work(job["lease_id"])
    assert told(buyer, job) is None
    machine.accept(work).ok()
    beat(machine, work, {"phase": "waiting", "done_bytes": 0, "total_bytes": -1}).ok()
    assert {**told(buyer, job), "at": 0} == {"phase": "waiting", "done_bytes": 0, "total_bytes": -1, "at": 0}
    beat(machine, work, {"phase": "downloading", "done_bytes": 5, "total_bytes": 9}).ok()
    assert {**told(buyer, job), "at": 0} == {"phase": "downloading", "done_bytes": 5, "total_bytes": 9, "at": 0}
    machine.ready(work).ok()
    assert told(buyer, job) is None
    beat(machine, work, {"phase": "unpacking", "done_bytes": 9, "total_bytes": 9}, "running").ok()
    assert told(buyer, job) is None


@pytest.mark.parametrize("image, wrong", [
    ({"phase": "dancing", "done_bytes": 0, "total_bytes": 1}, ["phase"]),
    ({"phase": "waiting", "done_bytes": -1, "total_bytes": 1}, ["done_bytes"]),
    ({"phase": "waiting", "done_bytes": 0, "total_bytes": 1 << 45}, ["total_bytes"]),
    ({"phase": "waiting"}, ["done_bytes", "total_bytes"])])
def test_a_state_of_an_image_that_cannot_be_is_refused(buyer, machine, problem, image, wrong):
    work = machine.work(buyer.submit(image=IMAGE).ok()["job"]["lease_id"])
    pointers = [f"/leases/0/image/{name}" for name in wrong]
    problem(beat(machine, work, image), "validation-failed", *pointers)
