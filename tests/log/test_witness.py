# SPDX-License-Identifier: Apache-2.0
"""bourse-witness: it cosigns a log that only grows, says why not otherwise, forgets nothing when it is killed,
and the server of a market puts its cosignature under the checkpoint."""

import base64
import concurrent.futures
import contextlib
import hashlib
import subprocess
import urllib.error
import urllib.request
import uuid

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.log.reading import Checkpoint, Key, Log, consistency, goes_on, leaf, root
from tests.outside import BUILD, rounds
from tests.outside.client import Client
from tests.outside.market import Market, usd
from tests.outside.process import Folder, Process, free_port, wait_for


class Made:
    """A log that this test makes, of any size, with its own key."""

    def __init__(self, name, salt=""):
        self.name, self.secret = name, Ed25519PrivateKey.generate()
        raw = b"\x01" + self.secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.id = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
        self.vkey = f"{name}+{self.id.hex()}+{base64.b64encode(raw).decode()}"
        self.leaves = [leaf(f"{salt}{i}".encode()) for i in range(300)]

    def text(self, size, leaves=None):
        digest = base64.b64encode(root((leaves or self.leaves)[:size])).decode()
        return f"{self.name}\n{size}\n{digest}\n".encode()

    def note(self, text):
        signature = base64.b64encode(self.id + self.secret.sign(text)).decode()
        return text + f"\n— {self.name} {signature}\n".encode()

    def request(self, old, size, leaves=None, path=None):
        path = path if path is not None else consistency(old, self.leaves[:size]) if 0 < old <= size else []
        lines = [b"old %d\n" % old, *(base64.b64encode(h) + b"\n" for h in path), b"\n"]
        return b"".join(lines) + self.note(self.text(size, leaves))


class Witness:
    def __init__(self, folder, *vkeys):
        self.folder, self.port = folder, free_port()
        self.program = BUILD / "bourse-witness"
        self.url = f"http://127.0.0.1:{self.port}"
        (folder / "origins").write_text("# logs\n" + "".join(f"{v}\n" for v in vkeys))
        told = subprocess.run([self.program, "init", "--state", folder / "state", "--name", "witness.test/1"],
                              capture_output=True, text=True, check=True)
        self.key = Key(told.stdout.strip())
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def start(self):
        self.process = Process([self.program, "run", "--state", self.folder / "state", "--origins",
                                self.folder / "origins", "--listen", f"127.0.0.1:{self.port}"],
                               self.folder / "witness.log")
        wait_for("the witness", lambda: self.process.runs() and self.try_post(b"") is not None)

    def __exit__(self, *_failure):
        code = self.process.stop()
        assert code == 0 and not self.process.alarms(), self.process.tail()

    def try_post(self, body):
        with contextlib.suppress(OSError):
            return self.post(body)
        return None

    def post(self, body, path="/add-checkpoint", method="POST"):
        """Status, type and body."""
        asked = urllib.request.Request(self.url + path, body, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=20) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.headers["Content-Type"], refused.read()

    def cosigns(self, made, old, size):
        status, _, line = self.post(made.request(old, size))
        assert status == 200, (status, line)
        assert Checkpoint(made.text(size) + b"\n" + line).signed_by(self.key)


@pytest.fixture
def made():
    return Made("log.test/a")


@pytest.fixture
def witness(made):
    with Folder("witness") as folder, Witness(folder, made.vkey, Made("log.test/b").vkey) as witness:
        yield witness


def test_it_cosigns_a_log_that_grows(witness, made):
    for old, size in ((0, 1), (1, 1), (1, 5), (5, 8), (8, 255), (255, 256), (256, 300), (300, 300)):
        witness.cosigns(made, old, size)


def test_an_empty_log_may_come_first(witness, made):
    witness.cosigns(made, 0, 0)
    witness.cosigns(made, 0, 7)


