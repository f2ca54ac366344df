# SPDX-License-Identifier: Apache-2.0
"""How long blobs are kept: by age and by what they are, but never less than a job needs them. And nothing is left in
the store that nobody keeps."""

import hashlib
import os

import pytest

from tests.api.people import Person, fresh
from tests.outside import pg
from tests.outside.market import Market, usd
from tests.outside.process import Folder, wait_for


def digest(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(scope="module")
def old_market(contract):
    with Folder("keeping") as folder, Market(folder, keep_uploads_days=30, keep_outputs_days=10) as market:
        yield market


@pytest.fixture(scope="module")
def person(old_market, contract):
    one = Person(old_market, contract, old_market.account("keeper", "10"))
    yield one
    one.close()


def file_of(market, content):
    name = digest(content)
    return market.folder / "server" / "blobs" / name[:2] / name


def age(market, content, days, origin=1):
    pg.run(market.db, f"UPDATE blobs SET noted_at = now() - interval '{days} days', origin = {origin} "
                      f"WHERE sha256 = '\\x{digest(content)}'")


def sweep(market):
    """At a start, and each minute."""
    assert market.process.stop() == 0
    market.start()


def put(person, size=1000):
    content = os.urandom(size)
    person.put(f"/v1/blobs/{digest(content)}", content).ok()
    return content


@pytest.mark.parametrize("origin, days", [(1, 30), (2, 2), (3, 2), (4, 10)])
def test_each_kind_has_its_time(old_market, person, origin, days):
    old, young = put(person), put(person)
    age(old_market, old, days + 1, origin)
    age(old_market, young, days - 1, origin)
    sweep(old_market)
    wait_for("the sweep", lambda: not file_of(old_market, old).exists())
    assert person.get(f"/v1/blobs/{digest(old)}").status == 404
    assert person.get(f"/v1/blobs/{digest(young)}").content == young


def test_the_image_of_a_job_that_is_not_over_stays(old_market, person):
    image, other = put(person), put(person)
    job = person.post("/v1/jobs", {
        "image": f"blob:sha256:{digest(image)}", "pool": "cpu", "units": 1, "budget": usd("0.01"),
        "limit_price_per_unit_hour": usd("0.001000")}, key=fresh()).ok()["job"]["job_id"]
    for content in (image, other):
        age(old_market, content, 99)
    sweep(old_market)
    wait_for("the sweep", lambda: not file_of(old_market, other).exists())
    assert person.get(f"/v1/blobs/{digest(image)}").content == image
    person.post(f"/v1/jobs/{job}/cancel").ok()
    sweep(old_market)
    wait_for("the sweep", lambda: not file_of(old_market, image).exists())


def test_what_nobody_keeps_is_found(old_market, person):
    """As when the server died between the bytes and their row, or when the store was away at the end."""
    left, kept = os.urandom(1000), put(person)
    file_of(old_market, left).write_bytes(left)
    for content in (left, kept):
        pg.run(old_market.db, f"INSERT INTO blob_doubts VALUES ('\\x{digest(content)}', now() - interval '2 hours') "
                              "ON CONFLICT (sha256) DO UPDATE SET noted_at = EXCLUDED.noted_at")
    sweep(old_market)
    wait_for("the sweep", lambda: not file_of(old_market, left).exists())
    assert person.get(f"/v1/blobs/{digest(kept)}").content == kept
    doubts = "SELECT count(*) FROM blob_doubts WHERE noted_at < now() - interval '1 hour'"
    wait_for("no doubt", lambda: old_market.value(doubts) == 0)
