# SPDX-License-Identifier: Apache-2.0
"""The public log and the signed place in the sequence, as the contract has them. tests/log reads the log itself."""

import base64
import hashlib
import json
import re

import pytest

from tests.api.people import canonical, fresh, job
from tests.outside.market import number_of, usd
from tests.outside.process import wait_for
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


@pytest.fixture
def settled(buyer, machine):
    machine.offer(units=1, price="0.036").ok()
    lease = buyer.submit(units=1, limit_price_per_unit_hour=usd("0.036")).ok()["job"]["lease_id"]
    machine.run(lease)
    return lease


def test_the_log_is_named_and_its_checkpoint_is_served(anybody):
    known = anybody.get("/.well-known/bourse").ok()
    assert known["origin"] == f"{known['market_id']}/log"
    assert known["log_verifier_key"].startswith(known["origin"] + "+")
    note = wait_for("a checkpoint", lambda: anybody.get("/log/checkpoint").status == 200
                    and anybody.get("/log/checkpoint").content.decode())
    assert note.split("\n")[0] == known["origin"]


def test_tiles_are_served_and_what_is_none_is_not(anybody, problem):
    wait_for("a tile", lambda: anybody.get("/log/tile/0/000.p/1").status == 200)
    assert len(anybody.get("/log/tile/0/000.p/1").content) == 32
    assert anybody.get("/log/tile/entries/000.p/1").status == 200
    for name in ("0/0", "0/999", "7/000", "x/000", "0/000.p/0", "entries/x000/000"):
        problem(anybody.get(f"/log/tile/{name}"), "not-found")


def test_both_sides_get_the_proof_of_a_settlement(buyer, provider, stranger, anybody, settled, problem):
    path = f"/v1/leases/{settled}/proof"
    wait_for("the proof", lambda: buyer.get(path).status == 200)
    told, theirs = buyer.get(path).ok(), provider.get(path).ok()
    assert (told["entry"], told["document"], told["index"]) == (theirs["entry"], theirs["document"], theirs["index"])
    opened = hashlib.sha256(bytes.fromhex(told["salt"]) + told["document"].encode()).hexdigest()
    assert json.loads(told["entry"])["commit"] == opened
    assert canonical(json.loads(told["document"])) == told["document"]
    problem(stranger.get(path), "not-found")
    problem(anybody.get(path), "unauthenticated")


def test_a_settlement_that_is_not_there_yet(buyer, machine, problem):
    machine.offer(units=1, price="0.036").ok()
    lease = buyer.submit(units=1, limit_price_per_unit_hour=usd("0.036")).ok()["job"]["lease_id"]
    problem(buyer.get(f"/v1/leases/{lease}/proof"), "not-yet-logged")


# ---- the place in the sequence ---------------------------------------------------------------------


def sequence(answer):
    text = answer.headers["Bourse-Sequence"]
    form = (r'seq=(\d+), at="(\d+)", commit=:(.*):, request=:(.*):, index=(\d+), size=(\d+), path=:(.*):, '
            r"signature=:(.*):")
    seq, at, commit, request, index, size, path, signature = re.fullmatch(form, text).groups()
    decoded = [base64.b64decode(x) for x in (commit, request, path, signature)]
    return int(seq), int(at), int(index), int(size), *decoded


def says_so(anybody, answer, body):
    """Checks the statement as docs/log.md says; gives seq and commit."""
    seq, at, index, size, commit, request, path, signature = sequence(answer)
    assert request == (hashlib.sha256(body).digest() if body else bytes(32))
    r = hashlib.sha256(b"\0" + commit + request + seq.to_bytes(8, "big") + at.to_bytes(8, "big")).digest()
    last = size - 1
    for k in range(0, len(path), 32):
        v = path[k: k + 32]
        if index & 1 or index == last:
            r = hashlib.sha256(b"\1" + v + r).digest()
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            r = hashlib.sha256(b"\1" + r + v).digest()
        index, last = index >> 1, last >> 1
    assert last == 0
    known = anybody.get("/.well-known/bourse").ok()
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(known["public_key"]))
    key.verify(signature, b"bourse-sequence-v1\n" + canonical(
        {"market_id": known["market_id"], "root": r.hex(), "size": size}).encode())
    return seq, commit.hex()


def logged(anybody, seq):
    """The commit of a command in the log, when it is there."""
    told = anybody.get("/log/checkpoint")
    size = int(told.content.split(b"\n")[1])
    for n in range((size + 255) // 256):
        width = min(256, size - 256 * n)
        data = anybody.get(f"/log/tile/entries/{n:03}" + (f".p/{width}" if width < 256 else "")).content
        while data:
            length = int.from_bytes(data[:2], "big")
            entry, data = json.loads(data[2: 2 + length]), data[2 + length:]
            if entry["type"] == "command" and entry["seq"] == seq:
                return entry["commit"]
    return None


def test_each_accepted_command_is_told_its_place_and_the_log_keeps_it(buyer, machine, provider, anybody):
    body = json.dumps(job()).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": fresh()}
    placed = buyer.call("POST", "/v1/jobs", body, headers)
    ask = machine.offer(units=1, price="9").ok()["ask"]
    amended = provider.patch(f"/v1/asks/{ask['ask_id']}", {"price_per_unit_hour": usd("10")})
    cancelled = buyer.post(f"/v1/jobs/{placed.ok()['job']['job_id']}/cancel")
    seqs = [says_so(anybody, placed, body), says_so(anybody, cancelled, b"")]
    assert seqs[0][0] == number_of(placed.ok()["job"]["job_id"]) < seqs[1][0]
    amended.ok()
    assert seqs[0][0] < sequence(amended)[0] < seqs[1][0]
    for seq, commit in seqs:
        assert wait_for("the entry", lambda seq=seq: logged(anybody, seq)) == commit

    again = buyer.call("POST", "/v1/jobs", body, headers)
    assert again.headers["Idempotency-Replayed"] == "true" and "Bourse-Sequence" not in again.headers


def test_a_refused_command_has_no_place(buyer, problem):
    refused = buyer.submit(budget=usd("100000"), limit_price_per_unit_hour=usd("90000"))
    assert refused.status == 409 and "Bourse-Sequence" not in refused.headers
