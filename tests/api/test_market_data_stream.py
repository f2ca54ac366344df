# SPDX-License-Identifier: Apache-2.0
"""The live stream: what a client is told, applied to what it was told before, is what it is told next; after
a broken connection it goes on without a gap; who does not read is cut off; a thousand cost little."""

import collections
import contextlib
import http.client
import json
import pathlib
import random
import resource
import socket
import threading
import time
import urllib.parse
import zlib

import pytest

from tests.api.people import Machine, Person
from tests.outside import BUILD, seed
from tests.outside.client import Client
from tests.outside.market import Market, usd
from tests.outside.process import Folder, wait_for

Event = collections.namedtuple("Event", "name id data")
STREAM = {"trade": "StreamTrade", "depth": "StreamDepth", "ticker": "StreamTicker", "hello": "StreamHello"}


class Ended(Exception):
    """The server has ended the stream."""


class Stream:
    """One connection, read line by line as the standard of server-sent events says."""

    def __init__(self, market, contract, query="", last_id=None, timeout=20):
        self.contract, self.comments, self.last_id = contract, 0, last_id
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(market.url).netloc, timeout=timeout)
        self.connection.request("GET", f"/v1/stream?{query}", headers={"Last-Event-ID": last_id} if last_id else {})
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, self.answer.read()
        assert self.answer.headers["Content-Type"] == "text/event-stream"
        assert self.answer.headers["Cache-Control"] == "no-store"

    def __enter__(self):
        return self

    def __exit__(self, *_failure):
        self.answer.close()
        self.connection.close()

    def next(self):
        name, data = "message", None
        while True:
            try:
                line = self.answer.readline()
            except (http.client.IncompleteRead, ConnectionError) as why:
                raise Ended from why
            if not line:
                raise Ended
            line = line.decode().rstrip("\n")
            field, _, value = line.partition(": ")
            if line == "" and data is not None:
                return self._checked(Event(name, self.last_id, json.loads(data)))
            if line.startswith(":"):
                self.comments += 1
            elif field == "event":
                name = value
            elif field == "id":
                self.last_id = value
            elif field == "data":
                assert data is None  # one line each
                data = value

    def _checked(self, event):
        schema = STREAM.get(event.name) or (event.name == "snapshot" and "StreamSnapshot")
        if schema:
            key = {"$ref": f"#/components/schemas/{schema}"}
            self.contract._fits(f"stream {schema}", self.contract.schema(key, closed=True), event.data, event.name)
        else:
            assert (event.name, event.data) == ("live", {})
        return event

    def begin(self):
        """Everything until what happens from now on."""
        events = [self.next()]
        assert events[0].name == "hello"
        while events[-1].name != "live" and not events[0].data["resumed"]:
            events.append(self.next())
        return events


def crc32(book):
    lines = [f"a {price} {units}\n" for price, units in sorted(book["asks"].items())]
    lines += [f"b {price} {units}\n" for price, units in sorted(book["bids"].items(), reverse=True)]
    return zlib.crc32("".join(lines).encode())


