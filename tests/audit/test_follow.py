# SPDX-License-Identifier: Apache-2.0
"""The auditor beside a market that works: nothing is wrong while it goes on, and a lie is seen with the next look."""

import json
import re
import subprocess

from tests.audit.story import QUICK, Day, auction, money, plain_runs
from tests.outside import BUILD, pg
from tests.outside.market import Market
from tests.outside.process import Folder, wait_for


def metric(path, name):
    found = re.search(rf"^{name} (\d+)$", path.read_text(), re.M) if path.exists() else None
    return int(found[1]) if found else -1


def test_it_follows_a_market_and_sees_a_lie(tmp_path):
    metrics = tmp_path / "audit.prom"
    with Folder("follow") as folder, Market(folder, **QUICK) as market:
        day = Day(market)
        buyer, provider = day.person("20"), day.person("1")
        one = day.machine(provider, "node")
        last = "SELECT max(seq) FROM commands"
        with subprocess.Popen([BUILD / "bourse-audit", "follow", "--db", market.db, "--every", "1", "--metrics", metrics],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as follow:
            for chapter in (lambda: plain_runs(day, buyer, one), lambda: auction(day, buyer, one),
                            lambda: money(day, provider, buyer)):
                chapter()
                wait_for("the auditor to come along", lambda: metric(metrics, "bourse_audit_seq") == market.value(last), 30)
                assert metric(metrics, "bourse_audit_ok") == 1 and follow.poll() is None
            pg.run(market.db, "UPDATE balances SET available = available + 1 WHERE account = 2")
            said, why = follow.communicate(timeout=30)
        assert follow.returncode == 1, why
        assert json.loads(said)["finding"]["code"] == "balance-available"
        assert metric(metrics, "bourse_audit_ok") == 0 and 'code="balance-available"' in metrics.read_text()
        for person in day.people:
            person.close()
