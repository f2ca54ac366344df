# SPDX-License-Identifier: Apache-2.0
"""The auditor on a real market: it finds nothing where nothing is wrong, and each lie under its name."""

import json
import subprocess
import uuid

import pytest

from tests.audit.forge import Export
from tests.audit.lies import ADMIT, LIES, RECEIPTS
from tests.audit.story import story
from tests.outside import BUILD, ROOT, pg

AUDIT = BUILD / "bourse-audit"


def audit(*args, code=0):
    told = subprocess.run([AUDIT, *map(str, args)], capture_output=True, text=True, check=False)
    assert told.returncode == code, f"{told.returncode}: {told.stdout}{told.stderr}"
    return json.loads(told.stdout) if told.stdout else told.stderr


@pytest.fixture(scope="module")
def tale():
    with story() as it:
        yield it


@pytest.fixture(scope="module")
def export(tale, tmp_path_factory):
    folder = tmp_path_factory.mktemp("audit")
    told = subprocess.run([AUDIT, "export", "--db", tale.market.db], capture_output=True, text=True, check=True)
    (folder / "export").write_text(told.stdout)
    it = Export(told.stdout, tale.log_key.read_bytes())
    it.folder, it.receipts = folder, tale.receipts
    it.root = audit("check", folder / "export")["leaf_root"]
    return it


def check(tale, export, code):
    """Audit a forged export with all that an auditor may know: the log's key, a root seen before, receipts."""
    name = export.folder / uuid.uuid4().hex
    name.write_text(export.text())
    receipts = export.folder / "receipts"
    receipts.write_text("".join(line + "\n" for line in export.receipts))
    told = audit("check", "--log-key", tale.log_key, "--receipts", receipts, "--root", export.root,
                 "--size", export.size, name, code=code)
    name.unlink()
    return told


def place(row):
    """The command behind which a row stands; None: behind all."""
    if row == ADMIT or row.table in ("balances", "standings", "nodes", "pool_states", "market_identity", "pools"):
        return None
    if row.table == "trades":
        return row["trade"] // 4096
    if row.table == "accounts":
        return row["account"]
    return row["version"] if row.table in ("asks", "bids", "leases", "payouts") else row["seq"]


def test_a_market_that_keeps_its_rules(tale, export):
    export.size = len(export.all("commands"))
    told = check(tale, export, 0)
    assert told["commands"] == export.size and told["receipts"] == 12 and told["settled"] > 10
    assert told["postings"] == sum(len(r["amounts"]) for r in export.all("commands"))
    stored = audit("check", "--db", tale.market.db, "--log-key", tale.log_key)
    assert [stored[k] for k in ("commands", "postings", "rows", "leaf_root")] == [
        told[k] for k in ("commands", "postings", "rows", "leaf_root")]
    assert audit("check", "--market", "mkt_other", "--db", tale.market.db, code=1)["finding"]["code"] == "identity"


def lied(tale, export, code, tell):
    export.size = len(export.all("commands"))
    forged = export.copy()
    row = tell(forged)
    seq = place(row)
    found = check(tale, forged, 1)["finding"]
    assert found["code"] == code, found
    gone = row != ADMIT and row not in forged.rows
    if seq is not None and not gone and code != "version":
        assert found["seq"] == seq, found


@pytest.mark.parametrize(("code", "what", "tell"), LIES, ids=[what for _, what, _ in LIES])
def test_a_lie_is_found(tale, export, code, what, tell):
    lied(tale, export, code, tell)


@pytest.mark.parametrize(("code", "what", "tell"), RECEIPTS, ids=[what for _, what, _ in RECEIPTS])
def test_a_lie_about_a_receipt_is_found(tale, export, code, what, tell):
    lied(tale, export, code, lambda forged: tell(forged, tale))


# ---- in the database -----------------------------------------------------------------------------

STORED = [
    ("posting-fee", "UPDATE commands SET amounts[1] = amounts[1] + 1, amounts[3] = amounts[3] - 1 "
     "WHERE seq = (SELECT min(seq) FROM commands WHERE kind = 14 AND accounts[1] = 8 AND cardinality(accounts) >= 3)"),
    ("sequence", "DELETE FROM commands WHERE kind = 9"),
    ("lease-charge", "UPDATE leases SET charge = charge + 1 WHERE lease = (SELECT min(lease) FROM leases WHERE charge > 0)"),
    ("trade-price", "UPDATE trades SET price = price + 1000 WHERE trade = (SELECT min(trade) FROM trades)"),
    ("balance-available", "UPDATE balances SET available = available + 1 WHERE account = 2"),
    ("bid-state", "UPDATE bids SET job = 5 WHERE bid = (SELECT min(bid) FROM bids WHERE job = 6)"),
    ("lease-time", "UPDATE leases SET ended = ended + interval '1 s' WHERE lease = (SELECT min(lease) FROM leases WHERE state = 8)"),
    ("posting-missing", "UPDATE commands SET accounts = NULL, amounts = NULL WHERE seq = (SELECT min(seq) FROM commands WHERE kind = 7)"),
]
UNGUARDED = """SET session_replication_role = replica;
DO $$ DECLARE c record; BEGIN
  FOR c IN SELECT conrelid::regclass AS t, conname FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace
  LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.t, c.conname); END LOOP; END $$;
"""


@pytest.mark.parametrize(("code", "sql"), STORED, ids=[code for code, _ in STORED])
def test_a_lie_in_the_database_is_found(tale, code, sql):
    twin = f"audit_{uuid.uuid4().hex[:12]}"
    pg.run(tale.market.base, f"CREATE DATABASE {twin} TEMPLATE {tale.market.database}")
    try:
        db = pg.with_database(tale.market.base, twin)
        assert pg.run(db, UNGUARDED + f"WITH done AS ({sql} RETURNING 1) SELECT count(*) FROM done").strip() != "0"
        assert audit("check", "--db", db, code=1)["finding"]["code"] == code
    finally:
        pg.run(tale.market.base, f"DROP DATABASE {twin}")


# ---- what cannot be read -------------------------------------------------------------------------


def test_what_cannot_be_read(export, tmp_path):
    text = export.text()
    for name, content in {
        "cut": text[:-2], "no end": "".join(text.splitlines(keepends=True)[:-1]), "empty": "", "no header": "{}\n",
        "another sum": text[:-4] + ("1" if text[-4] == "0" else "0") + text[-3:], "more": text + "x\n", "another version": text.replace(",1,", ",2,", 1),
        "a type": text.replace('["trades",', '["trades",true,', 1),
    }.items():
        (tmp_path / "file").write_text(content)
        assert audit("check", tmp_path / "file", code=2), name
    assert "no connection" in audit("check", "--db", "host=/nowhere", code=2)
    assert audit("check", "/nowhere", code=2)
    assert audit("check", code=2)


def test_every_lie_is_another(export):
    """At least fifty kinds, and none that the auditor does not list."""
    listed = subprocess.run([AUDIT, "kinds"], capture_output=True, text=True, check=True).stdout
    codes = {code for code, *_ in LIES + RECEIPTS}
    assert len(codes) >= 50 and len(LIES) + len(RECEIPTS) >= 100
    assert all(f"| `{code}` |" in listed for code in codes)
    page = (ROOT / "docs/audit.md").read_text()
    assert [line for line in listed.splitlines() if line not in page] == []
