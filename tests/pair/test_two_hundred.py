# SPDX-License-Identifier: Apache-2.0
"""Two hundred jobs of two buyers at once on three machines: all are run and paid, nobody is passed over,
and no machine is ever sold twice."""

import random
import threading
import time
import uuid

from tests.outside import ledger, priority, seed
from tests.outside.market import usd
from tests.outside.process import wait_for
from tests.outside.scene import scene

JOBS = 200
PATIENCE = 600


class Looker:
    """Looks at the books while the market works."""

    def __init__(self, market):
        self.market, self.wrong, self.looks = market, [], 0
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._main, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_failure):
        self.ending.set()
        self.thread.join(60)

    def _main(self):
        while not self.ending.wait(0.25):
            try:
                self.wrong += ledger.violations(self.market.db, self.market.fee_bps)
            except AssertionError as why:
                self.wrong.append(str(why))
            self.looks += 1


def post_all(account, bodies, trouble):
    with account.client() as client:
        for body in bodies:
            answer = client.post("/v1/jobs", body, key=str(uuid.uuid4()))
            if answer.status != 201:
                trouble.append(answer)


def test_two_hundred_jobs_at_once():
    number = seed()
    rng = random.Random(number)
    with scene("hundreds", [("0.050", 2), ("0.060", 2), ("0.080", 2)]) as world:
        market = world.market
        other = market.account("other buyer", "1000.00")
        market.upload(other, world.archive)
        bodies = [
            world.body(["sleep", rng.choice([0, 0, 100])], units=rng.choice([1, 1, 1, 2]),
                       limit_price_per_unit_hour=usd(rng.randrange(50, 120) * 1000))
            for _ in range(JOBS)
        ]
        trouble, began = [], time.monotonic()
        with Looker(market) as looker:
            posters = [threading.Thread(target=post_all, args=(account, bodies[i::2], trouble))
                       for i, account in enumerate((world.buyer, other))]
            for poster in posters:
                poster.start()
            for poster in posters:
                poster.join()
            posted = time.monotonic() - began
            assert not trouble, trouble[:3]
            wait_for("all jobs' ends", lambda: market.value("SELECT count(*) FROM bids WHERE job IN (1, 2, 3, 4)") == 0,
                     PATIENCE, pause=0.25)
            took = time.monotonic() - began
        assert not looker.wrong, looker.wrong[:10]
        assert market.rows("SELECT job, count(*) FROM bids GROUP BY job") == [{"job": 5, "count": JOBS}]
        assert not priority.passed_over(market)
        world.nothing_is_left()
        ledger.check(market)
        print(f"seed={number} jobs={JOBS} posted={posted:.1f}s all_settled={took:.1f}s looks={looker.looks} "
              f"{ledger.totals(market)}")
