# SPDX-License-Identifier: Apache-2.0
"""A market of one's own: a database, keys, and a real bourse-server on free ports."""

import contextlib
import hashlib
import os
import pathlib
import re
import subprocess
import uuid

from . import BUILD, ROOT, pg
from .client import Client, Unanswered
from .process import Process, free_port, wait_for

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
UNITS_PER_COMMAND = 4096


def usd(amount):
    """Money of the API from a decimal text or from micro-USD."""
    if isinstance(amount, int):
        amount = f"{amount // 1_000_000}.{amount % 1_000_000:06}"
    return {"amount": amount, "currency": "USD"}


def micros(money):
    whole, _, part = money["amount"].partition(".")
    return int(whole) * 1_000_000 + int(part.ljust(6, "0"))


def number_of(public_id):
    """The number in the database of what an id names: bits 61…0 are the command, 75…64 which of its things."""
    bits = 0
    for digit in public_id.rpartition("_")[2]:
        bits = bits << 5 | ALPHABET.index(digit)
    command, index = bits & ((1 << 62) - 1), bits >> 64 & 0xFFF
    if public_id.startswith(("lease_", "trade_")):
        return command * UNITS_PER_COMMAND + index
    return command


# What a test does not ask for does not stand in its way: prices change at once, nobody backs off, trades at any
# price, and as many requests as it likes.
PATIENT = {"quote_seconds": 0, "backoff_seconds": 0, "collar_bps": 0, "orders_per_second": 1_000_000,
           "requests_per_second": 1_000_000, "looks_per_second": 1_000_000}


class Account:
    def __init__(self, market, account_id, key):
        self.market, self.account_id, self.key = market, account_id, key
        self.number = number_of(account_id)

    def client(self, timeout=40):
        return Client(self.market.url, self.key, timeout)


class Market:
    """Options are flags of bourse-server, as lease_seconds=5."""

    def __init__(self, folder, db=None, program="bourse-server", **options):
        self.program = BUILD / program
        self.folder = pathlib.Path(folder)
        base = db or os.environ["BOURSE_TEST_DB"]
        self.database = f"bourse_{uuid.uuid4().hex[:12]}"
        self.base, self.db = base, pg.with_database(base, self.database)
        self.ports = [free_port() for _ in range(3)]
        self.url, self.agent_url, self.metrics_url = (f"http://127.0.0.1:{port}" for port in self.ports)
        self.options = {**PATIENT, **options}
        self.fee_bps = options.get("fee_bps", 100)
        self.log = self.folder / "server.log"
        self.process = None

    def __enter__(self):
        pg.run(self.base, f"CREATE DATABASE {self.database}")
        try:
            self.verb("init")
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind, *_failure):
        if self.process:
            code = self.process.stop()
            if kind:
                print(f"--- {self.log}\n{self.process.tail()}")
            else:
                assert code == 0, f"the server ended with {code}:\n{self.process.tail()}"
                assert not self.process.alarms(), self.process.alarms()
        with contextlib.suppress(AssertionError):
            pg.run(self.base, f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)")

    def _flags(self, **options):
        flags = ["--state", self.folder / "server", "--db", self.db]
        for name, value in options.items():
            flags += ["--" + name.replace("_", "-"), str(value)]
        return flags

    def verb(self, *words, **options):
        """Run bourse-server with a verb and give back what it says."""
        told = subprocess.run([self.program, *words, *self._flags(**options)],
                              capture_output=True, text=True, check=False)
        assert told.returncode == 0, f"{words}: {told.stdout}{told.stderr}"
        return told.stdout

    # ---- the server -----------------------------------------------------------------------------

    def launch(self):
        api, agents, metrics = (f"127.0.0.1:{port}" for port in self.ports)
        self.process = Process(
            [self.program, "run", *self._flags(
                listen=api, agent_listen=agents, metrics_listen=metrics, static_dir=ROOT / "static",
                openapi=ROOT / "openapi.yaml", **self.options)],
            self.log,
        )

    def start(self, seconds=60):
        self.launch()
        self.await_ready(seconds)

    def is_ready(self):
        assert self.process.runs(), f"the server ended by itself:\n{self.process.tail()}"
        try:
            with Client(self.url, timeout=5) as client:
                return client.get("/readyz").status == 200
        except Unanswered:
            return False

    def await_ready(self, seconds=60):
        wait_for("the server's readiness", self.is_ready, seconds)

    def kill(self):
        self.process.kill()

    # ---- people ---------------------------------------------------------------------------------

    def account(self, name, credit=None):
        told = self.verb("account", "create", name=name)
        account = Account(self, re.search(r"acct_[a-z0-9]+", told)[0], re.search(r"brs_live_\S+", told)[0])
        if credit:
            self.verb("account", "credit", account.account_id, credit)
        return account

    def upload(self, account, path):
        """Put a file into the store; how a job names it as its image."""
        content = pathlib.Path(path).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        with account.client() as client:
            client.call("PUT", f"/v1/blobs/{digest}", content,
                        {"Content-Type": "application/octet-stream"}).ok()
        return f"blob:sha256:{digest}"

    # ---- looking inside -------------------------------------------------------------------------

    def rows(self, query):
        return pg.rows(self.db, query)

    def value(self, query):
        return pg.value(self.db, query)
