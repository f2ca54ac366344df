# SPDX-License-Identifier: Apache-2.0
"""Leases: how a machine works one off, what both sides see of it, the log, the outputs and the receipt."""

import base64
import concurrent.futures
import hashlib
import json
import time

import pytest

from tests.api.people import IMAGE_DIGEST, Machine, canonical, merkle, verify
from tests.outside.market import usd

FILES = [("scores.json", b'{"loss":1}'), ("model/weights.bin", bytes(range(256)) * 40), ("empty", b""), ("täst", b"t")]


@pytest.fixture
def lease(buyer, machine):
    """The id of a lease that is offered: two units at 0.036."""
    machine.offer(units=2, price="0.036").ok()
    return buyer.submit(units=2, limit_price_per_unit_hour=usd("0.036")).ok()["job"]["lease_id"]


def see(person, lease):
    return person.get(f"/v1/leases/{lease}").ok()


def job_of(buyer, lease):
    return buyer.get(f"/v1/jobs/{see(buyer, lease)['job_id']}").ok()


# ---- from offer to settlement --------------------------------------------------------------------


def test_both_sides_see_a_lease_from_their_side(buyer, provider, machine, lease):
    theirs, ours = see(provider, lease), see(buyer, lease)
    assert (ours["role"], theirs["role"]) == ("buyer", "provider")
    assert {**theirs, "role": "buyer"} == ours
    assert (ours["state"], ours["epoch"], ours["node_id"], ours["units"]) == ("offered", 1, machine.node_id, 2)
    assert (ours["price_per_unit_hour"], ours["hold"], ours["max_seconds"]) == (usd("0.036000"), usd("0.012000"), 600)


def test_each_step_is_answered_with_the_state_after_it(buyer, machine, lease):
    work = machine.work(lease)
    for step, state in ((machine.accept, "preparing"), (machine.ready, "running"), (machine.finish, "settled")):
        assert step(work).ok() == {"lease_id": lease, "epoch": 1, "state": state, "max_seconds": 600,
                                    "gathered": False}
        assert see(buyer, lease)["state"] == state


def test_each_step_can_be_repeated(machine, lease):
    work = machine.work(lease)
    exit_body = machine.receipt(work)
    machine.accept(work).ok()
    assert machine.accept(work).ok()["state"] == "preparing"
    machine.ready(work).ok()
    assert [machine.ready(work).ok()["state"], machine.accept(work).ok()["state"]] == ["running", "running"]
    assert machine.say(work, "exit", **exit_body).ok()["state"] == "settled"
    assert machine.say(work, "exit", **exit_body).ok()["state"] == "settled"
    assert [machine.ready(work).ok()["state"], machine.accept(work).ok()["state"]] == ["settled", "settled"]


def test_another_receipt_for_what_is_settled(machine, lease, problem):
    work = machine.run(lease)
    problem(machine.finish(work, exit_code=1), "idempotency-key-reused")


def test_what_was_settled(buyer, provider, machine, lease):
    machine.run(lease, exit_code=3, seconds=1)
    told = see(buyer, lease)
    assert (told["state"], told["reason"], told["exit_code"], told["fault"]) == ("settled", "done", 3, "nobody")
    assert (told["seconds_signed"], told["seconds_observed"], told["seconds_billed"]) == (1, 0, 60)
    assert (told["charge"], told["fee"], told["payout"]) == (usd("0.001200"), usd("0.000012"), usd("0.001188"))
    assert told["traded_at"] <= told["accepted_at"] <= told["ready_at"] <= told["ended_at"]
    assert job_of(buyer, lease)["state"] == "failed"


def test_steps_out_of_order(machine, lease, problem):
    work = machine.work(lease)
    problem(machine.ready(work), "wrong-state")
    problem(machine.finish(work), "wrong-state")
    machine.accept(work).ok()
    problem(machine.say(work, "decline", reason="declined"), "wrong-state")
    machine.ready(work).ok()
    problem(machine.say(work, "cannot-start", reason="image-invalid", fault="buyer"), "wrong-state")


