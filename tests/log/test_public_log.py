# SPDX-License-Identifier: Apache-2.0
"""The public log of a live market: what is in it, that it holds together, and that a server that is killed
at any moment goes on from what it had signed."""

import hashlib
import json
import random
import time
import uuid

from tests.log.reading import Log, check_proof, goes_on, root, tile_path
from tests.outside import pg, rounds, seed
from tests.outside.client import Client
from tests.outside.load import PRICE, Load
from tests.outside.market import Market, usd
from tests.outside.process import Folder, wait_for
from tests.outside.protocol import ProtocolAgent


def place(client, units=1, price="0.020"):
    body = {"image": "docker.io/library/alpine:3.20", "command": ["true"], "pool": "cpu", "units": units,
            "budget": usd("1"), "limit_price_per_unit_hour": usd(price), "max_duration_seconds": 600}
    return client.post("/v1/jobs", body, str(uuid.uuid4())).ok()["job"]


def covered(market, log):
    """Wait until the published checkpoint covers all commands so far; gives it."""
    last = market.value("SELECT max(seq) FROM commands")
    def published():
        told = log.checkpoint()
        seq = market.value(f"SELECT seq FROM log_checkpoints WHERE size = {told.size}")
        return told if seq is not None and int(seq) >= int(last) else None
    return wait_for("a checkpoint", published)


def commit(secret, number, label, text):
    salt = hashlib.sha256(secret + int(number).to_bytes(8, "big") + label).digest()
    return hashlib.sha256(salt + text).hexdigest()


def settled(market, buyer, agent, n):
    for _ in range(n):
        with buyer.client() as client:
            place(client)
    wait_for("all to be settled", lambda: market.value("SELECT count(*) FROM leases WHERE state = 8") >= n, 60)


def test_the_log_holds_what_the_market_did_and_nothing_that_tells_who():
    with Folder("log") as folder, Market(folder) as market:
        buyer = market.account("buyer", "100")
        with ProtocolAgent(market, market.account("provider")) as agent, Client(market.url) as client:
            agent.place_ask(units=500, price="0.010")
            settled(market, buyer, agent, 20)
            log = Log(client)
            covered(market, log)
            told, _ = log.check()
            entries = [json.loads(entry) for entry in log.entries(told.size)]

            secret = (folder / "server" / "log.key").read_bytes()
            commands = market.rows("SELECT seq, encode(payload, 'hex') AS payload FROM commands ORDER BY seq")
            wanted = {c["seq"]: commit(secret, c["seq"], b"", bytes.fromhex(c["payload"])) for c in commands}
            of = lambda kind: [e for e in entries if e["type"] == kind]
            assert {e["seq"]: e["commit"] for e in of("command")} == wanted
            assert [e["seq"] for e in entries] == sorted(e["seq"] for e in entries)
            assert len(of("settlement")) == 20 and len(of("receipt")) == 20
            assert len(of("parameters")) == 1 and of("parameters")[0]["parameters"]["kind"] == "set-rules"
            allowed = {"at", "commit", "kind", "seq", "type", "version"}
            assert all(set(e) <= allowed for e in entries if e["type"] != "parameters")
            assert all(json.dumps(e, separators=(",", ":"), sort_keys=True).encode() == raw
                       for e, raw in zip(entries, log.entries(told.size)))


def test_tiles_are_good_for_ever_and_checkpoints_for_a_second():
    with Folder("tiles") as folder, Market(folder) as market, Client(market.url) as client:
        buyer = market.account("buyer", "100")
        with buyer.client() as asking:
            for _ in range(300):
                place(asking)
        log = Log(client)
        told = covered(market, log)
        assert told.size > 300
        first = client.get("/log/checkpoint")
        assert first.headers["Cache-Control"] == "public, max-age=1"
        assert first.headers["Content-Type"] == "text/plain; charset=utf-8"
        for path in (tile_path(0, 0), tile_path("entries", 0), tile_path(0, 0, 7), tile_path(1, 0, 1)):
            answer = client.get(path)
            assert answer.status == 200 and "immutable" in answer.headers["Cache-Control"], path
            assert answer.headers["Content-Type"] == "application/octet-stream"
        whole = client.get(tile_path(0, 0)).content
        assert client.get(tile_path(0, 0, 7)).content == whole[: 7 * 32]
        width = told.size - 256
        for path in (tile_path(0, 2), tile_path(0, 1), tile_path(1, 0), tile_path(2, 0, 1), tile_path("entries", 9),
                     tile_path(0, 1, min(255, width + 100)), "/log/tile/0/0", "/log/tile/9/000",
                     "/log/tile/0/000.p/0", "/log/tile/0/x000/000", "/log/tile/data/000"):
            assert client.get(path).status == 404, path
        log.check()


