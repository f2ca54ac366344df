# SPDX-License-Identifier: Apache-2.0
"""The accounts, checked in SQL by an arithmetic of its own: nothing here asks the server, or uses a view
that the product uses. One snapshot, so that it can be taken while the market works."""

import json

from . import pg

LIVE = "state IN (0, 1, 2, 3, 6)"  # offered, preparing, running, stopping, preempted
ENDED = "state IN (8, 9)"  # settled, void
BILL_MIN = 60  # seconds, the least that is billed
MIN_RUN = 600  # of who displaces another, as the server's option min_run_seconds has it
LEAST = "CASE WHEN reason IN (19, 22) THEN 0 WHEN base > 0 AND NOT own THEN {MIN_RUN} ELSE {BILL_MIN} END"
# What goes to the provider of a lease that displaced another: at the price of the ask; the rest is the fund's.
OWN_PART = """CASE WHEN base = 0 THEN charge ELSE least(charge, div(base::numeric * units * CASE
                WHEN reason IN (10, 11) THEN seconds_billed
                ELSE least(seconds_billed, seconds_signed, seconds_observed) END, 3600)) END"""
# Seconds of a failed run that survive: up to its last checkpoint, or all but what its buyer might lose.
SURVIVED = """least(seconds_max, greatest(seconds_kept, seconds_looked -
                    (SELECT 3600 + coalesce(terms[3], 0) FROM bids b WHERE b.bid = leases.bid)))"""

