# SPDX-License-Identifier: Apache-2.0
"""Bytes that two parsers could cut into requests differently, and clients that are slow on purpose.

Every test runs against both daemons: of a running server, when BOURSE_API and BOURSE_AGENT_API name them
as host:port, else of the market that all these tests share. A hidden request asks for /smuggled, which no
daemon has: were it served, its 404 would name it."""

import collections
import concurrent.futures
import os
import re
import socket
import time

import pytest

Daemon = collections.namedtuple("Daemon", "address json_route")

# A route of each daemon that takes JSON from somebody who has shown nothing.
DAEMONS = {"BOURSE_API": b"/v1/session/challenges", "BOURSE_AGENT_API": b"/v1/agent/heartbeat"}
HIDDEN = b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"
HEADERS_S, BODY_S, SWEEP_S = 10, 30, 3


@pytest.fixture(autouse=True)
def clear_books():
    """Nothing is put into the books here."""


def daemon_named(name, request):
    address = os.environ.get(name)
    if not address:
        ports = dict(zip(DAEMONS, request.getfixturevalue("market").ports))
        return Daemon(("127.0.0.1", ports[name]), DAEMONS[name])
    host, _, port = address.rpartition(":")
    return Daemon((host.strip("[]"), int(port)), DAEMONS[name])


@pytest.fixture(params=DAEMONS)
def daemon(request):
    return daemon_named(request.param, request)


def exchange(daemon, data, wait=0.4):
    """Send, read until the server closes or nothing came for `wait`. Returns bytes and "was closed"."""
    with socket.create_connection(daemon.address, timeout=5) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        s.sendall(data)
        s.settimeout(wait)
        got = b""
        try:
            while piece := s.recv(65536):
                got += piece
        except TimeoutError:
            return got, False
        except ConnectionResetError:
            pass
        return got, True


def statuses(got):
    return [int(m) for m in re.findall(rb"HTTP/1\.[01] (\d{3}) ", got)]


def chunked(body, size=None):
    return (size or b"%x" % len(body)) + b"\r\n" + body + b"\r\n0\r\n\r\n"


def post(headers, body=b"", version=b"1.1", host=b"Host: h\r\n"):
    """A POST with headers as they are given, a line end behind each. {route} is put in by the test."""
    return b"POST {route} HTTP/" + version + b"\r\n" + host + headers + b"\r\n" + body


SHORT = b"0\r\n\r\n"  # as chunks: an empty body; what follows is then the next request
WHOLE = b"%d" % (len(SHORT) + len(HIDDEN))

