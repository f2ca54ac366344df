# SPDX-License-Identifier: Apache-2.0
"""A market that hands out its agent, for tests of joining, of the self-test and of leaving."""

import contextlib
import platform
import shutil

import pytest

from tests.outside import BUILD, ROOT
from tests.outside.agent import Engine, EngineMissing
from tests.outside.market import Market
from tests.outside.process import Folder

BRISK = {"lease_seconds": 6, "heartbeat_seconds": 1, "offer_seconds": 10, "notice_seconds": 3, "stop_seconds": 20}


def hand_out(folder, program=None):
    """A folder for --downloads with the agent of this build."""
    downloads = folder / "downloads"
    downloads.mkdir(exist_ok=True)
    shutil.copy(program or BUILD / "bourse-agent", downloads / f"bourse-agent-{platform.machine()}")
    return {"downloads": downloads, "packaging": ROOT / "packaging"}


@pytest.fixture(scope="module")
def folder():
    with Folder("join") as path:
        yield path


@pytest.fixture(scope="module")
def market(folder):
    with Market(folder, **hand_out(folder), **BRISK) as market:
        yield market


@pytest.fixture(scope="module")
def owner(market):
    return market.account("owner", "10")


@pytest.fixture(scope="module")
def engine(folder):
    with contextlib.ExitStack() as stack:
        try:
            yield stack.enter_context(Engine(folder / "engine"))
        except EngineMissing as why:
            pytest.skip(f"no container engine can be started here: {why}")


def token_of(owner):
    with owner.client() as client:
        return client.post("/v1/join-tokens", {}).ok()["token"]
