# SPDX-License-Identifier: Apache-2.0
"""An export of the auditor as a thing to forge: rows by table and column, and everything that a liar would
put right again: sums of the file, leaves of the log."""

import copy
import datetime
import hashlib
import json

from tests.outside.protocol import canonical

PER_COMMAND = 4096


def stamp(micros):
    at = datetime.datetime.fromtimestamp(micros // 1_000_000, datetime.timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{micros // 1000 % 1000:03}Z"


class Row:
    def __init__(self, export, cells):
        self.export, self.cells = export, cells

    @property
    def table(self):
        return self.cells[0]

    def _at(self, column):
        return 1 + self.export.columns[self.table].index(column)

    def __getitem__(self, column):
        return self.cells[self._at(column)]

    def __setitem__(self, column, value):
        self.cells[self._at(column)] = value

    def add(self, column, more=1):
        self[column] += more
        return self


class Export:
    def __init__(self, text, log_key):
        self.log_key = log_key
        lines = [json.loads(line) for line in text.splitlines()]
        self.header, self.columns = lines[0], lines[0][2]
        self.rows = [Row(self, cells) for cells in lines[1:-1]]
        self.root, self.receipts = None, None

    def copy(self):
        twin = copy.copy(self)
        twin.rows = [Row(twin, copy.deepcopy(row.cells)) for row in self.rows]
        return twin

    def all(self, table, fits=lambda row: True):
        return [row for row in self.rows if row.table == table and fits(row)]

    def one(self, table, fits=lambda row: True, nth=0):
        found = self.all(table, fits)
        assert len(found) > nth, f"the story has no such {table}"
        return found[nth]

    def command(self, kind, nth=0, fits=lambda row: True):
        return self.one("commands", lambda r: f'"kind":"{kind}"' in r["payload"] and fits(r), nth)

    def of(self, seq):
        return self.one("commands", lambda r: r["seq"] == seq)

    def drop(self, row):
        self.rows.remove(row)

    def put_behind(self, row, table, **cells):
        made = Row(self, [table] + [cells[c] for c in self.columns[table]])
        self.rows.insert(self.rows.index(row) + 1, made)
        return made

    # ---- what a liar puts right -----------------------------------------------------------------

    def say(self, row, **members):
        """Change what a command says, and its leaf with it."""
        said = json.loads(row["payload"])
        for name, value in members.items():
            if value is None:
                del said[name]
            else:
                said[name] = value
        row["payload"] = canonical(said)
        return self.leave(row)

    def leave(self, row):
        """The leaf that fits the command."""
        salt = hashlib.sha256(self.log_key + row["seq"].to_bytes(8, "big")).digest()
        commit = hashlib.sha256(salt + row["payload"].encode()).hexdigest()
        entry = canonical({"at": stamp(row["at"]), "commit": commit, "seq": row["seq"], "type": "command",
                           "kind": json.loads(row["payload"])["kind"], "version": 1})
        row["leaf"] = hashlib.sha256(b"\0" + entry.encode()).hexdigest()
        return row

    def text(self):
        lines = [json.dumps(cells, separators=(",", ":"), ensure_ascii=False)
                 for cells in [self.header] + [row.cells for row in self.rows]]
        body = "".join(line + "\n" for line in lines)
        return body + json.dumps(["end", len(self.rows), hashlib.sha256(body.encode()).hexdigest()]) + "\n"
