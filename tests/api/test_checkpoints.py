# SPDX-License-Identifier: Apache-2.0
"""Checkpoints as an agent tells of them: what is missing, who may read it, what is refused, what it means for money."""

import hashlib
import json
import time

import pytest

from tests.api.people import Machine, canonical, rfc3339
from tests.outside.market import number_of, usd

PIECE = 4 << 20


def sha(content):
    return hashlib.sha256(content).hexdigest()


def manifest(**files):
    """The text of a manifest, and the pieces that it names."""
    rows, pieces = [], []
    for path, content in sorted(files.items()):
        cut = [content[i:i + PIECE] for i in range(0, len(content), PIECE)]
        pieces += cut
        rows.append({"mode": 0o644, "path": path, "pieces": [sha(p) for p in cut], "size_bytes": len(content)})
    return canonical({"files": rows, "type": "bourse-checkpoint", "version": 1}).encode(), pieces


def statement(machine, work, text, seconds=0, looked=0, **more):
    document = canonical({"at": rfc3339(time.time()), "epoch": work["epoch"], "lease_id": work["lease_id"],
                          "looked_seconds": looked, "manifest_sha256": sha(text), "seconds": seconds, **more})
    return {"document": document, "signature": machine.signing.sign("bourse-checkpoint-v1", document)}


def tell(machine, work, text, **more):
    return machine.post(f"/v1/agent/leases/{work['lease_id']}/checkpoint", statement(machine, work, text, **more))


def send(machine, *contents):
    for content in contents:
        machine.put(f"/v1/agent/blobs/{sha(content)}", content).ok()


@pytest.fixture
def other_provider(crowd):
    return crowd()


@pytest.fixture
def work(buyer, machine):
    """The assignment of a lease that runs."""
    machine.offer(units=2, price="0.036").ok()
    made = buyer.submit(units=2, limit_price_per_unit_hour=usd("0.036"), checkpoint_seconds=60).ok()["job"]
    return machine.start(made["lease_id"])


def test_what_is_missing_is_named_until_all_is_there(market, machine, work):
    text, pieces = manifest(model=b"weights" * 100, steps=b"12")
    assert tell(machine, work, text).ok() == {"kept": False, "missing": [sha(text)]}
    send(machine, text)
    told = tell(machine, work, text).ok()
    assert told["kept"] is False and sorted(told["missing"]) == sorted(sha(p) for p in pieces)
    send(machine, *pieces)
    said = statement(machine, work, text)
    path = f"/v1/agent/leases/{work['lease_id']}/checkpoint"
    assert machine.post(path, said).ok() == {"kept": True, "missing": []}
    commands = market.value("SELECT count(*) FROM commands WHERE kind = 35")
    assert machine.post(path, said).ok() == {"kept": True, "missing": []}  # again: nothing new
    assert market.value("SELECT count(*) FROM commands WHERE kind = 35") == commands


def test_a_newer_one_needs_only_what_is_new_and_the_older_one_goes(market, machine, work):
    first, pieces = manifest(a=b"one", b=b"two")
    send(machine, first, *pieces)
    assert tell(machine, work, first).ok()["kept"]
    second, _ = manifest(a=b"one", b=b"three")
    send(machine, second)
    assert tell(machine, work, second).ok()["missing"] == [sha(b"three")]
    send(machine, b"three")
    assert tell(machine, work, second).ok()["kept"]
    kept = {row["hex"] for row in market.rows(f"""SELECT encode(sha256, 'hex') AS hex FROM checkpoint_blobs
                                                  WHERE job = {number_of(work['job_id'])}""")}
    assert kept == {sha(second), sha(b"one"), sha(b"three")}
    assert not (market.folder / f"server/blobs/{sha(b'two')[:2]}/{sha(b'two')}").exists()


def test_another_accounts_blob_is_missing_although_it_is_there(buyer, machine, work):
    secret = b"of the buyer alone"
    buyer.put(f"/v1/blobs/{sha(secret)}", secret).ok()
    text, _ = manifest(x=secret)
    send(machine, text)
    assert tell(machine, work, text).ok() == {"kept": False, "missing": [sha(secret)]}
    assert machine.call("GET", f"/v1/agent/blobs/{sha(secret)}").status == 404


