# SPDX-License-Identifier: Apache-2.0
"""Bytes by their digest: put at once or in pieces, by people and machines; who may read them."""

import hashlib
import os
import socket
import time
import urllib.parse

import pytest

from tests.api.people import Machine
from tests.outside import pg

MIB = 1 << 20


def digest(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(params=["person", "machine"])
def keeper(request, buyer, machine):
    """Who keeps bytes, and where."""
    return (buyer, "/v1/blobs") if request.param == "person" else (machine, "/v1/agent/blobs")


@pytest.fixture
def content():
    return os.urandom(3000)


def part(asker, path, content, first, last, total=None):
    """PUT bytes first…last of content."""
    headers = {"Content-Range": f"bytes {first}-{last}/{total or len(content)}"}
    return asker.put(path, content[first:last + 1], headers)


def test_bytes_are_kept_and_come_back(keeper, content):
    asker, base = keeper
    path = f"{base}/{digest(content)}"
    first, again = asker.put(path, content), asker.put(path, content)
    assert (first.status, first.json) == (201, {"sha256": digest(content), "size_bytes": 3000})
    assert (again.status, again.json) == (200, first.json)
    assert asker.get(path).content == content
    head = asker.head(path)
    assert (head.status, head.headers["Upload-Offset"]) == (200, "3000")


@pytest.mark.parametrize("size", [0, 1, 65536, 65537, 5 * MIB + 1])
def test_of_any_size(keeper, size):
    asker, base = keeper
    content = os.urandom(size)
    path = f"{base}/{digest(content)}"
    assert asker.put(path, content).ok()["size_bytes"] == size
    assert asker.get(path).content == content


def test_what_was_never_put_is_not_there(keeper, content, problem):
    asker, base = keeper
    path = f"{base}/{digest(content)}"
    problem(asker.get(path), "not-found")
    head = asker.head(path)
    assert (head.status, head.headers["Upload-Offset"]) == (404, "0")


def test_bytes_of_another_digest(keeper, content, problem):
    asker, base = keeper
    path = f"{base}/{digest(content)}"
    problem(asker.put(path, content + b"x"), "digest-mismatch")
    assert asker.head(path).status == 404


def test_in_pieces(keeper, content):
    asker, base = keeper
    path = f"{base}/{digest(content)}"
    for first, last in ((0, 999), (1000, 1000), (1001, 2500)):
        told = part(asker, path, content, first, last)
        assert (told.status, told.headers["Upload-Offset"]) == (202, str(last + 1))
        head = asker.head(path)
        assert (head.status, head.headers["Upload-Offset"]) == (404, str(last + 1))
    assert part(asker, path, content, 2501, 2999).ok() == {"sha256": digest(content), "size_bytes": 3000}
    assert asker.get(path).content == content


def test_a_piece_at_the_wrong_place(keeper, content, problem):
    asker, base = keeper
    path = f"{base}/{digest(content)}"
    part(asker, path, content, 0, 999)
    for first in (0, 500, 1001):
        told = part(asker, path, content, first, 1999)
        assert problem(told, "wrong-state") and told.headers["Upload-Offset"] == "1000"
    part(asker, path, content, 1000, 2999).ok()


def test_pieces_of_another_digest_are_forgotten(keeper, content, problem):
    asker, base = keeper
    path = f"{base}/{digest(content)}"
    part(asker, path, content, 0, 999)
    problem(part(asker, path, bytes(3000), 1000, 2999), "digest-mismatch")
    assert asker.head(path).headers["Upload-Offset"] == "0"


def test_pieces_of_two_keepers_do_not_mix(buyer, machine, content):
    path = digest(content)
    part(buyer, f"/v1/blobs/{path}", content, 0, 999)
    assert machine.head(f"/v1/agent/blobs/{path}").headers["Upload-Offset"] == "0"
    machine.put(f"/v1/agent/blobs/{path}", content).ok()
    part(buyer, f"/v1/blobs/{path}", content, 1000, 2999).ok()


@pytest.mark.parametrize("given", [
    "bytes 0-999/", "bytes 0-1000/3000", "bytes 1-1000/3000", "bytes 0-999/999", "bytes 999-0/3000", "bytes */3000",
    "0-999/3000", "bytes 0-999", "bytes -999/3000", "bytes 0-999/*", "items 0-999/3000", "bytes 0-0999/3000 ",
    "bytes 99999999999999999999-99999999999999999999/99999999999999999999",
])
def test_ranges_that_are_none(keeper, content, problem, given):
    asker, base = keeper
    told = asker.put(f"{base}/{digest(content)}", content[:1000], {"Content-Range": given})
    if given == "bytes 1-1000/3000":
        problem(told, "wrong-state")
    else:
        problem(told, "malformed-request")


def test_when_all_has_come_no_more_need_be_sent(keeper, content, problem):
    """As after a crash behind the last byte: the client has nothing left to send."""
    asker, base = keeper
    path = f"{base}/{digest(content)}"
    rest = {"Content-Range": "bytes */3000"}
    part(asker, path, content, 0, 999)
    told = asker.put(path, b"", rest)
    assert problem(told, "wrong-state") and told.headers["Upload-Offset"] == "1000"
    problem(asker.put(path, content[:5], rest), "malformed-request")
    part(asker, path, content, 1000, 2999).ok()
    assert asker.put(path, b"", rest).status == 200


# ---- ranges -------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked, first, last", [
    ("bytes=0-0", 0, 0), ("bytes=0-999", 0, 999), ("bytes=1000-", 1000, 2999), ("bytes=-1", 2999, 2999),
    ("bytes=-9999", 0, 2999), ("bytes=2999-99999", 2999, 2999),
])
def test_a_range_of_the_bytes(keeper, content, asked, first, last):
    asker, base = keeper
    path = f"{base}/{digest(content)}"
    asker.put(path, content).ok()
    for headers in ({}, {"If-Range": f'"{digest(content)}"'}):
        told = asker.call("GET", path, headers={"Range": asked, **headers})
        assert (told.status, told.content) == (206, content[first:last + 1])
        assert told.headers["Content-Range"] == f"bytes {first}-{last}/3000"