class Watcher:
    """What a client keeps, and the checks that it can make."""

    def __init__(self):
        self.sequences, self.books, self.tickers = {}, {}, {}
        self.trades = collections.defaultdict(list)
        self.compared = self.deltas = 0

    def take(self, event):
        topic = event.data.get("pool"), event.data.get("channel")
        if event.name == "snapshot":
            self._whole(topic, event.data)
        elif event.name not in ("hello", "live"):
            assert event.data["sequence"] == self.sequences[topic] + 1, event  # no gap
            self.sequences[topic] += 1
            getattr(self, event.name)(topic[0], event.data)

    def _whole(self, topic, data):
        known = topic in self.sequences
        assert not known or self.sequences[topic] == data["sequence"], data
        self.sequences[topic] = data["sequence"]
        if topic[1] == "depth":
            book = {side: dict(data[side]) for side in ("asks", "bids")}
            assert [data[side] for side in book] == [
                [list(level) for level in sorted(book["asks"].items())],
                [list(level) for level in sorted(book["bids"].items(), reverse=True)]]
            assert crc32(book) == data["crc32"]
            if known:  # the changes applied to the last one give this one
                assert book == self.books[topic[0]]
                self.compared += 1
            self.books[topic[0]] = book
        elif topic[1] == "trades":
            self.trades[topic[0]] = data["trades"][::-1]
        else:
            self.tickers[topic[0]] = data["ticker"]

    def depth(self, pool, data):
        for side in ("asks", "bids"):
            for price, units in data[side]:
                if units:
                    self.books[pool][side][price] = units
                else:
                    del self.books[pool][side][price]
        assert crc32(self.books[pool]) == data["crc32"]
        self.deltas += 1

    def trade(self, pool, data):
        self.trades[pool].append(data["trade"])

    def ticker(self, pool, data):
        self.tickers[pool] = data["ticker"]


