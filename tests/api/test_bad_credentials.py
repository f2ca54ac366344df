# SPDX-License-Identifier: Apache-2.0
"""Who may do what: each operation of the contract, asked for without credentials, with a key that lacks its
scope, by somebody else, and by who belongs to the other daemon. Nothing may change."""

import pytest

from tests.api.contract import Contract
from tests.api.people import Asker, Machine

CONTRACT = Contract()
OPERATIONS = list(CONTRACT.operations.values())
PEOPLES = [o for o in OPERATIONS if o.scope not in (None, "agent")]
AGENTS = [o for o in OPERATIONS if o.scope == "agent"]
OPEN = [o for o in OPERATIONS if o.scope is None and o.method == "GET" and not o.path.startswith("/static")]
SCOPES = ["read", "trade", "provider", "keys"]
OWNED = ("job_id", "bid_id", "ask_id", "node_id", "lease_id", "payout_id", "key_id")


@pytest.fixture(scope="session")
def market(quiet_market):
    return quiet_market


@pytest.fixture(scope="module")
def others_machine(crowd):
    return Machine(crowd())


@pytest.fixture(scope="module")
def keys(estate):
    """For each scope, keys of both owners that have all others."""
    return {scope: {who: who.with_token(who.api_key(*(s for s in SCOPES if s != scope))["secret"])
                    for who in (estate.buyer, estate.provider)} for scope in SCOPES}


@pytest.fixture(autouse=True)
def clear_books():
    """The estate stays."""


def ask(asker, estate, operation, headers=None):
    sample = estate.sample(operation)
    body = sample.body if sample.body is not None else None
    method = "HEAD" if operation.name == "get_stream" else operation.method  # a stream has no end
    return asker.call(method, sample.path, body, {**sample.headers(), **(headers or {})})


def code(answer):
    """The code of a problem; of a HEAD, which has none, its status."""
    return answer.json["code"] if answer.content else answer.status


@pytest.mark.parametrize("operation", PEOPLES, ids=repr)
def test_without_credentials(estate, anybody, unchanged, operation):
    with unchanged():
        answer = ask(anybody, estate, operation)
    assert (answer.status, code(answer)) in ((401, "unauthenticated"), (401, 401))
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("operation", PEOPLES, ids=repr)
def test_with_a_key_that_lacks_the_scope(estate, keys, unchanged, operation):
    asker = keys[operation.scope][estate.owner(operation)]
    with unchanged():
        answer = ask(asker, estate, operation)
    assert (answer.status, code(answer)) in ((403, "forbidden"), (403, 403))


@pytest.mark.parametrize("operation", [o for o in PEOPLES if o.scope != "read"], ids=repr)
def test_with_a_key_that_only_reads(estate, unchanged, operation):
    owner = estate.owner(operation)
    asker = owner.with_token(owner.api_key("read")["secret"])
    with unchanged():
        assert ask(asker, estate, operation).status == 403


@pytest.mark.parametrize("operation", [o for o in PEOPLES if any(f"{{{n}}}" in o.path for n in OWNED)], ids=repr)
def test_what_belongs_to_somebody_else_is_not_found(estate, stranger, unchanged, problem, operation):
    with unchanged():
        problem(ask(stranger, estate, operation), "not-found")


@pytest.mark.parametrize("operation", [o for o in PEOPLES if o.method == "GET" and o.path.count("{") == 0
                                       and o.name not in ("get_account", "get_team")], ids=repr)
def test_lists_hold_ones_own_things_alone(estate, stranger, operation):
    ours = ask(estate.owner(operation), estate, operation).ok()["data"]
    theirs = ask(stranger, estate, operation).ok()["data"]
    names = [name for name in ("job_id", "bid_id", "ask_id", "node_id", "lease_id", "payout_id",
        "key_id") if name in str(ours)]
    for name in names:
        assert not {str(x.get(name)) for x in ours if x.get(name)} & {str(x.get(name)) for x in theirs if x.get(name)}


