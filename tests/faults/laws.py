# SPDX-License-Identifier: Apache-2.0
"""What must hold after any number of faults. Each law gives back what breaks it, as texts.

The accounts themselves are checked by tests/outside/ledger.py: all of it holds here too, among it that no job
was paid twice, that each lease ended once, and that a failed run is paid for what survives of it and no more.
What the market believes to survive is compared here with what the programs in the containers say of themselves:
each tells how much work it found saved when it began."""

import contextlib
import json
import re

from tests.outside import ledger
from tests.outside.market import number_of

FINAL = (5, 6, 7, 8)  # settled, failed, cancelled, expired
OUTLIVE = 5.0  # seconds that a container may run beyond its deadline
# A program begins a little after its container, saves each half a second, and the market counts whole seconds.
LOST = 3500  # ms of work that were paid and not found again
FREE = 2500  # ms of work that were found again and not paid
ABSENT = ("agent-kill", "agent-pause", "engine-kill", "journal-loss")  # it cannot then
AWAY = 5  # seconds that an agent may need, once it is back, to hold its containers again


class Seen:
    """What the run itself saw, by its own clock: when the container of each lease began and how long it ran, when
    the server was back from an outage, and which fault (machine, name, beginning, end) each machine had."""

    def __init__(self, watch, returns, spans, machines):
        self.began, self.ran = dict(watch.began), watch.ran()
        self.returns, self.spans, self.machines = returns, spans, machines


def every_job_ends_once(market):
    rows = market.rows("""SELECT b.bid, b.job, b.state, b.reason,
            (SELECT count(*) FROM leases l WHERE l.bid = b.bid AND l.state NOT IN (8, 9)) AS live,
            (SELECT count(*) FROM leases l WHERE l.bid = b.bid AND l.state = 8 AND l.reason = 1) AS runs
        FROM bids b""")
    return [f"job {r['bid']}: {r}" for r in rows
            if r["job"] not in FINAL or r["live"] or (r["job"] == 5 and r["runs"] != 1)]


def _work(market):
    """The leases of jobs that work and save, in order, each with what its program said when it began."""
    return market.rows("""SELECT l.lease, l.bid, l.state, l.reason, l.seconds_billed,
            extract(epoch FROM l.accepted)::float8 AS accepted, extract(epoch FROM l.ready)::float8 AS ready,
            (SELECT string_agg(convert_from(c.bytes, 'UTF8'), '' ORDER BY n) FROM log_chunks c
             WHERE c.lease = l.lease AND n >= 0) AS log
        FROM leases l JOIN commands s ON s.seq = l.bid
        WHERE convert_from(s.payload, 'UTF8')::json #>> '{more,command,0}' = 'work' AND l.ready IS NOT NULL
        ORDER BY l.bid, l.lease""")


def what_is_paid_survives_and_what_survives_is_paid(market, seen):
    """Milliseconds of work found at each beginning, against what was there before plus what was paid since.

    What is billed is the lesser of what the agent has signed and what the market has observed, and it observes a run
    from when it hears that the container is ready. So what ran before that is nobody's debt, and that alone: no more
    than from the container's start, which we have seen ourselves, to the market's `ready`."""
    wrong, counted = [], 0
    job, low, high = None, 0, 0
    began = {number_of(lease): at for lease, at in seen.began.items()}
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
        if lease["reason"] in (10, 11, 19, 22):  # engine-failed, node-lost; displaced, drained: it had notice
            low += 1000 * lease["seconds_billed"]
            unheard = lease["ready"] - began.get(lease["lease"], lease["accepted"])
            high += 1000 * (lease["seconds_billed"] + max(0, unheard))
    return wrong, counted


def no_container_outlives_its_deadline(market, ran):
    limits = {r["lease"]: r["seconds_max"] for r in market.rows("SELECT lease, seconds_max FROM leases")}
    late = {lease: s - limits[number_of(lease)] for lease, s in ran.items() if number_of(lease) in limits}
    return [f"{lease} ran {over:.1f} s beyond its deadline" for lease, over in late.items() if over > OUTLIVE]


def the_agent_ends_what_it_runs_itself(market, seen):
    """The warden is for agents that cannot: one that lives has tried by its own clock when the warden comes."""
    limits = {r["lease"]: r["seconds_max"] for r in market.rows("SELECT lease, seconds_max FROM leases")}
    began = {number_of(lease): at for lease, at in seen.began.items()}
    wrong = []
    for i, machine in enumerate(seen.machines):
        killed, tried = set(), set()
        for line in machine.log.read_text(errors="replace").splitlines():
            with contextlib.suppress(ValueError, KeyError):
                told = json.loads(line)
                name = told.get("container")
                if told["event"] == "warden.killed":
                    killed.add(name)
                if told["event"] == "container.signalled" and told["signal"] == 9:
                    tried.add(name)
        for name in killed - tried:
            lease = number_of(name.rsplit("-", 1)[0].removeprefix("bourse-"))
            if lease not in began or lease not in limits:
                continue
            due = began[lease] + limits[lease]
            away = [s for s in seen.spans if s[0] == i and s[1] in ABSENT and s[2] < due + AWAY and s[3] + AWAY > due]
            if not away:
                wrong.append(f"{machine.name}: {name} was ended by the warden, its agent did nothing")
    return wrong


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


def broken(market, seen, lease_seconds):
    """All that is broken, and how many takings-over were checked."""
    wrong = [f"accounts: {w}" for w in ledger.violations(market.db, market.fee_bps, market.options.get("min_run_seconds", ledger.MIN_RUN))]
    wrong += [f"ends: {w}" for w in every_job_ends_once(market)]
    survives, counted = what_is_paid_survives_and_what_survives_is_paid(market, seen)
    wrong += [f"work: {w}" for w in survives]
    wrong += [f"deadline: {w}" for w in no_container_outlives_its_deadline(market, seen.ran)]
    wrong += [f"deadline: {w}" for w in the_agent_ends_what_it_runs_itself(market, seen)]
    wrong += [f"amnesty: {w}" for w in an_outage_of_the_server_costs_nobody(market, seen.returns, lease_seconds)]
    wrong += [f"avoided: {w}" for w in a_failed_node_is_avoided(market)]
    wrong += [f"blobs: {w}" for w in nothing_is_kept_for_nobody(market)]
    return wrong, counted
