# SPDX-License-Identifier: Apache-2.0
"""Blobs in a bucket of a real S3 server. What is kept survives the loss of this machine's files; when the store is
away nothing is lost and everybody is told; a wrong key is refused at the start."""

import hashlib
import os
import shutil
import subprocess

import pytest

from tests.api.people import Person
from tests.outside.market import Market
from tests.outside.process import Folder, wait_for
from tests.outside.s3 import BUCKET, S3

MIB = 1 << 20


def digest(content):
    return hashlib.sha256(content).hexdigest()


def url(content):
    return f"/v1/blobs/{digest(content)}"


@pytest.fixture(scope="module")
def s3():
    with Folder("s3") as folder, S3(folder) as server:
        yield server


@pytest.fixture(scope="module")
def far_market(s3, contract):
    with Folder("api-s3") as folder, Market(folder, **s3.options()) as market:
        yield market


@pytest.fixture(scope="module")
def person(far_market, contract):
    one = Person(far_market, contract, far_market.account("keeper", "10"))
    yield one
    one.close()


@pytest.fixture
def without_cache(far_market):
    """This machine has lost what it had of the bucket."""

    def lose():
        for folder in (far_market.folder / "server" / "blob-cache").iterdir():
            if len(folder.name) == 2:
                shutil.rmtree(folder)
                folder.mkdir(mode=0o700)

    return lose


def object_of(s3, content):
    name = digest(content)
    return s3.call("GET", f"/{BUCKET}/market/{name[:2]}/{name}")


@pytest.mark.parametrize("size", [0, 1, 3000, 32 * MIB, 32 * MIB + 1, 70 * MIB])
def test_of_any_size(s3, person, without_cache, size):
    content = os.urandom(size)
    assert person.put(url(content), content).status == 201
    assert object_of(s3, content) == (200, content)
    without_cache()
    assert person.get(url(content)).content == content
    if size > 0:
        told = person.call("GET", url(content), headers={"Range": f"bytes={size // 2}-"})
        assert told.content == content[size // 2:]


def test_in_pieces(s3, person, without_cache):
    content = os.urandom(5000)
    told = person.put(url(content), content[:2000], {"Content-Range": "bytes 0-1999/5000"})
    assert told.status == 202 and object_of(s3, content)[0] == 404
    person.put(url(content), content[2000:], {"Content-Range": "bytes 2000-4999/5000"}).ok()
    without_cache()
    assert person.get(url(content)).content == content


def test_what_nobody_keeps_is_gone(s3, person):
    content = os.urandom(4000)
    person.put(url(content), content).ok()
    assert person.delete(url(content)).status == 204
    assert object_of(s3, content)[0] == 404
    assert person.get(url(content)).status == 404
    assert person.put(url(content), content).status == 201


def test_other_bytes_in_the_bucket_are_not_given_out(s3, person, without_cache, problem):
    content = os.urandom(4000)
    person.put(url(content), content).ok()
    name = digest(content)
    path = s3.folder / "wrong"
    path.write_bytes(b"wrong")
    subprocess.run(["curl", "-sSf", "-T", path, "--aws-sigv4", "aws:amz:us-east-1:s3", "-u",
                    "bourse:a secret of the tests", f"{s3.endpoint}/{BUCKET}/market/{name[:2]}/{name}"], check=True)
    without_cache()
    problem(person.get(url(content)), "protocol")


def test_when_the_store_is_away_nothing_is_lost(s3, person, without_cache, problem):
    kept, new, pieces, gone = (os.urandom(3000) for _ in range(4))
    for content in (kept, gone):
        person.put(url(content), content).ok()
    without_cache()
    s3.stop()
    told = person.put(url(new), new)
    assert problem(told, "blobs-away") and told.headers["Retry-After"]
    problem(person.get(url(kept)), "blobs-away")
    problem(person.put(url(pieces), pieces, {"Content-Range": "bytes 0-2999/3000"}), "blobs-away")
    assert person.head(url(pieces)).headers["Upload-Offset"] == "3000"
    person.get("/v1/account").ok()  # all else goes on
    s3.start()
    wait_for("the store", lambda: person.get(url(kept)).content == kept, 60, 0.5)
    assert person.put(url(pieces), b"", {"Content-Range": "bytes */3000"}).status == 201
    assert person.put(url(new), new).status == 201
    without_cache()
    for content in (kept, new, pieces):
        assert person.get(url(content)).content == content


def refused(market):
    """What a server says that does not start."""
    told = subprocess.run([market.program, "run", *market._flags(listen="127.0.0.1:0", agent_listen="127.0.0.1:0",
                                                                metrics_listen="127.0.0.1:0", **market.options)],
                          capture_output=True, text=True, timeout=60, check=False)
    assert told.returncode == 1, told
    return told.stderr


def test_a_wrong_secret_is_refused_at_the_start(s3, far_market):
    """And not with the first upload, hours later."""
    kept = dict(far_market.options)
    try:
        far_market.options["s3_credentials"] = s3.credentials("another secret")
        said = refused(far_market)
        assert "SignatureDoesNotMatch" in said and "another secret" not in said
        far_market.options["s3_credentials"] = "/nonexistent"
        assert "/nonexistent" in refused(far_market)
    finally:
        far_market.options = kept
        s3.credentials()
