# SPDX-License-Identifier: Apache-2.0
"""One market for all these tests, and in each file people of its own. After each test nothing of theirs
rests in the books."""

import contextlib
import pathlib

import pytest

from tests.api import snapshot
from tests.api.contract import Contract
from tests.api.people import Asker, Machine, Person
from tests.api.samples import DOWNLOAD, Estate
from tests.outside.market import Market
from tests.outside.process import Folder, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]


def hand_out(folder):
    """What a market needs to hand out agents."""
    (folder / "downloads").mkdir()
    (folder / "downloads" / DOWNLOAD).write_bytes(b"a program")
    return {"downloads": folder / "downloads", "packaging": ROOT / "packaging"}


@pytest.fixture(scope="session")
def contract():
    return Contract()


@pytest.fixture(scope="session")
def market(contract):
    with Folder("api") as folder, Market(folder, **hand_out(folder)) as market:
        yield market


@pytest.fixture(scope="session")
def quiet_market(contract):
    """Another one, where nothing happens that a test does not do: no offer runs out, no machine falls silent."""
    with Folder("api") as folder, Market(folder, **hand_out(folder), offer_seconds=3600, lease_seconds=3600) as market:
        yield market


@pytest.fixture(scope="module")
def anybody(market, contract):
    """Somebody without credentials, at the API."""
    return Asker(market, contract)


@pytest.fixture(scope="module")
def crowd(market, contract):
    """Make people of this file: crowd(credit) is a new account."""
    people = []

    def person(credit=None):
        account = market.account(f"person {len(people)}", credit)
        people.append(Person(market, contract, account))
        return people[-1]

    person.people = people
    yield person
    for one in people:
        one.clear()
        one.close()


@pytest.fixture(scope="module")
def buyer(crowd):
    return crowd("1000")


@pytest.fixture(scope="module")
def provider(crowd):
    return crowd()


@pytest.fixture(scope="module")
def stranger(crowd):
    return crowd("10")


@pytest.fixture(scope="module")
def machine(provider):
    return Machine(provider)


@pytest.fixture(scope="module")
def estate(crowd):
    return Estate(crowd("1000"), crowd("1000"))


@pytest.fixture(autouse=True)
def clear_books(market, crowd):
    market.has_orders = False
    yield
    for person in crowd.people if market.has_orders else []:
        person.clear()


@pytest.fixture
def told_books(market, anybody):
    """Wait until the books that are shown are those after the last command; they are a moment old otherwise."""

    def wait():
        last = market.value("SELECT max(seq) FROM commands")
        wait_for("the books", lambda: anybody.get("/v1/pools/cpu/depth").ok()["sequence"] >= last)

    return wait


@pytest.fixture
def unchanged(market):
    """with unchanged(): … fails when what the market keeps is another afterwards."""

    @contextlib.contextmanager
    def watch():
        before = snapshot.take(market)
        yield
        after = snapshot.take(market)
        assert {k: (before.get(k), after.get(k)) for k in {*before, *after} if before.get(k) != after.get(k)} == {}

    return watch


@pytest.fixture
def problem():
    """Checks a refusal: problem(answer, code, *pointers)."""

    def check(answer, code, *pointers):
        told = answer.json
        assert told and told.get("code") == code, answer
        assert sorted(e["pointer"] for e in told.get("errors", [])) == sorted(pointers), answer
        return told

    return check


def pytest_collection_modifyitems(items):
    """What looks at all answers so far comes last."""
    items.sort(key=lambda item: "at_the_end" in item.keywords)


def pytest_configure(config):
    config.addinivalue_line("markers", "at_the_end: after all others")
