# SPDX-License-Identifier: Apache-2.0
"""The power is cut under load, on a disk so slow that groups are committed while others are flushed: whatever
was answered is there when it comes back. BOURSE_ROUNDS=25 for as many cuts.

The same with a server that answers before the flush: it must be caught, or the test would prove nothing.
"""

import random
import time

import pytest

from tests.outside import ledger, rounds, seed
from tests.outside.load import PRICE, Load
from tests.outside.market import Market
from tests.outside.power import MortalPostgres
from tests.outside.process import Folder
from tests.outside.protocol import ProtocolAgent

ROUNDS = rounds(5)
SYNC_US = 6000
WRONG_ROUNDS = 10  # so many cuts at most until the wrong server is caught


def cut_under_load(market, pg, load, rng):
    """One cut and what follows; sometimes the server's machine loses its power too."""
    load.go()
    time.sleep(rng.uniform(0.05, 0.8))
    both = rng.random() < 0.4
    lost = pg.cut(rng)
    if both:
        market.kill()
    pg.start()
    if both:
        market.start()
    market.await_ready()
    load.pause()
    return lost


def test_no_answered_order_is_lost_when_the_power_is_cut():
    number = seed()
    rng = random.Random(number)
    with Folder("cut") as folder, MortalPostgres(folder / "pg", SYNC_US) as pg, Market(folder, pg.conninfo) as market:
        assert '"overlapped":1' in market.log.read_text(), "the flush is not overlapped on this disk"
        agent = ProtocolAgent(market, market.account("provider"))
        with agent, Load(market, number) as load:
            agent.place_ask(units=3000, price=PRICE)
            for _ in range(ROUNDS):
                cut_under_load(market, pg, load, rng)
                agent.check()
                load.check()
                load.check_replays(rng)
                ledger.check(market)
            print(f"seed={number} cuts={ROUNDS} answered={len(load.known)} repeated={load.repeated} "
                  f"replayed={load.replayed} {ledger.totals(market)} log_bytes_lost={pg.lost_bytes} "
                  f"cuts_that_lost={pg.lossy_cuts} codes={dict(load.codes)}")
            assert load.repeated > 0, "no cut came while a request was under way"
            assert pg.lossy_cuts > ROUNDS // 4, "the cuts hardly lost anything, so they show nothing"


def test_a_server_that_answers_before_the_flush_is_caught():
    number = seed()
    rng = random.Random(number)
    with Folder("wrong") as folder, MortalPostgres(folder / "pg", SYNC_US) as pg, \
            Market(folder, pg.conninfo, program="tests/bourse-server-wrong") as market, Load(market, number) as load:
        for cuts in range(1, WRONG_ROUNDS + 1):
            cut_under_load(market, pg, load, rng)
            try:
                load.check()
            except AssertionError as found:
                assert "lost: " in str(found) or "two answers" in str(found) or "made twice" in str(found), found
                print(f"seed={number} caught after {cuts} cuts: {found}")
                return
        pytest.fail(f"{WRONG_ROUNDS} cuts and no loss was seen")