# name -> bytes. Each is answered 400 at once, and the connection is closed.
REFUSED = {
    "length-then-chunked": post(b"Content-Length: " + WHOLE + b"\r\nTransfer-Encoding: chunked\r\n", SHORT + HIDDEN),
    "chunked-then-length": post(b"Transfer-Encoding: chunked\r\nContent-Length: " + WHOLE + b"\r\n", SHORT + HIDDEN),
    "chunked-with-short-length": post(
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", chunked(b"abcd") + HIDDEN
    ),
    "two-lengths-short-first": post(b"Content-Length: 0\r\nContent-Length: %d\r\n" % len(HIDDEN), HIDDEN),
    "two-lengths-long-first": post(b"Content-Length: %d\r\nContent-Length: 0\r\n" % len(HIDDEN), HIDDEN),
    "two-lengths-equal": post(b"Content-Length: 4\r\nContent-Length: 4\r\n", b"abcd" + HIDDEN),
    "blank-before-colon-of-length": post(b"Content-Length : %d\r\n" % len(HIDDEN), HIDDEN),
    "tab-before-colon-of-length": post(b"Content-Length\t: %d\r\n" % len(HIDDEN), HIDDEN),
    "blank-before-colon-of-encoding": post(b"Transfer-Encoding : chunked\r\n", SHORT + HIDDEN),
    "folded-length": post(b"Content-Length:\r\n %d\r\n" % len(HIDDEN), HIDDEN),
    "folded-length-with-tab": post(b"Content-Length:\r\n\t%d\r\n" % len(HIDDEN), HIDDEN),
    "folded-encoding-beside-length": post(
        b"Content-Length: " + WHOLE + b"\r\nTransfer-Encoding:\r\n chunked\r\n", SHORT + HIDDEN
    ),
    "encoding-folded-into-another": post(b"X-A: a\r\n Transfer-Encoding: chunked\r\n", SHORT + HIDDEN),
    "length-folded-into-another": post(b"X-A: a\r\n Content-Length: %d\r\n" % len(HIDDEN), HIDDEN),
    "encoding-twice": post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", SHORT + HIDDEN),
    "encoding-twice-identity-first": post(
        b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", SHORT + HIDDEN
    ),
    "gzip-then-chunked": post(b"Transfer-Encoding: gzip, chunked\r\n", SHORT + HIDDEN),
    "chunked-then-identity": post(b"Transfer-Encoding: chunked, identity\r\n", SHORT + HIDDEN),
    "identity": post(b"Transfer-Encoding: identity\r\n", SHORT + HIDDEN),
    "xchunked": post(b"Transfer-Encoding: xchunked\r\n", SHORT + HIDDEN),
    "chunked-and-a-blank": post(b"Transfer-Encoding: chunked \r\n", SHORT + HIDDEN),
    "chunked-on-1.0": post(b"Transfer-Encoding: chunked\r\n", SHORT + HIDDEN, version=b"1.0"),
    "bare-cr-in-a-value": post(b"X-A: a\rContent-Length: %d\r\n" % len(HIDDEN), HIDDEN),
    "two-hosts": post(b"Host: other\r\nContent-Length: 0\r\n", HIDDEN),
    "no-host": post(b"Content-Length: 0\r\n", HIDDEN, host=b""),
    "length-with-plus": post(b"Content-Length: +0\r\n", HIDDEN),
    "length-with-minus": post(b"Content-Length: -1\r\n", HIDDEN),
    "length-in-hex": post(b"Content-Length: 0x3\r\n", b"abc" + HIDDEN),
    "length-empty": post(b"Content-Length: \r\n", HIDDEN),
    "length-list": post(b"Content-Length: 0, %d\r\n" % len(HIDDEN), HIDDEN),
    "chunk-size-with-minus": post(b"Transfer-Encoding: chunked\r\n", b"-1\r\n" + HIDDEN),
    "chunk-size-in-0x": post(b"Transfer-Encoding: chunked\r\n", chunked(b"abc", b"0x3") + HIDDEN),
    "name-with-blank": b"GET /livez HTTP/1.1\r\nHost: h\r\nX A: b\r\n\r\n" + HIDDEN,
    "absolute-form-other-host": b"GET http://other/livez HTTP/1.1\r\nHost: h\r\n\r\n" + HIDDEN,
    "nul-in-the-path": b"GET /livez%00 HTTP/1.1\r\nHost: h\r\n\r\n" + HIDDEN,
    "escape-cut-short": b"GET /livez%2 HTTP/1.1\r\nHost: h\r\n\r\n" + HIDDEN,
}

# Sizes beyond 64 bits: 413, closed.
TOO_LARGE = {
    "length": post(b"Content-Length: 18446744073709551616\r\n", HIDDEN),
    "length-of-40-digits": post(b"Content-Length: " + b"9" * 40 + b"\r\n", HIDDEN),
    "length-beyond-the-limit": post(b"Content-Length: 1048576\r\n", HIDDEN),
    "chunk-size": post(b"Transfer-Encoding: chunked\r\n", chunked(b"abc", b"1" + b"0" * 16) + HIDDEN),
}

# The parser takes these before a handler can look. They stand here so that an upgrade that turns
# stricter, which would be welcome, is noticed.
LENIENT = {
    "bare-lf": b"GET /livez HTTP/1.1\nHost: h\n\n",
    "nul-in-a-value": b"GET /livez HTTP/1.1\r\nHost: h\r\nX-A: a\0b\r\n\r\n",
}

# name -> bytes and how many answers they must get.
PLAIN = {
    "get": (b"GET /livez HTTP/1.1\r\nHost: h\r\n\r\n", 1),
    "pipelined": (b"GET /livez HTTP/1.1\r\nHost: h\r\n\r\n" * 2, 2),
    "head": (b"HEAD /livez HTTP/1.1\r\nHost: h\r\n\r\n", 1),
}