def test_another_epoch(machine, lease, problem):
    work = {**machine.work(lease), "epoch": 2}
    for step in (machine.accept, machine.ready, machine.finish):
        problem(step(work), "stale-epoch")


def test_declining_withdraws_the_ask_and_the_job_rests_again(buyer, provider, machine, lease):
    ask = see(provider, lease)["ask_id"]
    assert machine.say(machine.work(lease), "decline", reason="declined", detail="busy").ok()["state"] == "void"
    told = see(buyer, lease)
    assert (told["state"], told["reason"], told["fault"], told["charge"]) == ("void", "declined", "provider",
        usd("0.000000"))
    assert provider.get(f"/v1/asks/{ask}").ok()["reason"] == "declined"
    assert job_of(buyer, lease)["state"] == "open"


@pytest.mark.parametrize("reason", ["image-unavailable", "image-invalid", "command-invalid"])
def test_what_cannot_start_by_the_buyers_fault_fails(buyer, machine, lease, reason):
    work = machine.work(lease)
    machine.accept(work).ok()
    assert machine.say(work, "cannot-start", reason=reason, fault="buyer", detail="täst").ok()["state"] == "void"
    told = job_of(buyer, lease)
    assert (told["state"], told["reason"], told["leases"][0]["fault"]) == ("failed", reason, "buyer")


def test_what_cannot_start_by_the_machines_fault_rests_again(buyer, machine, lease):
    work = machine.work(lease)
    machine.accept(work).ok()
    machine.say(work, "cannot-start", reason="engine-failed", fault="provider").ok()
    assert job_of(buyer, lease)["state"] == "open"


def test_an_engine_cannot_fail_by_the_buyers_fault(machine, lease, problem):
    work = machine.work(lease)
    machine.accept(work).ok()
    problem(machine.say(work, "cannot-start", reason="engine-failed", fault="buyer"), "validation-failed")


def test_leases_have_pages_newest_first(crowd, machine):
    person = crowd("10")
    machine.offer(units=5, price="0.010").ok()
    made = [person.submit(units=1).ok()["job"]["lease_id"] for _ in range(5)]
    assert [x["lease_id"] for x in person.pages("/v1/leases", 2)] == made[::-1]
    assert [x["lease_id"] for x in machine.provider.pages("/v1/leases", 100)][:5] == made[::-1]


def test_leases_of_a_state_and_side(crowd, provider, machine):
    person = crowd("10")
    machine.offer(units=5, price="0.010").ok()
    done, offered = (person.submit(units=1).ok()["job"]["lease_id"] for _ in range(2))
    machine.run(done)
    for query, wanted in (("state=settled", [done]), ("state=offered", [offered]), ("role=buyer", [offered, done]),
                          ("role=provider", []), ("role=buyer&state=settled", [done]), ("state=void", [])):
        assert [x["lease_id"] for x in person.get(f"/v1/leases?{query}").ok()["data"]] == wanted, query
    assert [x["lease_id"] for x in provider.get("/v1/leases?role=provider&limit=2").ok()["data"]] == [offered, done]
    assert provider.get("/v1/leases?role=buyer").ok()["data"] == []


def test_what_one_has_is_not_sent_again(buyer, machine, lease):
    tag = buyer.get(f"/v1/leases/{lease}").headers["ETag"]
    assert buyer.get(f"/v1/leases/{lease}", If_None_Match=tag).status == 304
    machine.accept(machine.work(lease)).ok()
    assert buyer.get(f"/v1/leases/{lease}", If_None_Match=tag).status == 200


# ---- log -----------------------------------------------------------------------------------------


def write(machine, lease, n, content, stream="stdout"):
    return machine.call("PUT", f"/v1/agent/leases/{lease}/log/{n}?stream={stream}", content)


def log_of(buyer, lease, query="", **headers):
    return buyer.get(f"/v1/jobs/{see(buyer, lease)['job_id']}/log{query}", **headers)


