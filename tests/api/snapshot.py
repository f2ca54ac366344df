# SPDX-License-Identifier: Apache-2.0
"""Everything that a market keeps, in few words: to see that a refused request changed nothing."""

import functools

from tests.outside import pg

# When something was used or heard of last: that is written for refused requests, too.
NOTED = {("api_keys", "last_used_at"), ("node_agents", "last_seen_at")}
# Written by the clock, whoever asks what.
TIMED = {"index_points", "candle_hours", "log_entries", "log_tiles", "log_checkpoints", "log_settlements"}


@functools.lru_cache
def _question(db):
    """One statement: for each table its name, its number of rows and a digest of them."""
    columns = pg.rows(db, "SELECT table_name, column_name FROM information_schema.columns JOIN"
                          " information_schema.tables USING (table_schema, table_name)"
                          " WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1, ordinal_position")
    tables = {}
    for row in columns:
        if row["table_name"] not in TIMED and (row["table_name"], row["column_name"]) not in NOTED:
            tables.setdefault(row["table_name"], []).append(row["column_name"])
    return " UNION ALL ".join(
        f"SELECT '{table}' AS name, count(*) AS rows, md5(coalesce(string_agg(x::text, '|' ORDER BY x::text), ''))"
        f" AS digest FROM (SELECT {', '.join(names)} FROM {table}) x" for table, names in tables.items())


def take(market):
    """Tables and files of a market as they are now."""
    kept = {row["name"]: (row["rows"], row["digest"]) for row in pg.rows(market.db, _question(market.db))}
    folder = market.folder / "server"
    for file in folder.rglob("*"):
        if file.is_file():
            kept[str(file.relative_to(folder))] = file.stat().st_size
    return kept