@pytest.mark.parametrize("headers", [
    {"Range": "bytes=0-1,5-6"}, {"Range": "items=0-1"}, {"Range": "bytes=x-1"}, {"Range": "bytes=5-4"},
    {"Range": "bytes=5"}, {"Range": "bytes=0-1", "If-Range": '"another"'}, {},
])
def test_what_is_no_range_is_all_of_it(buyer, content, headers):
    path = f"/v1/blobs/{digest(content)}"
    buyer.put(path, content).ok()
    told = buyer.call("GET", path, headers=headers)
    assert (told.status, told.content, told.headers["ETag"]) == (200, content, f'"{digest(content)}"')


@pytest.mark.parametrize("asked", ["bytes=3000-", "bytes=99999-", "bytes=-0"])
def test_a_range_beyond_the_bytes(buyer, content, problem, asked):
    path = f"/v1/blobs/{digest(content)}"
    buyer.put(path, content).ok()
    told = buyer.call("GET", path, headers={"Range": asked})
    assert problem(told, "range-beyond") and told.headers["Content-Range"] == "bytes */3000"


# ---- limits -------------------------------------------------------------------------------------


@pytest.mark.parametrize("total", [(1 << 30) + 1, 1 << 40])
def test_at_most_a_gibibyte(buyer, content, problem, total):
    problem(part(buyer, f"/v1/blobs/{digest(content)}", content, 0, 999, total), "body-too-large")


@pytest.mark.parametrize("name", ["ab", "AB" * 32, "xy" * 32, "ab" * 33, "ab" * 31 + "a"])
def test_names_that_are_none(keeper, problem, name):
    asker, base = keeper
    problem(asker.get(f"{base}/{name}"), "not-found")
    problem(asker.put(f"{base}/{name}", b"x"), "not-found")
    assert asker.head(f"{base}/{name}").status == 404


def test_what_somebody_else_keeps_is_not_there(buyer, stranger, machine, content, problem):
    buyer.put(f"/v1/blobs/{digest(content)}", content).ok()
    problem(stranger.get(f"/v1/blobs/{digest(content)}"), "not-found")
    problem(machine.get(f"/v1/agent/blobs/{digest(content)}"), "not-found")
    assert stranger.head(f"/v1/blobs/{digest(content)}").status == 404
    assert stranger.put(f"/v1/blobs/{digest(content)}", content).status == 201


def test_the_machine_that_shall_run_an_image_may_read_it(buyer, provider, machine, content):
    buyer.put(f"/v1/blobs/{digest(content)}", content).ok()
    machine.offer(units=1, price="0.010").ok()
    lease = buyer.submit(image=f"blob:sha256:{digest(content)}").ok()["job"]["lease_id"]
    assert machine.get(f"/v1/agent/blobs/{digest(content)}").content == content
    assert Machine(provider).get(f"/v1/agent/blobs/{digest(content)}").status == 404
    machine.run(lease)
    assert machine.get(f"/v1/agent/blobs/{digest(content)}").status == 404


def test_naming_somebody_elses_bytes_does_not_open_them(crowd, buyer, machine, content):
    """Who names as his image what he does not keep gets it neither himself nor through a machine of his own."""
    buyer.put(f"/v1/blobs/{digest(content)}", content).ok()
    thief, helper = crowd("10"), Machine(crowd())
    helper.offer(units=1, price="0.010").ok()
    thief.submit(image=f"blob:sha256:{digest(content)}")
    assert thief.get(f"/v1/blobs/{digest(content)}").status == 404
    assert helper.get(f"/v1/agent/blobs/{digest(content)}").status == 404


