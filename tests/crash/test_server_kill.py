# SPDX-License-Identifier: Apache-2.0
"""An order that was answered is there, whenever the server is killed; one that was not is there once,
after it was sent again with the same key. 64 buyers against kill -9, and the accounts after each."""

import random
import time

from tests.outside import ledger, rounds, seed
from tests.outside.load import PRICE, Load
from tests.outside.market import Market
from tests.outside.process import Folder
from tests.outside.protocol import ProtocolAgent

ROUNDS = rounds(20)


def test_no_answered_order_is_lost_or_doubled_when_the_server_is_killed():
    number = seed()
    rng = random.Random(number)
    with Folder("kill") as folder, Market(folder) as market:
        agent = ProtocolAgent(market, market.account("provider"))
        with agent, Load(market, number) as load:
            agent.place_ask(units=3000, price=PRICE)
            ready = []
            for _ in range(ROUNDS):
                load.go()
                time.sleep(rng.uniform(0.05, 0.8))
                market.kill()
                began = time.monotonic()
                market.start()
                ready.append(time.monotonic() - began)
                load.pause()
                agent.check()
                load.check()
                load.check_replays(rng)
                ledger.check(market)
            totals = ledger.totals(market)
            print(f"seed={number} kills={ROUNDS} answered={len(load.known)} repeated={load.repeated} replayed={load.replayed} "
                  f"{totals} slowest_restart={max(ready):.2f}s codes={dict(load.codes)}")
            assert load.repeated > 0, "no kill came while a request was under way"
            assert totals["trades"] > 0 and totals["settled"] > 0