def test_what_a_container_writes_is_read_in_order(buyer, machine, lease):
    work = machine.start(lease)
    chunks = [("stdout", b"hello\n"), ("stderr", b"\xff\x00 not text\n"), ("stdout", b"bye\n")]
    for n, (stream, content) in enumerate(chunks):
        assert write(machine, lease, n, content, stream).status == 204
    told = log_of(buyer, lease).ok()
    assert [(c["n"], c["stream"], base64.b64decode(c["text_base64"])) for c in told["data"]] == [
        (n, *chunk) for n, chunk in enumerate(chunks)]
    assert (told["lease_id"], told["next_after"], told["truncated_bytes"], told["ended"]) == (lease, 2, 0, False)
    machine.finish(work).ok()
    assert log_of(buyer, lease, "?after=2").ok()["ended"] is True


def test_a_log_as_plain_text(buyer, machine, lease):
    machine.start(lease)
    for n, content in enumerate((b"one\n", b"two\n")):
        write(machine, lease, n, content).ok()
    told = log_of(buyer, lease, Accept="text/plain")
    assert told.headers["Content-Type"].startswith("text/plain") and told.content == b"one\ntwo\n"


def test_a_log_has_pages(buyer, machine, lease):
    machine.start(lease)
    for n in range(5):
        write(machine, lease, n, b"%d" % n).ok()
    first = log_of(buyer, lease, "?limit=3").ok()
    assert ([c["n"] for c in first["data"]], first["next_after"]) == ([0, 1, 2], 2)
    rest = log_of(buyer, lease, "?limit=3&after=2").ok()
    assert ([c["n"] for c in rest["data"]], rest["next_after"]) == ([3, 4], 4)
    assert log_of(buyer, lease, "?after=4").ok()["next_after"] == 4


def test_a_page_of_a_log_ends_with_256_kib_too(buyer, machine, lease):
    work = machine.start(lease)
    for n in range(5):
        write(machine, lease, n, bytes([n]) * 65536).ok()
    write(machine, lease, 5, b"end").ok()
    machine.finish(work).ok()
    pages = []
    for after in (-1, 3, 5):
        told = log_of(buyer, lease, f"?after={after}").ok()
        pages.append(([c["n"] for c in told["data"]], told["next_after"], told["ended"]))
    assert pages == [([0, 1, 2, 3], 3, False), ([4, 5], 5, True), ([], 5, True)]


def test_a_page_of_a_log_ends_with_256_kib(buyer, machine, lease):
    work = machine.start(lease)
    for n in range(6):
        write(machine, lease, n, bytes(65536)).ok()
    machine.finish(work).ok()
    first = log_of(buyer, lease, "?limit=100").ok()
    assert ([c["n"] for c in first["data"]], first["ended"]) == ([0, 1, 2, 3], False)
    rest = log_of(buyer, lease, "?limit=100&after=3").ok()
    assert ([c["n"] for c in rest["data"]], rest["ended"]) == ([4, 5], True)


def test_the_same_chunk_again_changes_nothing(buyer, machine, lease):
    machine.start(lease)
    write(machine, lease, 0, b"first").ok()
    assert write(machine, lease, 0, b"second").status == 204
    assert [base64.b64decode(c["text_base64"]) for c in log_of(buyer, lease).ok()["data"]] == [b"first"]


def test_a_job_without_a_lease_has_no_log_yet(crowd):
    person = crowd("10")
    job = person.submit().ok()["job"]["job_id"]
    told = person.get(f"/v1/jobs/{job}/log").ok()
    assert told == {"lease_id": None, "data": [], "next_after": -1, "truncated_bytes": 0, "ended": False}
    assert person.get(f"/v1/jobs/{job}/log", Accept="text/plain").content == b""
    person.post(f"/v1/jobs/{job}/cancel").ok()
    assert person.get(f"/v1/jobs/{job}/log").ok()["ended"] is True


def test_waiting_for_the_log_ends_with_the_next_chunk(buyer, machine, lease):
    machine.start(lease)
    beside = buyer.with_token(buyer.key)
    path = f"/v1/jobs/{see(buyer, lease)['job_id']}/log"
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(beside.get, path, Prefer="wait=20")
        time.sleep(0.2)
        assert not waiting.done()
        write(machine, lease, 0, b"here").ok()
        told = waiting.result(timeout=3)
    assert [c["n"] for c in told.ok()["data"]] == [0] and told.headers["Preference-Applied"] == "wait=20"


