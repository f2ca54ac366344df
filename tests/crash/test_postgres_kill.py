# SPDX-License-Identifier: Apache-2.0
"""The database is killed under load: no answered order is lost, none is doubled, and the server comes back
by itself when the database does."""

import random
import time

from tests.outside import ledger, rounds, seed
from tests.outside.load import PRICE, Load
from tests.outside.market import Market
from tests.outside.pg import PrivatePostgres
from tests.outside.process import Folder
from tests.outside.protocol import ProtocolAgent

ROUNDS = rounds(10)


def test_no_answered_order_is_lost_or_doubled_when_postgresql_is_killed():
    number = seed()
    rng = random.Random(number)
    with Folder("pgkill") as folder, PrivatePostgres(folder / "pg") as pg, Market(folder, pg.conninfo) as market:
        server = market.process.pid
        agent = ProtocolAgent(market, market.account("provider"))
        with agent, Load(market, number) as load:
            agent.place_ask(units=3000, price=PRICE)
            back = []
            for _ in range(ROUNDS):
                load.go()
                time.sleep(rng.uniform(0.05, 0.8))
                pg.kill(whole=rng.random() < 0.7)
                began = time.monotonic()
                time.sleep(rng.uniform(0, 0.5))
                pg.start()
                market.await_ready()
                back.append(time.monotonic() - began)
                load.pause()
                agent.check()
                load.check()
                load.check_replays(rng)
                ledger.check(market)
            totals = ledger.totals(market)
            print(f"seed={number} kills={ROUNDS} answered={len(load.known)} repeated={load.repeated} replayed={load.replayed} "
                  f"{totals} slowest_return={max(back):.2f}s codes={dict(load.codes)}")
            assert load.repeated > 0, "no kill came while a request was under way"
            assert totals["trades"] > 0 and totals["settled"] > 0
        assert market.process.runs() and market.process.pid == server
