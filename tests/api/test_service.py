# SPDX-License-Identifier: Apache-2.0
"""Health, discovery, the contract itself, problem pages, the dashboard's files; and how methods are answered."""

import base64
import json
import re

import pytest

from tests.api.contract import Contract
from tests.api.people import Asker
from tests.outside import ROOT
from tests.outside.client import Client

PAGES = ("/", "/market", "/jobs", "/jobs/new", "/earn", "/signin")
CONTRACT = Contract()
# One address of each path, to ask for methods; ids are of nobody's things.
EXAMPLES = {
    "account_id": "acct_01m86ch3mge00800000000000g", "job_id": "job_01m86ch877e0080000000004k7", "bid_id": "bid_01m86ch877e0080000000004k7",
    "ask_id": "ask_01m86ch86je0080000000004jj", "node_id": "node_01m86ch86ge0080000000004jg",
    "lease_id": "lease_01m86ch877e0080000000004k7", "payout_id": "payout_01m86ch8a0e0080000000004p0",
    "key_id": "key_01m93tdxshe0vr000000xdwt5h", "sha256": "ab" * 32, "pool": "cpu", "name": "internal",
    "page": "new", "file": "css/app.css", "n": "0", "tile": "0/000", "day": "2026-11-22", "registry": "registry.example.org:5000",
}
ADDRESSES = sorted({re.sub(r"\{(\w+)\}", lambda m: EXAMPLES[m[1]], o.path) for o in CONTRACT.operations.values()})


@pytest.fixture(scope="module")
def agent_side(market, contract):
    """Somebody without credentials, at the agents' address."""
    return Asker(market, contract, market.agent_url)


def test_it_lives_and_is_ready(anybody):
    assert anybody.get("/livez").ok() == {"status": "ok"}
    assert anybody.get("/readyz").ok() == {
        "status": "ready", "checks": {"database": "ok", "leader": "ok", "migrations": "ok"}}


def test_it_says_who_it_is(anybody, market):
    told = anybody.get("/.well-known/bourse").ok()
    assert len(base64.b64decode(told["public_key"])) == 32
    assert (told["public_url"], told["agent_url"]) == (market.url, market.agent_url)
    assert (told["currency"], told["fee_bps"]) == ("USD", market.fee_bps)


def test_agents_find_the_same_market(anybody, agent_side):
    assert agent_side.get("/.well-known/bourse").content == anybody.get("/.well-known/bourse").content
    assert agent_side.get("/livez").status == 200
    assert agent_side.get("/readyz").status == 200


def test_it_serves_its_contract_as_it_is_written(anybody):
    assert anybody.get("/openapi.yaml").content == (ROOT / "openapi.yaml").read_bytes()


def test_the_contract_as_json_says_the_same(anybody, contract):
    assert json.loads(anybody.get("/openapi.json").content) == contract.document


@pytest.mark.parametrize("code", CONTRACT.errors)
def test_each_problem_has_a_page(anybody, code):
    page = anybody.get(f"/problems/{code}")
    assert page.status == 200
    assert f"<code>{code}</code>" in page.content.decode()


def test_there_is_no_page_for_other_names(anybody, problem):
    problem(anybody.get("/problems/bad-luck"), "not-found")


def test_metrics_tell_of_requests(anybody, market):
    """At an address of their own, and in no contract."""
    anybody.get("/livez")
    with Client(market.metrics_url) as client:
        told = client.get("/metrics").content.decode()
    row = r'^bourse_http_request_duration_seconds_count\{daemon="api",route="/livez",method="GET"\} [1-9]'
    assert re.search(row, told, re.M), told[:2000]


# ---- the dashboard -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_all_pages_are_one_document(anybody, path):
    page = anybody.get(path)
    assert page.status == 200
    assert page.content == anybody.get("/").content
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", [*PAGES, "/static/css/app.css"])
def test_what_one_has_is_not_sent_again(anybody, path):
    tag = anybody.get(path).headers["ETag"]
    assert anybody.get(path, If_None_Match=tag).status == 304
    assert anybody.get(path, If_None_Match='"other"').status == 200


@pytest.mark.parametrize("path", [
    "/static/", "/static/nothing.js", "/static/../openapi.yaml", "/static/%2e%2e/openapi.yaml",
    "/static/css/../../openapi.yaml", "/static/css%2fapp.css%00", "/static//etc/passwd", "/static/css",
])
def test_nothing_else_is_served(anybody, path):
    assert anybody.get(path).status in (400, 404)


# ---- methods -------------------------------------------------------------------------------------


def asker(path, anybody, agent_side):
    return agent_side if path.startswith("/v1/agent/") else anybody


@pytest.mark.parametrize("path", ADDRESSES)
def test_options_names_the_methods(anybody, agent_side, path):
    """That Allow is exact is what the contract's judge looks at, here and in the next test."""
    assert asker(path, anybody, agent_side).call("OPTIONS", path).status == 204


@pytest.mark.parametrize("path", ADDRESSES)
def test_other_methods_are_refused(anybody, agent_side, problem, path):
    there = CONTRACT.methods(path)
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND", "get"} - there:
        problem(asker(path, anybody, agent_side).call(method, path), "method-not-allowed")


def test_options_of_everything(anybody):
    answer = anybody.client.call("OPTIONS", "*")
    assert (answer.status, answer.content) == (204, b"")


@pytest.mark.parametrize("path",
    ["/nowhere", "/v1", "/v1/jobs/", "/v1/agent/node", "//v1/pools", "/V1/pools", "/v2/pools"])
def test_other_paths_are_not_found(anybody, problem, path):
    problem(anybody.get(path), "not-found")


@pytest.mark.parametrize("path",
    ["/livez", "/readyz", "/.well-known/bourse", "/v1/pools", "/v1/trades", "/openapi.yaml", "/"])
def test_head_answers_as_get_without_the_body(anybody, path):
    whole, head = anybody.get(path), anybody.head(path)
    assert (head.status, head.content) == (whole.status, b"")
    assert head.headers["Content-Type"] == whole.headers["Content-Type"]
    assert head.headers["Content-Length"] == str(len(whole.content))


def test_a_head_of_what_is_refused_has_no_body_either(anybody):
    assert anybody.head("/v1/account").status == 401
    assert anybody.head("/nowhere").status == 404