def test_the_next_run_begins_with_it_and_may_read_it_and_the_buyer_may(market, buyer, machine, other_provider, work):
    text, pieces = manifest(model=b"weights")
    send(machine, text, *pieces)
    assert work["checkpoint"] is None and work["checkpoint_seconds"] == 60
    assert tell(machine, work, text).ok()["kept"]
    next_machine = Machine(other_provider)
    assert next_machine.call("GET", f"/v1/agent/blobs/{sha(text)}").status == 404
    next_machine.offer(units=2, price="0.036").ok()
    machine.finish(work, reason="engine-failed").ok()
    lease = buyer.get(f"/v1/jobs/{work['job_id']}").ok()["lease_id"]
    again = next_machine.start(lease)
    assert again["checkpoint"] == sha(text)
    for content in (text, *pieces):
        assert next_machine.call("GET", f"/v1/agent/blobs/{sha(content)}").content == content
        assert buyer.get(f"/v1/blobs/{sha(content)}").content == content
    assert machine.call("GET", f"/v1/agent/blobs/{sha(text)}").status == 404  # it is the job's, not the provider's
    next_machine.finish(again).ok()
    assert next_machine.call("GET", f"/v1/agent/blobs/{sha(text)}").status == 404


def test_what_a_failed_run_has_saved_is_paid(market, buyer, machine, work):
    text, pieces = manifest(model=b"weights")
    send(machine, text, *pieces)
    lease = number_of(work["lease_id"])
    time.sleep(3)
    assert tell(machine, work, text, seconds=2, looked=3).ok()["kept"]
    assert tell(machine, work, text, seconds=500, looked=500).ok()["kept"]  # no more than there was
    row = market.rows(f"SELECT seconds_kept, seconds_looked FROM leases WHERE lease = {lease}")[0]
    assert 3 <= row["seconds_kept"] == row["seconds_looked"] < 60
    machine.finish(work, reason="engine-failed").ok()
    row = market.rows(f"SELECT seconds_billed, seconds_kept, charge FROM leases WHERE lease = {lease}")[0]
    assert row["seconds_billed"] == row["seconds_kept"] and row["charge"] == 36000 * 2 * row["seconds_kept"] // 3600


def test_a_statement_that_is_not_right_is_refused(machine, work):
    text, pieces = manifest(model=b"weights")
    send(machine, text, *pieces)
    path = f"/v1/agent/leases/{work['lease_id']}/checkpoint"
    good = statement(machine, work, text)
    forged = {**good, "document": good["document"].replace('"seconds":0', '"seconds":9')}
    for wrong in (forged, {**good, "signature": "A" * 86 + "=="}, statement(machine, work, text, seconds=5, looked=4),
                  statement(machine, work, text, lease_id="lease_other"), {**good, "document": "{}"}):
        assert machine.post(path, wrong).status == 422, wrong
    assert machine.post(path, statement(machine, {**work, "epoch": 2}, text)).status == 409
    other = Machine(machine.provider, "another")
    assert other.post(path, good).status == 404
    machine.finish(work).ok()
    assert machine.post(path, statement(machine, work, text)).status == 409


@pytest.mark.parametrize("change", [
    lambda m: m["files"][0].update(path="../etc/passwd"),
    lambda m: m["files"][0].update(path="/etc/passwd"),
    lambda m: m["files"][0].update(size_bytes=PIECE + 1),
    lambda m: m["files"][0].update(size_bytes=1 << 45, pieces=["0" * 64]),
    lambda m: m["files"][0].update(mode=0o4755),
    lambda m: m.update(version=2),
    lambda m: m["files"].append(m["files"][0]),
])
def test_a_manifest_that_is_not_right_is_refused(machine, work, change):
    made = json.loads(manifest(model=b"weights")[0])
    change(made)
    text = canonical(made).encode()
    send(machine, text)
    assert tell(machine, work, text).status == 422


def test_more_than_the_scratch_holds_is_refused(machine, work):
    pieces = (2 * (2 << 30)) // PIECE + 1
    text = canonical({"files": [{"mode": 420, "path": "x", "pieces": ["0" * 64] * pieces,
                                 "size_bytes": pieces * PIECE}], "type": "bourse-checkpoint", "version": 1}).encode()
    send(machine, text)
    assert tell(machine, work, text).status == 422


def test_the_buyer_may_ask_for_one_while_the_job_runs(market, buyer, stranger, machine, work):
    path = f"/v1/jobs/{work['job_id']}/checkpoint"
    assert stranger.post(path).status == 404
    assert buyer.post(path).status == 202 and buyer.post(path).status == 202
    lease = {"lease_id": work["lease_id"], "epoch": 1, "state": "running", "tick": None}

    def told():
        commands = machine.post("/v1/agent/heartbeat", {"leases": [lease]}).ok()["commands"]
        return [c["do"] for c in commands if c["lease_id"] == work["lease_id"]]

    assert told() == ["save"]
    text, pieces = manifest(model=b"weights")
    send(machine, text, *pieces)
    assert tell(machine, work, text).ok()["kept"]
    assert told() == []
    machine.finish(work).ok()
    assert buyer.post(path).status == 409
