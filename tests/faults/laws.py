# SPDX-License-Identifier: Apache-2.0
"""What must hold after any number of faults. Each law gives back what breaks it, as texts.

The accounts themselves are checked by tests/outside/ledger.py: all of it holds here too, among it that no job
was paid twice, that each lease ended once, and that a failed run is paid for what survives of it and no more.
What the market believes to survive is compared here with what the programs in the containers say of themselves:
each tells how much work it found saved when it began."""

import re

from tests.outside import ledger
from tests.outside.market import number_of

FINAL = (5, 6, 7, 8)  # settled, failed, cancelled, expired
OUTLIVE = 5.0  # seconds that a container may run beyond its deadline
# A program begins a little after its container, saves each half a second, and the market counts whole seconds.
LOST = 3500  # ms of work that were paid and not found again
FREE = 2500  # ms of work that were found again and not paid


def every_job_ends_once(market):
    rows = market.rows("""SELECT b.bid, b.job, b.state, b.reason,
            (SELECT count(*) FROM leases l WHERE l.bid = b.bid AND l.state NOT IN (8, 9)) AS live,
            (SELECT count(*) FROM leases l WHERE l.bid = b.bid AND l.state = 8 AND l.reason = 1) AS runs
        FROM bids b""")
    return [f"job {r['bid']}: {r}" for r in rows
            if r["job"] not in FINAL or r["live"] or (r["job"] == 5 and r["runs"] != 1)]


def _work(market):
    """The leases of jobs that work and save, in order, each with what its program said when it began."""
    return market.rows("""SELECT l.lease, l.bid, l.state, l.reason, l.seconds_billed, l.seconds_kept,
            (SELECT (convert_from(c.payload, 'UTF8')::json ->> 'seconds')::int FROM commands c
             WHERE c.seq = l.checkpoint) AS told,
            (SELECT string_agg(convert_from(c.bytes, 'UTF8'), '' ORDER BY n) FROM log_chunks c
             WHERE c.lease = l.lease AND n >= 0) AS log
        FROM leases l JOIN commands s ON s.seq = l.bid
        WHERE convert_from(s.payload, 'UTF8')::json #>> '{more,command,0}' = 'work' AND l.ready IS NOT NULL
        ORDER BY l.bid, l.lease""")


def what_is_paid_survives_and_what_survives_is_paid(market):
    """Milliseconds of work found at each beginning, against what was there before plus what was paid since."""
    wrong, counted = [], 0
    job, low, high = None, 0, 0
    for lease in _work(market):
        if lease["bid"] != job:
            job, low, high = lease["bid"], 0, 0
        said = re.search(r"from (\d+) (\d+)", lease["log"] or "")
        if said:
            found = int(said[2])
            counted += low > 0
            if found < low - LOST:
                wrong.append(f"lease {lease['lease']} found {found} ms of {low} ms that were paid")
            if found > high + FREE:
                wrong.append(f"lease {lease['lease']} found {found} ms, of which only {high} ms were paid")
            low = high = found
        if lease["reason"] in (10, 11):  # engine-failed, node-lost
            low += 1000 * lease["seconds_billed"]
            # A run counts from when the market has heard that it began: what was saved before is nobody's.
            unseen = lease["told"] is not None and lease["told"] > lease["seconds_kept"]
            high += 1000 * (lease["told"] if unseen else lease["seconds_billed"])
    return wrong, counted


def no_container_outlives_its_deadline(market, ran):
    limits = {r["lease"]: r["seconds_max"] for r in market.rows("SELECT lease, seconds_max FROM leases")}
    late = {lease: s - limits[number_of(lease)] for lease, s in ran.items() if number_of(lease) in limits}
    return [f"{lease} ran {over:.1f} s beyond its deadline" for lease, over in late.items() if over > OUTLIVE]


def an_outage_of_the_server_costs_nobody(market, returns, lease_seconds):
    """No lease is lost before a node had one lease time to be heard again. `returns`: when the server was back."""
    wrong = []
    for row in market.rows("""SELECT lease, extract(epoch FROM ended)::float8 AS at FROM leases
                              WHERE state IN (8, 9) AND reason = 11"""):
        since = [row["at"] - back for back in returns if 0 <= row["at"] - back < lease_seconds - 1.5]  # it looks once a second
        wrong += [f"lease {row['lease']} was lost {s:.1f} s after the server was back" for s in since]
    return wrong


def a_failed_node_is_avoided(market):
    rows = market.rows("""SELECT b.lease, b.bid, b.node FROM leases a JOIN leases b
        ON a.bid = b.bid AND a.node = b.node AND a.lease < b.lease WHERE a.reason IN (10, 11)""")
    return [f"lease {r['lease']} of job {r['bid']} is on node {r['node']}, which failed it" for r in rows]


def nothing_is_kept_for_nobody(market):
    """Blobs of checkpoints of jobs that are over, rows without bytes, bytes without rows."""
    rows = market.rows("""SELECT DISTINCT k.job FROM checkpoint_blobs k JOIN bids b ON b.bid = k.job
        WHERE NOT (b.state = 1 OR b.state = 2 AND b.job < 5)""")
    wrong = [f"job {r['job']} is over and keeps a checkpoint" for r in rows]
    named = {r["hex"] for r in market.rows("""SELECT encode(sha256, 'hex') AS hex FROM blobs
        UNION SELECT encode(sha256, 'hex') FROM checkpoint_blobs""")}
    there = {p.name for p in (market.folder / "server/blobs").glob("??/*") if len(p.name) == 64}
    return wrong + [f"the blob {name} is named and not there" for name in sorted(named - there)]


def broken(market, ran, returns, lease_seconds):
    """All that is broken, and how many takings-over were checked."""
    wrong = [f"accounts: {w}" for w in ledger.violations(market.db, market.fee_bps)]
    wrong += [f"ends: {w}" for w in every_job_ends_once(market)]
    survives, counted = what_is_paid_survives_and_what_survives_is_paid(market)
    wrong += [f"work: {w}" for w in survives]
    wrong += [f"deadline: {w}" for w in no_container_outlives_its_deadline(market, ran)]
    wrong += [f"amnesty: {w}" for w in an_outage_of_the_server_costs_nobody(market, returns, lease_seconds)]
    wrong += [f"avoided: {w}" for w in a_failed_node_is_avoided(market)]
    wrong += [f"blobs: {w}" for w in nothing_is_kept_for_nobody(market)]
    return wrong, counted