# Each selects what is wrong, as one text. Names of reasons: 10 engine-failed, 11 node-lost, 19 displaced, 22 drained.
CHECKS = {
    "an entry does not sum to zero": """
        SELECT format('command %s: %s', seq, sum(amount)) FROM lines GROUP BY seq HAVING sum(amount) <> 0""",
    "a balance is not the sum of its postings": """
        SELECT format('account %s: %s/%s, posted %s/%s', account, available, held, a, h)
        FROM balances FULL JOIN (
            SELECT account, coalesce(sum(amount) FILTER (WHERE bucket = 0), 0) AS a,
                   coalesce(sum(amount) FILTER (WHERE bucket = 1), 0) AS h
            FROM lines GROUP BY account) posted USING (account)
        WHERE coalesce(available, 0) <> coalesce(a, 0) OR coalesce(held, 0) <> coalesce(h, 0)""",
    "the balances do not sum to zero": """
        SELECT format('%s', sum(available + held)) FROM balances HAVING sum(available + held) <> 0""",
    "somebody owes": """
        SELECT format('account %s: %s/%s', account, available, held) FROM balances
        WHERE held < 0 OR (available < 0 AND account <> 1)""",
    "what is held is not what is promised": """
        SELECT format('account %s: held %s, promised %s', account, held, promised)
        FROM balances LEFT JOIN LATERAL (
            SELECT coalesce((SELECT sum(least(budget - spent, div(price::numeric * units * seconds + 3599, 3600)))
                             FROM bids WHERE bids.account = balances.account AND state = 1), 0)
                 + coalesce((SELECT sum(hold) FROM leases WHERE buyer = balances.account AND {LIVE}), 0)
                 + coalesce((SELECT sum(amount) FROM payouts
                             WHERE payouts.account = balances.account AND state = 1), 0) AS promised) p ON true
        WHERE held <> promised""",
    "a bid holds something else": """
        SELECT format('bid %s in state %s: %s', bid, state, hold) FROM bids WHERE hold <> CASE state
            WHEN 1 THEN least(budget - spent, div(price::numeric * units * seconds + 3599, 3600))
            ELSE coalesce((SELECT sum(hold) FROM leases l WHERE l.bid = bids.bid AND {LIVE}), 0) END""",
    "an account has not what it earned and was given, less what it spent": """
        SELECT format('account %s: %s, should be %s', b.account, b.available + b.held, s.sum)
        FROM balances b LEFT JOIN LATERAL (
            SELECT coalesce((SELECT sum((body->>'amount')::numeric) FROM told
                             WHERE kind = 2 AND (body->>'account')::bigint = b.account), 0)
                 + coalesce((SELECT sum(payout) FROM leases WHERE provider = b.account), 0)
                 - coalesce((SELECT sum(charge) FROM leases WHERE buyer = b.account), 0)
                 + CASE b.account WHEN 2 THEN (SELECT coalesce(sum(fee), 0) FROM leases)
                   WHEN 3 THEN (SELECT coalesce(sum(insurance), 0) FROM leases) ELSE 0 END
                 - coalesce((SELECT sum(amount) FROM payouts p
                             WHERE p.account = b.account AND state = 2), 0) AS sum) s ON true
        WHERE b.account <> 1 AND b.available + b.held <> s.sum""",
    "an open ask has other free units": """
        SELECT format('ask %s: free %s of %s', ask, free, units) FROM asks WHERE state = 1 AND free <> units -
            coalesce((SELECT sum(units) FROM leases l WHERE l.ask = asks.ask AND {LIVE} AND waits = 0), 0)""",
    "a node is oversold": """
        SELECT format('node %s: %s units', n.node, sum(l.units))
        FROM nodes n JOIN leases l ON l.node = n.node AND {LIVE} AND waits = 0 JOIN pool p ON p.number = l.pool
        GROUP BY n.node, n.cpu_millis, n.memory_bytes, n.scratch_bytes, n.gpus
        HAVING sum(l.units * p.unit_cpu_millis::bigint) > n.cpu_millis
            OR sum(l.units * p.unit_memory_bytes) > n.memory_bytes
            OR sum(l.units * p.unit_scratch_bytes) > n.scratch_bytes
            OR sum(l.units * p.unit_gpus::bigint) > n.gpus""",
    "a lease is billed other seconds": """
        SELECT format('lease %s: %s', lease, seconds_billed) FROM (
            SELECT l.*, floor(extract(epoch FROM ended - ready)) AS run, n.ill_us > 0 OR n.ill_since IS NOT NULL AS was_ill
            FROM leases l JOIN nodes n USING (node)) leases
        WHERE state = 8 AND (base = 0 OR ready IS NOT NULL) AND (
            (ready IS NOT NULL AND reason NOT IN (10, 11) AND seconds_observed <> run
             AND NOT (was_ill AND seconds_observed BETWEEN 0 AND run))
            OR seconds_billed <> CASE WHEN ready IS NULL THEN 0 WHEN reason IN (10, 11) THEN {SURVIVED}
                WHEN seconds_observed < run THEN least(seconds_signed, seconds_observed, seconds_max)
                ELSE least(greatest(least(seconds_signed, seconds_observed), {LEAST}), seconds_max) END)""",
    "a charge is not price × units × time": """
        SELECT format('lease %s: %s', lease, charge) FROM leases WHERE charge <> CASE WHEN {ENDED}
            THEN least(hold, div(price::numeric * units * seconds_billed, 3600)) ELSE 0 END""",
    "a fee is not its share of the charge": """
        SELECT format('lease %s: %s of %s', lease, fee, charge) FROM leases
        WHERE fee <> div({OWN_PART}::numeric * {FEE_BPS}, 10000) OR payout <> {OWN_PART} - fee
           OR insurance <> charge - {OWN_PART}""",
    "a job has spent something else": """
        SELECT format('bid %s: %s', bid, spent) FROM bids
        WHERE spent <> coalesce((SELECT sum(charge) FROM leases l WHERE l.bid = bids.bid), 0)
           OR spent + hold > budget""",
    "a trade and its lease differ": """
        SELECT format('trade %s', coalesce(t.trade, l.lease)) FROM trades t FULL JOIN leases l ON t.trade = l.lease
        WHERE (t.bid, t.ask, t.price, t.units, t.pool) IS DISTINCT FROM (l.bid, l.ask, l.price, l.units, l.pool)
           OR (t.at <> l.traded AND l.base = 0)""",
    "a trade is not at the price of the one that rested": """
        SELECT format('trade %s at %s: bid %s, ask %s', t.trade, t.price, b.price, a.price)
        FROM trades t JOIN bids b USING (bid) JOIN asks a USING (ask)
        WHERE NOT EXISTS (SELECT FROM commands WHERE kind IN (5, 8))
            AND NOT EXISTS (SELECT FROM leases l WHERE l.lease = t.trade AND l.base > 0) AND
            (t.price > b.price OR t.price < a.price OR a.account = b.account
             OR t.price <> CASE WHEN t.bid_rested THEN b.price ELSE a.price END)""",
    "a job has not one lease for each attempt": """
        SELECT format('bid %s: %s attempts', bid, attempts) FROM bids
        WHERE attempts <> (SELECT count(*) FROM leases l WHERE l.bid = bids.bid
                           AND NOT (state = 8 AND reason IN (19, 22)))""",
    "a job has more than one lease at a time, or none": """
        SELECT format('bid %s in state %s', bid, state) FROM bids WHERE
            (SELECT count(*) FROM leases l WHERE l.bid = bids.bid AND {LIVE}) <>
            CASE WHEN state = 2 AND job IN (2, 3) THEN 1 ELSE 0 END""",
    "a lease has ended not once": """
        SELECT format('lease %s in state %s: %s ends', lease, state, count(t.seq)) FROM leases LEFT JOIN told t
            ON t.kind IN (11, 13, 14, 15, 16) AND (t.body->>'lease')::bigint = lease
        GROUP BY lease, state, reason HAVING count(t.seq) <> CASE
            WHEN state = 9 AND reason = 2 THEN 0 WHEN {ENDED} THEN 1 ELSE 0 END""",
    "a settled job has not one good run": """
        SELECT format('bid %s', bid) FROM bids WHERE job = 5 AND 1 <> (
            SELECT count(*) FROM leases l WHERE l.bid = bids.bid AND state = 8 AND reason = 1 AND exit_code = 0)""",
    "a job was paid more than once": """
        SELECT format('bid %s', bid) FROM leases WHERE state = 8 AND reason NOT IN (10, 11, 19, 22)
        GROUP BY bid HAVING count(*) > 1""",
}