def test_waiting_for_the_log_ends_with_the_lease(buyer, machine, lease):
    work = machine.start(lease)
    beside = buyer.with_token(buyer.key)
    path = f"/v1/jobs/{see(buyer, lease)['job_id']}/log"
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(beside.get, path, Prefer="wait=20")
        time.sleep(0.2)
        machine.finish(work).ok()
        assert waiting.result(timeout=3).ok()["ended"] is True


def test_the_log_of_an_earlier_lease(buyer, machine, provider):
    second = Machine(provider, "second")
    machine.offer(units=1, price="0.010").ok()
    first = buyer.submit(limit_price_per_unit_hour=usd("0.020")).ok()["job"]["lease_id"]
    work = machine.start(first)
    write(machine, first, 0, b"first").ok()
    second.offer(units=1, price="0.012").ok()
    machine.finish(work, reason="engine-failed", exit_code=0).ok()
    job = job_of(buyer, first)
    assert job["lease_id"] != first and job["attempts"] == 2
    path = f"/v1/jobs/{job['job_id']}/log"
    assert buyer.get(path).ok()["data"] == []
    assert len(buyer.get(f"{path}?lease_id={first}").ok()["data"]) == 1


def test_a_chunk_has_at_most_64_kib(machine, lease, problem):
    machine.start(lease)
    assert write(machine, lease, 0, bytes(65536)).status == 204
    problem(write(machine, lease, 1, bytes(65537)), "body-too-large")


def test_no_chunks_for_what_is_settled(machine, lease, problem):
    machine.run(lease)
    problem(write(machine, lease, 0, b"late"), "wrong-state")


def test_what_a_lease_writes_is_bounded_and_the_rest_counted(buyer, machine, lease):
    machine.start(lease)
    for n in range(66):
        write(machine, lease, n, bytes(65536)).ok()
    assert log_of(buyer, lease, "?limit=1").ok()["truncated_bytes"] == 2 * 65536
    assert len(log_of(buyer, lease, Accept="text/plain").content) == 4 << 20


# ---- outputs and receipt -------------------------------------------------------------------------


def test_outputs_are_told_by_path_and_the_buyer_has_them(buyer, machine, lease):
    machine.run(lease, FILES)
    job = see(buyer, lease)["job_id"]
    told = buyer.get(f"/v1/jobs/{job}/outputs").ok()
    assert told["lease_id"] == lease
    assert [o["path"] for o in told["data"]] == [path for path, _ in sorted(FILES)]
    assert told["merkle_root"] == merkle([canonical(o) for o in told["data"]]).hex()
    for output, (_, content) in zip(told["data"], sorted(FILES)):
        assert buyer.get(f"/v1/blobs/{output['sha256']}").content == content


def test_a_job_without_outputs(buyer, machine, lease):
    machine.run(lease)
    told = buyer.get(f"/v1/jobs/{see(buyer, lease)['job_id']}/outputs").ok()
    assert (told["data"], told["merkle_root"]) == ([], hashlib.sha256(b"").hexdigest())


def test_a_receipt_can_be_verified_offline(buyer, provider, machine, lease):
    machine.run(lease, FILES, seconds=5)
    told = buyer.get(f"/v1/leases/{lease}/receipt")
    assert told.content == provider.get(f"/v1/leases/{lease}/receipt").content
    assert told.content == buyer.get(f"/v1/jobs/{see(buyer, lease)['job_id']}/receipt").content
    receipt, over = told.ok(), told.json["countersignature"]
    assert (receipt["agent_public_key"], over["market_public_key"]) == (machine.signing.public, machine.market_key)
    verify(machine.signing.public, "bourse-receipt-v1", receipt["receipt"], receipt["agent_signature"])
    verify(machine.market_key, "bourse-countersign-v1", over["document"], over["signature"])
    said = json.loads(over["document"])
    assert said["receipt_sha256"] == hashlib.sha256(receipt["receipt"].encode()).hexdigest()
    assert said["agent_signature"] == receipt["agent_signature"] and said["lease_id"] == lease
    assert (said["price_per_unit_hour"], said["charge"], said["fee"], said["payout"], said["seconds_billed"]) == (
        "0.036000", "0.001200", "0.000012", "0.001188", 60)
    assert said["entry"] == buyer.get("/v1/postings?limit=1").ok()["data"][0]["entry"]
    assert canonical(said) == over["document"]