def test_a_body_needs_a_length(buyer, content, problem):
    told = buyer.client.call("PUT", f"/v1/blobs/{digest(content)}", None, {"Transfer-Encoding": "chunked"})
    assert told.status in (400, 408)


# ---- keeping no longer ---------------------------------------------------------------------------


def file_of(market, content):
    name = digest(content)
    return market.folder / "server" / "blobs" / name[:2] / name


def test_what_is_kept_no_longer_is_gone(market, buyer, stranger, content, problem):
    path = f"/v1/blobs/{digest(content)}"
    for person in (buyer, stranger):
        person.put(path, content).ok()
    assert buyer.delete(path).status == 204
    assert buyer.get(path).status == 404
    assert stranger.get(path).content == content
    problem(buyer.delete(path), "not-found")
    assert file_of(market, content).exists()
    assert stranger.delete(path).status == 204
    assert not file_of(market, content).exists()
    assert buyer.put(path, content).status == 201
    assert buyer.get(path).content == content


@pytest.mark.parametrize("name", ["ab", "ab" * 32])
def test_what_is_not_kept_cannot_be_given_up(buyer, problem, name):
    problem(buyer.delete(f"/v1/blobs/{name}"), "not-found")


def used(market, account):
    return market.value(f"SELECT coalesce(sum(size_bytes), 0) FROM blobs WHERE account = {account} AND origin < 3")


def test_outputs_count_for_the_provider_until_they_are_paid_for(market, buyer, provider, machine, content):
    machine.offer(units=1, price="0.010").ok()
    lease = buyer.submit().ok()["job"]["lease_id"]
    before, work = used(market, provider.number), machine.start(lease)
    machine.put(f"/v1/agent/blobs/{digest(content)}", content).ok()
    assert int(used(market, provider.number)) == int(before) + 3000
    kept = used(market, buyer.number)
    body = machine.receipt(work, [("out.bin", content)])
    for _ in range(2):
        machine.say(work, "exit", **body).ok()
        assert (used(market, provider.number), used(market, buyer.number)) == (before, kept)
        assert buyer.get(f"/v1/blobs/{digest(content)}").content == content
    assert machine.put(f"/v1/agent/blobs/{digest(content)}", content).status == 201


def test_a_repeated_exit_needs_no_files(market, buyer, machine, content):
    machine.offer(units=1, price="0.010").ok()
    work = machine.start(buyer.submit().ok()["job"]["lease_id"])
    machine.put(f"/v1/agent/blobs/{digest(content)}", content).ok()
    body = machine.receipt(work, [("out.bin", content)])
    machine.say(work, "exit", **body).ok()
    assert machine.provider.delete(f"/v1/blobs/{digest(content)}").status == 204
    assert buyer.delete(f"/v1/blobs/{digest(content)}").status == 204
    assert not file_of(market, content).exists()
    assert machine.say(work, "exit", **body).ok()["state"] == "settled"


def test_a_body_that_would_pass_the_limit_is_not_taken(market, crowd, content, problem):
    person = crowd()
    pg.run(market.db, f"INSERT INTO blobs (sha256, account, origin, size_bytes) "
                f"SELECT sha256('full'), {person.number}, 1, {(8 << 30) - 2999}")
    problem(person.put(f"/v1/blobs/{digest(content)}", content), "quota-exceeded")
    assert person.put(f"/v1/blobs/{digest(content[:2999])}", content[:2999]).status == 201
    assert person.put(f"/v1/blobs/{digest(content[:2999])}", content[:2999]).status == 200


def test_an_old_output_is_forgotten_at_the_next_upload(market, provider, machine, content):
    machine.put(f"/v1/agent/blobs/{digest(content)}", content).ok()
    pg.run(market.db, f"UPDATE blobs SET noted_at = now() - interval '3 days' "
                f"WHERE account = {provider.number}")
    machine.put(f"/v1/agent/blobs/{digest(b'next')}", b"next").ok()
    assert machine.head(f"/v1/agent/blobs/{digest(content)}").status == 404
    assert not file_of(market, content).exists()


def test_eight_bodies_at_once(crowd, content, problem):
    person = crowd()
    line = f"PUT /v1/blobs/{digest(content)} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {person.key}\r\n"
    url = urllib.parse.urlsplit(person.market.url)
    waiting = [socket.create_connection((url.hostname, url.port)) for _ in range(8)]
    try:
        for one in waiting:
            one.sendall(f"{line}Content-Length: 3000\r\n\r\n".encode() + content[:10])
        time.sleep(0.5)
        told = person.put(f"/v1/blobs/{digest(content)}", content)
        assert problem(told, "rate-limited") and told.headers["Retry-After"]
    finally:
        for one in waiting:
            one.close()
    for _ in range(50):
        told = person.put(f"/v1/blobs/{digest(content)}", content)
        if told.status == 201:
            break
        time.sleep(0.1)
    assert told.status == 201
