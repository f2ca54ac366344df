# SPDX-License-Identifier: Apache-2.0
import os
import pathlib
import subprocess

import pytest

from tests.cli.market import Market

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("BOURSE_BUILD", ROOT / "build")) / "bourse"


@pytest.fixture
def market():
    market = Market()
    yield market
    market.close()


class Shell:
    """The program with a home of its own. Its secrets never show, whatever is asked for."""

    def __init__(self, home, market):
        self.home = home
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("BOURSE_")}
        self.env.update(BOURSE_HOME=str(home), BOURSE_SERVER=market.url, BOURSE_API_KEY="brs_live_secret")

    def without_key(self):
        del self.env["BOURSE_API_KEY"]
        return self

    def __call__(self, *words, code=0, stdin=""):
        ran = subprocess.run([PROGRAM, *map(str, words)], env=self.env, input=stdin, capture_output=True, text=True,
                             timeout=60)
        assert ran.returncode == code, (ran.returncode, ran.stdout, ran.stderr)
        assert "brs_live_secret" not in ran.stdout + ran.stderr
        return ran


@pytest.fixture
def bourse(tmp_path, market):
    return Shell(tmp_path / "home", market)
