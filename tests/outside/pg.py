# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL for tests: questions to one, and one of one's own that can be killed.

psql asks, so that no driver is needed.
"""

import contextlib
import functools
import glob
import json
import os
import pathlib
import signal
import subprocess

from . import ROOT
from .process import wait_for


@functools.cache
def psql():
    """The program itself: Debian's wrapper in the path takes longer than the question."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/psql"), key=lambda path: int(path.split("/")[4]))
    return found[-1] if found else "psql"


def run(conninfo, sql):
    """Run SQL; its output as text. Fails with what the database says."""
    asked = subprocess.run(
        [psql(), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", conninfo, "-f", "-"],
        input=sql, capture_output=True, text=True, check=False,
    )
    assert asked.returncode == 0, f"{asked.stderr}\n{sql}"
    return asked.stdout


def rows(conninfo, query):
    """The rows of a query, each a dict."""
    return json.loads(run(conninfo, f"SELECT coalesce(json_agg(r), '[]') FROM ({query}) r;"))


def value(conninfo, query):
    return json.loads(run(conninfo, f"SELECT to_json(({query}));").strip() or "null")  # NULL is an empty line


def with_database(conninfo, name):
    """The same server, another database."""
    return " ".join(w for w in conninfo.split() if not w.startswith("dbname=")) + f" dbname={name}"


class PrivatePostgres:
    """A cluster below a folder. Its address stays the same when it is killed and started again."""

    def __init__(self, folder, env=None):
        self.folder = pathlib.Path(folder)
        self.env = env or {}
        self.folder.mkdir(exist_ok=True)
        self.folder.chmod(0o711)
        self.link = self.folder / "s"
        self.conninfo = f"host={self.link} user=postgres dbname=postgres"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_failure):
        subprocess.run([ROOT / "tools/pg.sh", "stop", self.folder], check=False)

    def start(self):
        """pg.sh makes a new socket each time, so a link leads to the present one."""
        told = subprocess.run([ROOT / "tools/pg.sh", "start", self.folder], check=True,
                              stdout=subprocess.PIPE, text=True, env={**os.environ, **self.env}).stdout
        target = next(w[5:] for w in told.split() if w.startswith("host="))
        fresh = self.folder / "s.new"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(target)
        fresh.rename(self.link)

    def data(self):
        return pathlib.Path((self.folder / "where").read_text().strip())

    def postmaster(self):
        return int((self.data() / "postmaster.pid").read_text().split()[0])

    def kill(self, whole=True):
        """The postmaster alone, whose children may still finish what they are at; or all of it at once."""
        pids = [self.postmaster()]
        if whole:
            _signal(pids, signal.SIGSTOP)  # so that nobody is born meanwhile
            pids += _children(pids[0])
            _signal(pids, signal.SIGSTOP)
        _signal(pids, signal.SIGKILL)
        wait_for("the end of PostgreSQL", lambda: not any(_is_alive(pid) for pid in pids))


def _signal(pids, number):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _stat(pid):
    """Its state and its parent; Z, 0 when it is gone."""
    try:
        state, parent = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[:2]
    except OSError:
        return "Z", 0
    return state, int(parent)


def _is_alive(pid):
    return _stat(pid)[0] != "Z"


def _children(parent):
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [pid for pid in pids if _stat(pid)[1] == parent]