def test_each_refusal_has_its_status(witness, made):
    witness.cosigns(made, 0, 10)
    other = Made("log.test/a", salt="other")
    good = made.request(10, 20)
    flipped = consistency(10, made.leaves[:20])
    flipped[0] = bytes([flipped[0][0] ^ 1]) + flipped[0][1:]
    fork = made.request(10, 10, leaves=other.leaves, path=[])
    cases = {
        400: [b"", b"old\n\n", b"old 1\n", b"old 01\n" + good[7:], b"old -1\n" + good[7:], good[:-1],
              good.replace(b"old 10\n", b"old 10\nAAAA\n"), good.replace(b"\n\n", b"\n", 1),
              made.request(30, 20), made.request(0, 20, path=[bytes(32)]),
              made.request(10, 20, path=[bytes(32)] * 64), b"old 10\n\n" + made.text(20),
              good.replace(b"\n20\n", b"\n020\n")],
        403: [other.request(10, 20), good.replace(b"\n20\n", b"\n21\n")],
        404: [Made("log.test/c").request(0, 20)],
        409: [made.request(0, 20), made.request(9, 20), made.request(11, 20), fork],
        422: [made.request(10, 20, path=flipped), made.request(10, 20, path=[]),
              made.request(10, 20, path=[bytes(32)]), made.request(10, 10, path=[bytes(32)])],
    }
    for status, bodies in cases.items():
        for body in bodies:
            assert witness.post(body)[0] == status, (status, body)
    assert witness.post(made.request(9, 20))[1:] == ("text/x.tlog.size", b"10\n")
    assert witness.post(fork)[1] != "text/x.tlog.size"
    witness.cosigns(made, 10, 20)  # nothing of this has moved it


def test_there_is_nothing_else_to_ask(witness):
    assert witness.post(None, method="GET")[0] == 405
    assert witness.post(b"x", path="/")[0] == 404
    assert witness.post(b"old 0\n\n" + b"x" * 600_000)[0] in (400, 413)


def test_of_two_updates_at_once_one_is_told_the_new_size(witness, made):
    witness.cosigns(made, 0, 10)
    for base in range(10, 290, 10):
        bodies = [made.request(base, base + 1 + i) for i in range(8)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            told = list(pool.map(witness.post, bodies))
        won = [i for i, (status, _, _) in enumerate(told) if status == 200]
        assert len(won) == 1, told
        size = base + 1 + won[0]
        assert all(t == (409, "text/x.tlog.size", b"%d\n" % size) for i, t in enumerate(told) if i != won[0])
        if size < base + 10:
            witness.cosigns(made, size, base + 10)


def test_what_it_has_cosigned_it_remembers_after_kill_9(witness, made):
    size, fork = 0, Made("log.test/a", salt="fork")
    fork.secret, fork.id = made.secret, made.id  # the log's own key signs another history
    for i in range(rounds(12)):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(witness.try_post, made.request(size, size + 1 + k)) for k in range(8)]
            wait_for("an answer", lambda: any(f.done() for f in asked))
            witness.process.kill()
            told = [f.result() for f in asked]
        witness.start()
        cosigned = [k for k, answer in enumerate(told) if answer and answer[0] == 200]
        status, kind, body = witness.post(made.request(299, 299))
        assert (status, kind) == (409, "text/x.tlog.size")
        remembered = int(body)
        assert remembered >= max([size + 1 + k for k in cosigned], default=size), (i, told, body)
        if remembered > 1:
            assert witness.post(fork.request(remembered, remembered, leaves=fork.leaves, path=[]))[0] == 409
        size = remembered
    assert size > 0


def test_two_processes_do_not_share_a_folder(witness):
    second = subprocess.run([witness.program, "run", "--state", witness.folder / "state", "--origins",
                             witness.folder / "origins", "--listen", f"127.0.0.1:{free_port()}"],
                            capture_output=True, text=True, timeout=20, check=False)
    assert second.returncode == 1 and "Another witness runs" in second.stderr