HEAD = """
WITH lines AS MATERIALIZED (
    SELECT c.seq, p.code / 4 AS account, p.code % 4 AS bucket, p.amount
    FROM commands c, unnest(c.accounts, c.amounts) AS p(code, amount)),
told AS MATERIALIZED (
    SELECT seq, kind, convert_from(payload, 'UTF8')::json AS body FROM commands
    WHERE kind IN (2, 11, 13, 14, 15, 16)),
pool AS (SELECT DISTINCT ON (number) * FROM pools ORDER BY number, version DESC),
wrong (what, detail) AS (
"""


def query(fee_bps, min_run=MIN_RUN):
    """One statement that selects all that is wrong."""
    parts = []
    for what, check_sql in CHECKS.items():
        for name, text in (("LEAST", LEAST), ("OWN_PART", OWN_PART), ("MIN_RUN", min_run), ("LIVE", LIVE),
                           ("ENDED", ENDED), ("BILL_MIN", BILL_MIN), ("SURVIVED", SURVIVED), ("FEE_BPS", fee_bps)):
            check_sql = check_sql.replace("{" + name + "}", str(text))
        parts.append(f"SELECT '{what}', found.* FROM ({check_sql}) found")
    return HEAD + "\nUNION ALL\n".join(parts) + ") SELECT coalesce(json_agg(wrong), '[]') FROM wrong;\n"


def violations(db, fee_bps=100, min_run=MIN_RUN):
    """What is wrong, as a list of texts; empty when all is right."""
    return [f"{w['what']}: {w['detail']}" for w in json.loads(pg.run(db, query(fee_bps, min_run)))]


def check(market):
    wrong = violations(market.db, market.fee_bps)
    assert not wrong, "\n".join(wrong[:20])


def totals(market):
    """A few counts, to print."""
    return market.rows("""SELECT (SELECT count(*) FROM commands) AS commands, (SELECT count(*) FROM bids) AS jobs,
        (SELECT count(*) FROM trades) AS trades, (SELECT count(*) FROM leases WHERE state = 8) AS settled""")[0]
