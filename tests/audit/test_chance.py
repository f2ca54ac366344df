# SPDX-License-Identifier: Apache-2.0
"""Markets by chance, made by the server's rules and stored by its statements: the auditor finds nothing in them."""

import json
import os
import subprocess
import uuid

import pytest

from tests.outside import BUILD, pg

POSTINGS = int(os.environ.get("BOURSE_AUDIT_POSTINGS", "4000"))  # of each market


def audit(*args):
    told = subprocess.run([BUILD / "bourse-audit", *map(str, args)], capture_output=True, text=True, check=False)
    assert told.returncode == 0, f"{told.returncode}: {told.stdout}{told.stderr}"
    return json.loads(told.stdout)


@pytest.mark.parametrize("seed", range(1, int(os.environ.get("BOURSE_AUDIT_SEEDS", "6")) + 1))
def test_nothing_is_found_where_nothing_is_wrong(seed, tmp_path):
    base, name = os.environ["BOURSE_TEST_DB"], f"chance_{uuid.uuid4().hex[:12]}"
    pg.run(base, f"CREATE DATABASE {name}")
    try:
        db = pg.with_database(base, name)
        made = json.loads(subprocess.run([BUILD / "tests/make_market", db, str(seed), str(POSTINGS)],
                                         capture_output=True, text=True, check=True).stdout)
        (tmp_path / "log.key").write_bytes(bytes([7] * 32))
        stored = audit("check", "--db", db, "--log-key", tmp_path / "log.key")
        with (tmp_path / "export").open("w") as out:
            subprocess.run([BUILD / "bourse-audit", "export", "--db", db], stdout=out, check=True)
        told = audit("check", "--log-key", tmp_path / "log.key", tmp_path / "export")
        assert told["leaf_root"] == stored["leaf_root"] and told["rows"] == stored["rows"]
        assert told["commands"] == made["commands"] and told["postings"] == made["postings"] >= POSTINGS
        assert told["receipts"] == made["receipts"]
        print(told)
    finally:
        pg.run(base, f"DROP DATABASE {name}")