def test_there_is_no_receipt_before_the_end(buyer, lease, problem):
    job = see(buyer, lease)["job_id"]
    for path in (f"/v1/leases/{lease}/receipt", f"/v1/jobs/{job}/receipt", f"/v1/jobs/{job}/outputs"):
        problem(buyer.get(path), "not-found")


OTHER = "ab" * 32
LIES = {
    "another market": {"market_id": "elsewhere"}, "another node": {"node_id": "node_01m86ch86ge0080000000004jg"},
    "another image": {"image": "docker.io/library/alpine:3.21"},
    "another digest than that which ran": {"image_digest": "sha256:" + "cd" * 32}, "more units": {"units": 3},
    "another pool": {"pool": "l4-24g"}, "another command": {"command_sha256": OTHER}, "another epoch": {"epoch": 2},
    "another key": {"node_public_key": "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="},
    "an unknown reason": {"reason": "bored"}, "a reason of the market": {"reason": "node-lost"},
    "another root": {"outputs_root": OTHER}, "seconds below zero": {"seconds": -1}, "a field too many": {"more": 1},
    "another type": {"type": "receipt"}, "another version": {"version": 2}, "GPUs": {"gpus": ["GPU-1"]},
    "a time that is none": {"ended_at": "yesterday"}, "a digest too short": {"log_sha256": "ab"},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_receipt_that_differs_from_the_lease(buyer, machine, lease, problem, lie):
    work = machine.start(lease)
    problem(machine.say(work, "exit", **machine.receipt(work, **LIES[lie])), "validation-failed", "/receipt")
    assert see(buyer, lease)["state"] == "running"
    machine.finish(work).ok()


def test_a_receipt_that_is_not_canonical(machine, lease, problem):
    work = machine.start(lease)
    text = json.dumps(json.loads(machine.receipt(work)["receipt"]), sort_keys=True)
    signed = {"receipt": text, "signature": machine.signing.sign("bourse-receipt-v1", text)}
    problem(machine.say(work, "exit", **signed), "validation-failed", "/receipt")


@pytest.mark.parametrize("tag", ["bourse-tick-v1", "bourse-receipt-v2", ""])
def test_a_receipt_that_is_signed_otherwise(machine, lease, problem, tag):
    work = machine.start(lease)
    body = machine.receipt(work)
    body["signature"] = machine.signing.sign(tag, body["receipt"])
    problem(machine.say(work, "exit", **body), "validation-failed", "/signature")


def test_outputs_that_were_not_uploaded(machine, lease, problem):
    work = machine.start(lease)
    content = lease.encode()
    told = problem(machine.say(work, "exit", **machine.receipt(work, [("a", content)])), "validation-failed",
        "/receipt")
    assert "a" in told["errors"][0]["detail"]
    machine.finish(work, [("a", content)]).ok()


@pytest.mark.parametrize("path", ["../a", "/a", "a//b", "a/./b", "a\\b", "", "a/", "a\nb"])
def test_outputs_lie_below_their_folder(machine, lease, problem, path):
    work = machine.start(lease)
    content = b"x"
    machine.put(f"/v1/agent/blobs/{hashlib.sha256(content).hexdigest()}", content).ok()
    problem(machine.say(work, "exit", **machine.receipt(work, [(path, content)])), "validation-failed", "/receipt")
    machine.finish(work, [("a", content)]).ok()


def test_the_image_that_ran_is_told(buyer, machine, lease):
    work = machine.work(lease)
    machine.say(work, "accept").ok()
    assert job_of(buyer, lease)["image_digest"] is None
    machine.ready(work).ok()
    assert job_of(buyer, lease)["image_digest"] == IMAGE_DIGEST
