# SPDX-License-Identifier: Apache-2.0
"""Many at the same instant: just as many events as the library asks the kernel for at a time, which once made
it wait for another before it looked at these; and no more connections from one address than are allowed."""

import contextlib
import socket
import time

import pytest

from tests.outside.market import Market
from tests.outside.process import Folder

AT_ONCE = 128  # MAX_EVENTS of libmicrohttpd
REQUEST = b"GET /livez HTTP/1.1\r\nHost: here\r\n\r\n"


def connect(stack, port):
    return stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))


@pytest.fixture(autouse=True)
def clear_books():
    """Nothing is put into the books here."""


def test_all_who_ask_at_once_are_answered(market):
    """Who is served by which thread is not told, but as the crowd grows by one after the other, each of two
    threads comes to the number that matters."""
    with contextlib.ExitStack() as stack:
        sockets = []
        while len(sockets) < 2 * AT_ONCE + 40:
            sockets.append(connect(stack, market.ports[0]))
            ask(sockets[-1:])
            if len(sockets) < AT_ONCE:
                continue
            market.process.pause()
            try:
                for s in sockets:
                    s.sendall(REQUEST)
            finally:
                market.process.resume()
            assert all(answer(s) == b"HTTP/1.1 200" for s in sockets), len(sockets)


def ask(sockets):
    for s in sockets:
        s.sendall(REQUEST)
        assert answer(s) == b"HTTP/1.1 200"


def test_one_address_has_so_many_connections_and_no_more():
    with Folder("crowd") as folder, Market(folder, connections_per_address=5) as market, contextlib.ExitStack() as stack:
        deadline = time.monotonic() + 10
        while True:  # those that asked whether it is ready are gone soon
            with contextlib.ExitStack() as tried:
                sockets = [connect(tried, market.ports[0]) for _ in range(6)]
                for s in sockets:
                    s.sendall(REQUEST)
                answers = [answer(s) for s in sockets]
                if answers[:5] == [b"HTTP/1.1 200"] * 5 or time.monotonic() > deadline:
                    stack.enter_context(tried.pop_all())
                    break
            time.sleep(0.1)
        assert answers == [b"HTTP/1.1 200"] * 5 + [b""]
        sockets[0].close()
        time.sleep(0.5)
        again = connect(stack, market.ports[0])
        again.sendall(REQUEST)
        assert answer(again) == b"HTTP/1.1 200"


def answer(s):
    try:
        return s.recv(4096)[:12]
    except OSError:  # reset, or nothing in 5 s
        return b""