# Bodies that a handler gets whole. The daemons answer them by what they say, not by how they came.
BODIES = {
    "post": b"Content-Length: 2\r\n\r\n{}",
    "chunked": b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b"{}"),
    "tab-before-chunked": b"Transfer-Encoding:\tchunked\r\n\r\n" + chunked(b"{}"),
    "chunk-extension": b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b"{}", b"2;a=b"),
    "bare-lf-between-chunks": b"Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n",
}


@pytest.mark.parametrize("row", REFUSED)
def test_what_could_smuggle_is_refused_and_the_connection_closed(daemon, row):
    got, closed = exchange(daemon, REFUSED[row].replace(b"{route}", daemon.json_route))
    assert statuses(got)[:1] == [400], got
    assert set(statuses(got)) == {400}, got  # the library says some of them twice
    assert closed
    assert b"/smuggled" not in got


@pytest.mark.parametrize("row", TOO_LARGE)
def test_sizes_that_are_too_large_are_413_and_close(daemon, row):
    got, closed = exchange(daemon, TOO_LARGE[row].replace(b"{route}", daemon.json_route))
    assert statuses(got)[:1] == [413], got
    assert closed
    assert b"/smuggled" not in got


@pytest.mark.parametrize("row", LENIENT)
def test_what_the_parser_takes_is_served(daemon, row):
    got, closed = exchange(daemon, LENIENT[row])
    assert statuses(got) == [200], got
    assert not closed


@pytest.mark.parametrize("row", PLAIN)
def test_ordinary_requests_are_served_and_the_connection_lives(daemon, row):
    data, answers = PLAIN[row]
    got, closed = exchange(daemon, data)
    assert statuses(got) == [200] * answers, got
    assert not closed


@pytest.mark.parametrize("row", BODIES)
def test_ordinary_bodies_reach_their_handler(daemon, row):
    head = b"POST " + daemon.json_route + b" HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
    got, closed = exchange(daemon, head + BODIES[row] + b"GET /livez HTTP/1.1\r\nHost: h\r\n\r\n")
    first, second = statuses(got)
    assert first in (401, 422), got  # no signature; no field
    assert second == 200 and not closed


def test_http_1_0_is_served_and_closed(daemon):
    got, closed = exchange(daemon, b"GET /livez HTTP/1.0\r\n\r\n")
    assert statuses(got) == [200] and closed


@pytest.mark.parametrize("version", [b"", b" HTTP/0.9", b" HTTP/2.0"])
def test_other_versions_are_not_served(daemon, version):
    got, closed = exchange(daemon, b"GET /livez" + version + b"\r\nHost: h\r\n\r\n" + HIDDEN)
    assert 200 not in statuses(got) and closed
    assert b"/smuggled" not in got


def test_headers_of_64_kilobytes_are_431(daemon):
    data = b"GET /livez HTTP/1.1\r\nHost: h\r\nX-A: " + b"a" * 65536 + b"\r\n\r\n" + HIDDEN
    got, closed = exchange(daemon, data, wait=2)
    assert statuses(got)[:1] in ([431], []), got  # the answer may be lost when bytes of ours were unread
    assert closed and b"/smuggled" not in got


def test_a_target_of_64_kilobytes_is_414(daemon):
    got, closed = exchange(daemon, b"GET /" + b"a" * 65536 + b" HTTP/1.1\r\nHost: h\r\n\r\n", wait=2)
    assert statuses(got)[:1] in ([414], [431], []), got
    assert closed


def test_a_megabyte_of_body_is_refused_before_it_comes(daemon):
    head = b"POST " + daemon.json_route + b" HTTP/1.1\r\nHost: h\r\nContent-Length: 1048576\r\n\r\n"
    got, closed = exchange(daemon, head, wait=2)
    assert statuses(got) == [413] and closed
    assert b"application/problem+json" in got and b'"code":"body-too-large"' in got