def test_bytes_of_somebody_else(estate, stranger, unchanged, problem):
    with unchanged():
        problem(ask(stranger, estate, CONTRACT.operations["get_blob"]), "not-found")
        assert ask(stranger, estate, CONTRACT.operations["head_blob"]).status == 404


def test_an_ask_for_somebody_elses_machine(estate, stranger, unchanged, problem):
    with unchanged():
        problem(ask(stranger, estate, CONTRACT.operations["post_asks"]), "not-found")


def test_a_log_of_somebody_elses_lease(estate, stranger, unchanged, problem):
    mine = stranger.submit().ok()["job"]["job_id"]
    with unchanged():
        problem(stranger.get(f"/v1/jobs/{mine}/log?lease_id={estate.offered['lease_id']}"), "not-found")


# ---- cookies -------------------------------------------------------------------------------------

ELSEWHERE = [
    {}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "Same-Origin"}, {"Sec-Fetch-Site": "same-origin, cross-site"}, {"Origin": "null"},
    {"Origin": "https://elsewhere.example"}, {"Origin": "http://127.0.0.1"},
]


@pytest.mark.parametrize("operation", [o for o in PEOPLES if o.method not in ("GET", "HEAD")], ids=repr)
def test_a_cookie_changes_nothing_for_another_site(estate, anybody, unchanged, problem, operation):
    """Nor for who does not say where the request comes from."""
    cookie = {"Cookie": f"session={estate.owner(operation).key}"}
    with unchanged():
        for headers in ELSEWHERE:
            problem(ask(anybody, estate, operation, {**cookie, **headers}), "forbidden")


# ---- the agents' daemon --------------------------------------------------------------------------


@pytest.mark.parametrize("operation", AGENTS, ids=repr)
def test_agents_sign(estate, market, contract, unchanged, operation):
    nobody = Asker(market, contract, market.agent_url)
    with unchanged():
        answer = ask(nobody, estate, operation)
    assert (answer.status, code(answer)) in ((401, "unauthenticated"), (401, 401))
    assert answer.headers["WWW-Authenticate"] == "Signature"
    nobody.close()


@pytest.mark.parametrize("operation", AGENTS, ids=repr)
def test_a_persons_token_is_no_signature(estate, market, contract, provider, unchanged, operation):
    person = Asker(market, contract, market.agent_url, token=provider.key)
    with unchanged():
        assert ask(person, estate, operation).status == 401
    person.close()


@pytest.mark.parametrize("operation", PEOPLES, ids=repr)
def test_a_machines_signature_is_no_token(estate, market, contract, unchanged, operation):
    sample = estate.sample(operation)
    here = Asker(market, contract)
    with unchanged():
        assert ask(here, estate, operation, estate.machine.signed(operation.method, sample.path, b"")).status == 401
    here.close()


@pytest.mark.parametrize("operation", [o for o in AGENTS if any(f"{{{n}}}" in o.path for n in OWNED)], ids=repr)
def test_what_belongs_to_another_machine_is_not_found(estate, others_machine, unchanged, problem, operation):
    with unchanged():
        problem(ask(others_machine, estate, operation), "not-found")


def test_another_machine_of_the_same_owner_may_not_either(estate, unchanged, problem):
    second = Machine(estate.provider, "second")
    with unchanged():
        for operation in AGENTS:
            if any(f"{{{name}}}" in operation.path for name in ("ask_id", "lease_id")):
                problem(ask(second, estate, operation), "not-found")


def test_another_machine_hears_of_nothing(estate, others_machine):
    assert others_machine.assignments().status == 204
    assert others_machine.call("GET", "/v1/agent/asks").ok()["data"] == []
    told = others_machine.post("/v1/agent/heartbeat", {"leases": [
        {"lease_id": estate.offered["lease_id"], "epoch": 1, "state": "running", "tick": None}]}).ok()
    assert [c["do"] for c in told["commands"]] == ["forget"] and told["asks"] == []


# ---- what is open --------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", OPEN, ids=repr)
def test_what_is_open_needs_nothing_and_minds_nothing(estate, anybody, operation):
    assert ask(anybody, estate, operation).status == 200
    assert ask(anybody, estate, operation, {"Authorization": "Bearer wrong"}).status == 200
