# SPDX-License-Identifier: Apache-2.0
"""What a job would cost, and why nothing is matched."""

import json

from tests.cli.market import JOB, usd

WHY = {
    "matches_now": False, "text": "Nothing on offer serves it now. Each of these changes alone would have it matched.",
    "offers": 2, "free_units": 4, "more_offers": False, "nodes_that_serve": 0, "nodes_needed": 1,
    "constraints": [{"constraint": "price", "offers": 2, "offers_by_this_alone": 1,
                     "text": "They ask for more than your limit."}],
    "changes": [{"change": "limit", "way": "amend", "field": "limit_price_per_unit_hour", "from": usd("0.010000"),
                 "to": usd("0.012000"), "brings": None, "text": "Raise the limit to $0.012."}],
}
EXPLAINED = {"bid_id": "bid_01m86ch877e0080000000004k7", "job_id": JOB, "state": "open", "job_state": "open", "reason": None,
             "rests": True, "text": "It rests.", "explanation": WHY}


def line(amount, text="Not charged by this market."):
    return {"amount": usd(amount), "text": text}


def quote(**other):
    return {
        "account_id": None, "matches_now": True, "at": "2026-11-24T09:00:00.000Z", "pool": "cpu",
        "offer": {"pool": "cpu", "units": 2, "own": False, "price_per_hour": usd("0.020000"), "runs_at_most_seconds": 3600,
                  "nodes": [{"region": "europe", "tier": 1, "verified": False, "isolation": "gvisor",
                             "interconnect": "pcie", "price_per_unit_hour": usd("0.010000")}]},
        "limit_price_per_unit_hour": usd("0.011000"), "hold": usd("0.022000"),
        "cost": {"now": usd("0.020000"), "p50": usd("0.021000"), "p90": None, "trades": 9, "fee": line("0.000200", "In it."),
                 "audit": line("0.000000"), "transfer": line("0.000000"), "storage": line("0.000000")},
        "start_seconds": {"p50": 4, "p90": 11, "leases": 9}, "displacing_limit": None, "stands_seconds": 48,
        "quote_seconds": 60, "explanation": None, **other}


def test_a_job_is_explained(bourse, market):
    market.answers["GET", f"/v1/jobs/{JOB}/explain"] = 200, EXPLAINED
    said = bourse("job", "explain", JOB).stdout
    assert "It rests." in said and "They ask for more than your limit." in said and "Raise the limit to $0.012." in said
    assert json.loads(bourse("job", "explain", JOB, "--json").stdout) == EXPLAINED


def test_a_job_that_does_not_rest(bourse, market):
    told = {**EXPLAINED, "rests": False, "text": "It was cancelled.", "explanation": None}
    market.answers["GET", f"/v1/jobs/{JOB}/explain"] = 200, told
    assert "It was cancelled." in bourse("job", "explain", JOB).stdout


def test_only_a_job_is_explained(bourse, market):
    bourse("job", "explain", "bid_01m86ch877e0080000000004k7", code=2)
    bourse("job", "explain", code=2)
    assert market.requests == []


def test_a_quote_from_options(bourse, market):
    market.answers["POST", "/v1/quotes"] = 200, quote()
    said = bourse("quote", "--pool", "cpu", "--cpus", "2", "--duration", "1h", "--budget", "5").stdout
    assert json.loads(market.requests[0].body) == {
        "pool": "cpu", "cpu_millis": 2000, "max_duration_seconds": 3600, "budget": usd("5")}
    for text in ("cost at most   0.02", "limit          0.011", "late start     11s", "europe", "No reservation"):
        assert text in said, said
    assert market.requests[0].headers["Authorization"] == "Bearer brs_live_secret"


def test_a_quote_of_a_file_by_nobody(bourse, market, tmp_path):
    market.answers["POST", "/v1/quotes"] = 200, quote()
    (tmp_path / "job.json").write_text('{"image": "a", "pool": "cpu"}')
    told = bourse.without_key()("quote", tmp_path / "job.json", "--units", "3", "--json").stdout
    assert json.loads(told) == quote()
    assert json.loads(market.requests[0].body) == {"image": "a", "pool": "cpu", "units": 3}
    assert [r.path for r in market.requests] == ["/v1/quotes"] and "Authorization" not in market.requests[0].headers


def test_a_quote_that_nothing_serves(bourse, market):
    market.answers["POST", "/v1/quotes"] = 200, quote(matches_now=False, offer=None, explanation=WHY)
    said = bourse("quote", "--pool", "cpu").stdout
    assert "Raise the limit to $0.012." in said and "europe" not in said


def test_a_file_that_is_none(bourse, market, tmp_path):
    (tmp_path / "job.json").write_text("{")
    bourse("quote", tmp_path / "job.json", code=2)
    assert market.requests == []