def test_a_chunked_body_over_the_limit_is_refused(daemon):
    head = b"POST " + daemon.json_route + b" HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    got, closed = exchange(daemon, head + chunked(b" " * 100000), wait=2)
    assert statuses(got) == [413] and closed


def test_every_refusal_of_ours_is_a_problem_document(daemon):
    for line in (b"GET /nowhere", b"DELETE /livez", b"GET /livez%00"):
        got, _ = exchange(daemon, line + b" HTTP/1.1\r\nHost: h\r\n\r\n")
        assert b"application/problem+json" in got and b"X-Request-Id: " in got


def test_a_405_lists_the_methods_and_options_agrees(daemon):
    refused, _ = exchange(daemon, b"DELETE /livez HTTP/1.1\r\nHost: h\r\n\r\n")
    asked, _ = exchange(daemon, b"OPTIONS /livez HTTP/1.1\r\nHost: h\r\n\r\n")
    assert statuses(refused) == [405] and statuses(asked) == [204]
    assert b"\r\nAllow: GET, HEAD, OPTIONS\r\n" in refused
    assert b"\r\nAllow: GET, HEAD, OPTIONS\r\n" in asked


def test_a_request_id_of_ours_is_kept_and_a_wild_one_is_not(daemon):
    ask = b"GET /livez HTTP/1.1\r\nHost: h\r\nX-Request-Id: %s\r\n\r\n"
    kept, _ = exchange(daemon, ask % b"run-7.a_B")
    wild, _ = exchange(daemon, ask % b"a b")
    long, _ = exchange(daemon, ask % (b"a" * 65))
    assert b"\r\nX-Request-Id: run-7.a_B\r\n" in kept
    assert b"X-Request-Id: req_" in wild and b"X-Request-Id: req_" in long


# ---- clients that are slow -----------------------------------------------------------------------

GET = b"GET /livez HTTP/1.1\r\nHost: h\r\n"
POST_HEAD = b"POST {route} HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
DRIPS = {  # what is sent first, what is dripped, when it must be over
    "headers": (GET + b"X-A: ", b"a", HEADERS_S),
    "request line": (b"GET /", b"a", HEADERS_S),
    "nothing at all": (b"", b"", HEADERS_S),
    "headers of a second request": (GET + b"\r\n", b"G", HEADERS_S + 1),
    "body": (POST_HEAD + b"Content-Length: 60000\r\n\r\n", b" ", BODY_S),
    "chunks": (POST_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", BODY_S),
    "a late request": (GET, b"", HEADERS_S),
}


def drip(daemon, first, piece, pause, limit):
    """Send `first`, then `piece` after each pause, until the server closes: the seconds it took, and what it said."""
    start, got = time.monotonic(), b""
    with socket.create_connection(daemon.address, timeout=5) as s:
        s.settimeout(pause)
        s.sendall(first.replace(b"{route}", daemon.json_route))
        while time.monotonic() - start < limit:
            try:
                if not (more := s.recv(4096)):
                    break
                got += more
            except TimeoutError:
                try:
                    s.sendall(piece)
                except OSError:
                    break
            except OSError:
                break
    return time.monotonic() - start, got


@pytest.fixture(scope="module", autouse=True)
def dripping(request):
    """All of them on both daemons at once, beside the other tests, as each takes as long as its deadline."""
    cases = [(name, case) for name in DAEMONS for case in DRIPS]
    with concurrent.futures.ThreadPoolExecutor(len(cases)) as pool:
        yield {
            (name, case): pool.submit(drip, daemon_named(name, request), *DRIPS[case][:2], 0.5, BODY_S + 30)
            for name, case in cases
        }


@pytest.mark.parametrize("name", DAEMONS)
@pytest.mark.parametrize("case", DRIPS)
def test_who_drips_is_cut_at_an_absolute_deadline(dripping, name, case):
    took, _ = dripping[name, case].result()
    limit = DRIPS[case][2]
    assert limit - 1 <= took <= limit + SWEEP_S


@pytest.mark.parametrize("name", DAEMONS)
def test_a_late_request_is_told_408(dripping, name):
    _, got = dripping[name, "a late request"].result()
    assert statuses(got) == [408]
    assert b'"code":"request-timeout"' in got
