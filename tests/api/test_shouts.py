# SPDX-License-Identifier: Apache-2.0
"""The same auctions over HTTP and in process. More of them: ./dev bench market --http."""

import pytest

from tests.outside.process import Folder
from tests.sim import over_http

SMITH, BOX_DEMAND = 0, 2


@pytest.mark.parametrize("schedule, markets, seed", [(SMITH, 1, 77), (BOX_DEMAND, 3, 78)])
def test_deals_are_those_of_the_rules_in_process(schedule, markets, seed):
    with Folder("auction") as folder:
        row = over_http.run(folder, schedule, markets, seed)
    assert row["identical"] == markets, row
    assert row["deals"] >= 5 * markets
