# SPDX-License-Identifier: Apache-2.0
"""The orders of a day under pseudonyms: a day later, all of them, and nobody's number."""

import datetime
import json
import uuid

from tests.log.reading import Log
from tests.outside import pg
from tests.outside.client import Client
from tests.outside.market import Market, number_of, usd
from tests.outside.process import Folder, wait_for
from tests.outside.protocol import ProtocolAgent


def place(client, **wishes):
    body = {"image": "docker.io/library/alpine:3.20", "command": ["true"], "pool": "cpu", "units": 1, "budget": usd("1"),
            "limit_price_per_unit_hour": usd("0.020"), "max_duration_seconds": 600, "name": "a secret name", **wishes}
    return client.post("/v1/jobs", body, str(uuid.uuid4())).ok()["job"]


def shift(market, days):
    """All commands as if they had come so many days ago."""
    pg.run(market.db, f"SET session_replication_role = replica; UPDATE commands SET at = at - interval '{days} days';")


def day_of(market, seq):
    at = market.value(f"SELECT at AT TIME ZONE 'UTC' FROM commands WHERE seq = {seq}")
    return at[:10]


def pages(client, day, limit):
    rows, after = [], 0
    while after is not None:
        told = client.get(f"/v1/log/orders/{day}?limit={limit}&after={after}").ok()
        assert told["day"] == day and len(told["data"]) <= limit
        rows += told["data"]
        after = told["next_after"]
    return rows


def test_the_orders_of_a_day_are_told_a_day_later_under_names_of_that_day():
    with Folder("orders") as folder, Market(folder) as market:
        buyer, other = market.account("buyer", "100"), market.account("other", "100")
        agent = ProtocolAgent(market, market.account("provider"))
        ask = agent.place_ask(units=3, price="9")
        with buyer.client() as first, other.client() as second:
            jobs = [place(first), place(first), place(second)]
            first.post(f"/v1/jobs/{jobs[0]['job_id']}/cancel").ok()
        seqs = [number_of(ask["ask_id"]), *(number_of(j["job_id"]) for j in jobs)]
        today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
        last = market.value("SELECT max(seq) FROM commands")
        with Client(market.url) as client:
            assert client.get(f"/v1/log/orders/{today}").status == 404
            log = Log(client)
            wait_for("the log", lambda: market.value("SELECT max(seq) FROM log_checkpoints") >= last)
            commits = [json.loads(e) for e in log.entries(log.checkpoint().size)]
        market.process.stop()
        shift(market, 3)
        market.start()
        with Client(market.url) as client:
            day = day_of(market, seqs[0])
            rows = pages(client, day, 1000)
            assert rows == pages(client, day, 2)
            by_seq = {row["seq"]: row["order"] for row in rows}
            assert set(seqs) <= set(by_seq)
            mine, mine_too, theirs = (by_seq[s]["by"] for s in seqs[1:])
            assert mine == mine_too != theirs
            assert by_seq[seqs[0]]["kind"] == "place-ask" and len(by_seq[seqs[0]]["node"]) == 24
            cancelled = [o for o in by_seq.values() if o["kind"] == "cancel-job"]
            assert len(cancelled) == 1 and cancelled[0]["order"] == seqs[1] and "by" not in cancelled[0]
            assert "secret name" not in json.dumps(rows) and all("more" not in o for o in by_seq.values())
            numbers = {buyer.number, other.number, number_of(agent.node_id)}
            assert not numbers & {o.get(m) for o in by_seq.values() for m in ("by", "node")}
            kinds = {e["seq"]: e["kind"] for e in commits if e["type"] == "command"}
            assert all(kinds[row["seq"]] == row["order"]["kind"] for row in rows)
            first_headers = client.get(f"/v1/log/orders/{day}").headers
            assert "immutable" in first_headers["Cache-Control"]
            for wrong in ("2026-13-01", "yesterday", "2026-1-1", today):
                assert client.get(f"/v1/log/orders/{wrong}").status == 404
            assert client.get("/v1/log/orders/2020-01-01").ok()["data"] == []
        market.process.stop()
        shift(market, 1)
        market.start()
        with Client(market.url) as client:
            again = {row["seq"]: row["order"] for row in pages(client, day_of(market, seqs[0]), 1000)}
            assert again[seqs[1]]["by"] == again[seqs[2]]["by"] != mine, "the name is the same on another day"