class Traffic:
    """Random orders of one buyer and one machine, made one after the other. The seed is printed."""

    def __init__(self, buyer, machine):
        self.rng, self.buyer, self.machine = random.Random(seed()), buyer, machine
        self.asks, self.jobs = [], []

    def step(self):
        roll = self.rng.random()
        price = f"0.{self.rng.randrange(10, 30):03}"
        if roll < 0.35 and len(self.asks) < 60:
            made = self.machine.offer(self.rng.randrange(1, 5), price)
            if made.status == 201:  # else the machine is sold out
                self.asks.append(made.json["ask"]["ask_id"])
        elif roll < 0.7:
            self.jobs.append(self.buyer.submit(units=self.rng.randrange(1, 4), limit_price_per_unit_hour=usd(price),
                                               max_duration_seconds=self.rng.randrange(60, 900)).ok()["job"]["job_id"])
        elif roll < 0.85 and self.asks:
            self.machine.post(f"/v1/agent/asks/{self._pop(self.asks)}/cancel")
        elif self.jobs:
            self.buyer.post(f"/v1/jobs/{self._pop(self.jobs)}/cancel")

    def _pop(self, things):
        return things.pop(self.rng.randrange(len(things)))

    def run(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.step()


def told_the_end(anybody, watcher, stream, pool="cpu"):
    """Read on until the client has what the market tells those who ask."""
    def same():
        depth = anybody.get(f"/v1/pools/{pool}/depth?levels=100").ok()
        tape = anybody.get(f"/v1/pools/{pool}/trades?limit=100").ok()["data"]
        figures = anybody.get(f"/v1/pools/{pool}").ok()
        book = {side: {level["price_per_unit_hour"]["amount"]: level["units"] for level in depth[side]}
                for side in ("asks", "bids")}
        ticker = {k: figures[k] for k in ("asks", "bids", "last_trade", "day", "index")}
        told = watcher.trades[pool][-len(tape):]
        return book == watcher.books[pool] and tape[::-1][-len(told):] == told and ticker == watcher.tickers[pool]

    end = time.monotonic() + 30
    while not same():
        assert time.monotonic() < end, "the stream does not tell what the market is"
        watcher.take(stream.next())


@pytest.fixture
def traffic(buyer, machine):
    made = Traffic(buyer, machine)
    yield made
    for job_id in made.jobs:  # more than a page of them
        buyer.post(f"/v1/jobs/{job_id}/cancel")


def test_changes_applied_to_a_snapshot_give_the_next(market, contract, anybody, traffic):
    with Stream(market, contract, "pools=cpu") as stream:
        watcher = Watcher()
        for event in stream.begin():
            watcher.take(event)
        assert {c for _, c in watcher.sequences} == {"trades", "depth", "ticker"}
        thread = threading.Thread(target=traffic.run, args=(9,))
        thread.start()
        while thread.is_alive():
            watcher.take(stream.next())
        told_the_end(anybody, watcher, stream)
    assert watcher.deltas > 30 and watcher.compared > 0 and len(watcher.trades["cpu"]) > 20


def test_a_broken_stream_goes_on_without_a_gap(market, contract, anybody, traffic):
    watcher, last_id, broken = Watcher(), None, 0
    thread = threading.Thread(target=traffic.run, args=(6,))
    thread.start()
    while True:
        with Stream(market, contract, "pools=cpu", last_id) as stream:
            begun = stream.begin()
            assert begun[0].data == {"resumed": last_id is not None, "reset": False}
            for event in begun:
                watcher.take(event)
            for _ in range(traffic.rng.randrange(1, 20)):
                if not thread.is_alive():
                    break
                watcher.take(stream.next())
            if not thread.is_alive():
                told_the_end(anybody, watcher, stream)
                break
            last_id, broken = stream.last_id, broken + 1
    assert broken > 3 and watcher.deltas > 20


@pytest.mark.parametrize("last_id", ["1-1", "nonsense", "1795507200000-99999999", "-", "9223372036854775808-1"])
def test_what_cannot_be_resumed_begins_anew(market, contract, last_id):
    with Stream(market, contract, "pools=cpu", last_id) as stream:
        begun = stream.begin()
    assert begun[0].data == {"resumed": False, "reset": True}
    assert [e.name for e in begun[1:]] == ["snapshot"] * 3 + ["live"]


def test_the_last_id_may_stand_in_the_query(market, contract):
    with Stream(market, contract, "pools=cpu&channels=ticker") as stream:
        last_id = stream.begin()[-1].id
    with Stream(market, contract, f"pools=cpu&channels=ticker&last_event_id={last_id}") as stream:
        assert stream.begin()[0].data == {"resumed": True, "reset": False}


def test_a_stream_holds_what_was_asked_for_alone(market, contract, buyer, machine):
    with Stream(market, contract, "pools=cpu,l4-24g&channels=trades") as stream:
        begun = stream.begin()
        assert [(e.data["pool"], e.data["channel"]) for e in begun[1:-1]] == [("cpu", "trades"), ("l4-24g", "trades")]
        machine.offer(units=2, price="0.010").ok()
        for _ in range(2):
            made = buyer.submit(units=1).ok()["trades"][0]
            event = stream.next()
            told = dict(event.data["trade"])
            assert (event.name, told.pop("max_duration_seconds"), told) == ("trade", 600, made)
    with Stream(market, contract) as stream:  # all of them
        assert len(stream.begin()) == 1 + 8 * 3 + 1


@pytest.mark.parametrize("query, pointer", [
    ("pools=gpu", "?pools"), ("pools=", "?pools"), ("pools=cpu,", "?pools"), ("pools=cpu,cpu%20", "?pools"),
    ("channels=orders", "?channels"), ("channels=", "?channels"), ("pools=cpu&channels=trades,,depth", "?channels")])
def test_what_there_is_not_cannot_be_watched(anybody, problem, query, pointer):
    problem(anybody.get(f"/v1/stream?{query}"), "validation-failed", pointer)


def test_a_head_of_the_stream_ends(anybody):
    answer = anybody.head("/v1/stream?pools=cpu")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream")


def test_a_quiet_stream_says_that_it_lives(quiet_market, contract):
    with Stream(quiet_market, contract, "pools=l4-24g&channels=trades") as stream:
        stream.begin()
        assert stream.answer.readline() == b":\n"


# ---- many, and slow ones -------------------------------------------------------------------------


def gauge(market, name):
    with Client(market.metrics_url) as client:
        text = client.get("/metrics").content.decode()
    return int(next(line.split()[-1] for line in text.splitlines() if line.startswith(name + " ")))


def memory_kib(market):
    for line in open(f"/proc/{market.process.pid}/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


def is_sanitized():
    """Such a server needs several times the memory."""
    program = (BUILD / "bourse-server").read_bytes()
    return b"__asan_init" in program or b"__tsan_init" in program


def raw_stream(market, query, receive=None):
    """A socket on which a stream was asked for."""
    host, _, port = urllib.parse.urlsplit(market.url).netloc.partition(":")
    sock = socket.socket()
    if receive:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    sock.settimeout(30)
    sock.connect((host, int(port)))
    sock.sendall(f"GET /v1/stream?{query} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
    return sock


def read_until(sock, what):
    got = b""
    while what not in got:
        more = sock.recv(65536)
        assert more, got[-500:]
        got += more
    return got


def test_who_does_not_read_is_cut_off(quiet_market, contract):
    buyer = Person(quiet_market, contract, quiet_market.account("a buyer", "1000"))
    machine = Machine(Person(quiet_market, contract, quiet_market.account("a provider")))
    slow = raw_stream(quiet_market, "pools=cpu", receive=2048)
    with Stream(quiet_market, contract, "pools=cpu&channels=trades", timeout=60) as quick:
        quick.begin()
        machine.offer(units=900, price="0.010").ok()
        before, made = memory_kib(quiet_market), 0
        began = time.monotonic()
        while gauge(quiet_market, "bourse_sse_clients") > 1:  # it ends while the other goes on
            assert time.monotonic() - began < 60
            if made < 800:
                buyer.submit(units=1).ok()
                assert quick.next().name == "trade"
                made += 1
            else:
                time.sleep(0.2)
        assert made > 100
        print(f"\ncut off after {time.monotonic() - began:.0f} s and {made} trades;"
              f" {memory_kib(quiet_market) - before} KiB more in use")
        with contextlib.suppress(ConnectionError):
            while slow.recv(65536):
                pass
        buyer.submit(units=1).ok()
        assert quick.next().name == "trade"
    slow.close()
    buyer.clear()


STREAMS = 1000


def test_a_thousand_streams_cost_little(quiet_market, contract, anybody):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, STREAMS + 500)), hard))
    threads = len(list(pathlib.Path(f"/proc/{quiet_market.process.pid}/task").iterdir()))
    wait_for("quiet", lambda: gauge(quiet_market, "bourse_sse_clients") == 0)
    before = memory_kib(quiet_market)
    socks = [raw_stream(quiet_market, "pools=cpu,h100-sxm-80g") for _ in range(STREAMS)]
    try:
        for sock in socks:
            read_until(sock, b"event: live")
        assert gauge(quiet_market, "bourse_sse_clients") == STREAMS
        each = (memory_kib(quiet_market) - before) / STREAMS
        buyer = Person(quiet_market, contract, quiet_market.account("one more", "10"))
        began = time.monotonic()
        buyer.submit(units=1, limit_price_per_unit_hour=usd("0.001")).ok()
        for sock in socks:  # all of them hear of it
            read_until(sock, b'"channel":"depth","sequence"')
        print(f"\n{each:.1f} KiB a stream; {STREAMS} had an event {1000 * (time.monotonic() - began):.0f} ms after the"
              f" order was sent; {(memory_kib(quiet_market) - before) / STREAMS:.1f} KiB a stream then")
        assert each < 64 or is_sanitized()
        now = len(list(pathlib.Path(f"/proc/{quiet_market.process.pid}/task").iterdir()))
        assert now == threads  # no thread for any of them
        buyer.clear()
    finally:
        for sock in socks:
            sock.close()
    wait_for("their end", lambda: gauge(quiet_market, "bourse_sse_clients") == 0)


def test_streams_end_with_the_server(contract):
    with Folder("streams") as folder, Market(folder) as market:
        streams = [Stream(market, contract, "pools=cpu") for _ in range(3)]
        for stream in streams:
            stream.begin()
        assert market.process.stop() == 0
        for stream in streams:
            with pytest.raises(Ended):
                while True:
                    stream.next()
        last_id = streams[0].last_id
        market.start()  # another server: its numbers are others
        with Stream(market, contract, "pools=cpu", last_id) as stream:
            assert stream.begin()[0].data == {"resumed": False, "reset": True}