def test_a_key_is_not_made_twice(witness):
    again = subprocess.run([witness.program, "init", "--state", witness.folder / "state", "--name", "other"],
                           capture_output=True, text=True, check=False)
    assert again.returncode == 1 and "key already" in again.stderr


# ---- with a market ---------------------------------------------------------------------------------


def place(client):
    body = {"image": "docker.io/library/alpine:3.20", "command": ["true"], "pool": "cpu", "units": 1,
            "budget": usd("1"), "limit_price_per_unit_hour": usd("0.020"), "max_duration_seconds": 600}
    client.post("/v1/jobs", body, str(uuid.uuid4())).ok()


def test_a_market_serves_what_its_witness_has_cosigned():
    with Folder("cosigned") as folder, Market(folder) as market:
        with Client(market.url) as client:
            log = Log(client)
        with Witness(folder, log.key.text) as witness:
            (folder / "list").write_text(f"{witness.key.text} {witness.url}\n")
            market.options["witnesses"] = folder / "list"
            market.process.stop()
            market.start()
            buyer = market.account("buyer", "100")
            with Client(market.url) as client, buyer.client() as asking:
                log = Log(client)
                sizes = set()
                for _ in range(4):
                    place(asking)
                    size = market.value("SELECT max(seq) FROM commands")
                    def cosigned():
                        told = log.checkpoint()
                        logged = market.value(f"SELECT seq FROM log_checkpoints WHERE size = {told.size}")
                        return told if logged and logged >= size and told.signed_by(witness.key) else None
                    sizes.add(wait_for("a cosigned checkpoint", cosigned).size)
                assert len(sizes) == 4

                witness.process.kill()  # without it the log goes on, and it catches up later
                place(asking)
                bare = wait_for("a checkpoint", lambda: newer(log, max(sizes)))
                assert not bare.signed_by(witness.key)
                witness.start()
                wait_for("the cosignature", lambda: log.checkpoint().signed_by(witness.key))
                market.process.stop()
                market.start()
                wait_for("the log", lambda: client.get("/log/checkpoint").status == 200)
                assert log.checkpoint().signed_by(witness.key)


def signed_above(market, size):
    """What is on disk, if it is more than that."""
    rows = market.rows("SELECT size, encode(root, 'hex') AS root FROM log_checkpoints ORDER BY size DESC LIMIT 1")
    return (rows[0]["size"], bytes.fromhex(rows[0]["root"])) if rows[0]["size"] > size else None


def test_what_was_signed_but_not_published_is_published_after_a_kill():
    """A witness that is stopped holds a checkpoint between the disk and the world; then the server is killed."""
    with Folder("between") as folder, Market(folder) as market:
        with Client(market.url) as client:
            log = Log(client)
        with Witness(folder, log.key.text) as witness:
            (folder / "list").write_text(f"{witness.key.text} {witness.url}\n")
            market.options["witnesses"] = folder / "list"
            market.process.stop()
            market.start()
            buyer, caught = market.account("buyer", "100"), 0
            for _ in range(rounds(5)):
                with buyer.client() as asking, Client(market.url) as client:
                    log = Log(client)
                    wait_for("the cosignature", lambda: log.checkpoint().signed_by(witness.key))
                    before = log.checkpoint()
                    witness.process.pause()
                    place(asking)
                    size, digest = wait_for("a signed one", lambda: signed_above(market, before.size))
                    caught += log.checkpoint().size < size
                    market.kill()
                witness.process.resume()
                market.start()
                with Client(market.url) as client:
                    told, leaves = Log(client).check()
                    assert told.size >= size and root(leaves[:size]) == digest
                    assert goes_on(before, told, leaves)
            assert caught > 0, "no kill came between signing and publishing"


def newer(log, size):
    told = log.checkpoint()
    return told if told.size > size else None