def test_both_parties_have_a_proof_of_the_settlement_and_nobody_else():
    with Folder("proof") as folder, Market(folder) as market:
        buyer, provider = market.account("buyer", "100"), market.account("provider")
        with ProtocolAgent(market, provider) as agent, Client(market.url) as anybody:
            agent.place_ask(units=500, price="0.010")
            with buyer.client() as client:
                job = place(client)
                lease = wait_for("a lease", lambda: client.get(f"/v1/jobs/{job['job_id']}").ok()["lease_id"])
                path = f"/v1/leases/{lease}/proof"
                early = client.get(path)
                assert early.status == 200 or early.json["code"] == "not-yet-logged", early
                proof = wait_for("the proof", lambda: client.get(path).status == 200 and client.get(path).ok())
            with provider.client() as other:
                theirs = other.get(path).ok()
            assert (theirs["entry"], theirs["document"]) == (proof["entry"], proof["document"])
            with market.account("stranger").client() as stranger:
                assert stranger.get(path).status == 404
            assert anybody.get(path).status == 401

            check_proof(proof["proof"], proof["entry"].encode(), Log(anybody).key)
            opened = hashlib.sha256(bytes.fromhex(proof["salt"]) + proof["document"].encode()).hexdigest()
            entry, document = json.loads(proof["entry"]), json.loads(proof["document"])
            assert entry["commit"] == opened and entry["type"] == document["type"] == "settlement"
            assert document["lease_id"] == lease
            assert document["charge"] == document["fee"] + document["payout"] + document["insurance"]


def test_a_lease_that_is_not_settled_is_not_yet_logged():
    with Folder("early") as folder, Market(folder) as market:
        buyer = market.account("buyer", "100")
        agent = ProtocolAgent(market, market.account("provider"))  # it is offered work, and does none
        agent.place_ask(units=5, price="0.010")
        with buyer.client() as client:
            job = place(client)
            answer = client.get(f"/v1/leases/{job['lease_id']}/proof")
            assert (answer.status, answer.json["code"]) == (409, "not-yet-logged")


# ---- killed ----------------------------------------------------------------------------------------


def signed_roots(market):
    """All that was ever signed: size and root."""
    rows = market.rows("SELECT size, encode(root, 'hex') AS root FROM log_checkpoints ORDER BY size")
    return [(row["size"], bytes.fromhex(row["root"])) for row in rows]


def test_whenever_the_server_is_killed_the_log_goes_on_and_never_forks():
    number = seed()
    rng = random.Random(number)
    with Folder("logkill") as folder, Market(folder) as market:
        agent = ProtocolAgent(market, market.account("provider"))
        seen = []
        with agent, Load(market, number) as load:
            agent.place_ask(units=3000, price=PRICE)
            for _ in range(rounds(10)):
                load.go()
                until = time.monotonic() + rng.uniform(0.3, 1.6)
                with Client(market.url) as client:
                    log = Log(client)
                    while time.monotonic() < until:
                        seen.append(log.checkpoint())
                        time.sleep(0.05)
                market.kill()
                market.start()
                load.pause()
        with Client(market.url) as client:
            log = Log(client)
            covered(market, log)
            told, leaves = log.check()
            assert all(goes_on(older, told, leaves) for older in seen)
            roots = signed_roots(market)
            assert all(root(leaves[:size]) == digest for size, digest in roots if size <= told.size)
            print(f"seed={number} entries={told.size} signed={len(roots)} seen={len(seen)}")
            assert len({c.size for c in seen}) > 3


def tamper(market, sql):
    """As somebody who owns the database can, past the triggers."""
    pg.run(market.db, f"SET session_replication_role = replica; {sql};")


def test_a_log_whose_rows_were_changed_is_not_published():
    with Folder("tampered") as folder, Market(folder) as market:
        with Client(market.url) as client:
            covered(market, Log(client))
        market.kill()
        tamper(market, "UPDATE log_entries SET entries = overlay(entries PLACING '\\x21' FROM 10) "
                       "WHERE first = (SELECT max(first) FROM log_entries)")
        market.start()
        with Client(market.url) as client:
            wait_for("the complaint", lambda: "not those that were signed" in market.log.read_text())
            assert client.get("/log/checkpoint").status == 503


def test_a_command_that_was_changed_is_not_logged():
    with Folder("changed") as folder, Market(folder) as market:
        with Client(market.url) as client:
            covered(market, Log(client))
            market.account("somebody", "100")
            told = covered(market, Log(client))
        market.kill()
        # As if the last command had not been logged yet, and was changed before it was.
        tamper(market, "DELETE FROM log_checkpoints WHERE size = (SELECT max(size) FROM log_checkpoints)")
        last = signed_roots(market)[-1][0]
        tamper(market, f"DELETE FROM log_entries WHERE first + n > {last}")
        tamper(market, "UPDATE commands SET payload = overlay(payload PLACING '\\x20' FROM 2) "
                       "WHERE seq = (SELECT max(seq) FROM commands)")
        market.start()
        with Client(market.url) as client:
            wait_for("the complaint", lambda: "is not the one that was recorded" in market.log.read_text())
            wait_for("the log", lambda: client.get("/log/checkpoint").status == 200)
            assert Log(client).checkpoint().size == last < told.size
