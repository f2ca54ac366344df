# SPDX-License-Identifier: Apache-2.0
"""A short run of faults, always the same ones: each kind comes at least three times."""

import pytest

from tests.outside.agent import EngineMissing

from .machine import NoNetworks
from .run import DECK, strike_and_judge

SEED = 7


def test_whatever_fails_no_law_of_leases_and_money_breaks():
    try:
        wrong, told = strike_and_judge(SEED, len(DECK), machines=4)
    except (EngineMissing, NoNetworks) as why:
        pytest.skip(f"no machines in networks of their own can be had here: {why}")
    print(told)
    assert not wrong, "\n".join(wrong)
