# SPDX-License-Identifier: Apache-2.0
"""A hostile container on each engine and isolation class that runs here, through the agent's own driver.

`bourse-agent selftest` makes the containers exactly as a lease's are made and tells what the probes inside
got; what they must not have changed is looked at from outside. With BOURSE_CONTAINMENT=FILE the table of
docs/containment.md is written anew; without it the table is checked for naming just these probes."""

import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time

import pytest

from tests.hostile import engines
from tests.hostile.archives import tricks

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOC = ROOT / "docs" / "containment.md"
MEBIBYTE = 1 << 20
LOG_MOST = 64 * MEBIBYTE  # LOG_SIZE of agent/docker/body.c
DISK_MOST = 16 * MEBIBYTE + 16 * MEBIBYTE // 32 + 2 * MEBIBYTE  # disk_size() of the self-test's scratch
HEAVY = ("disk-fill", "inode-bomb", "deep-folders", "log-flood")
SEEN = {}  # configuration -> rows, for the table

LISTENER = """
import socket, sys
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("0.0.0.0", 0)); s.listen(16)
print(s.getsockname()[1], flush=True)
while True:
    c, a = s.accept(); print("heard", a, flush=True); c.close()
"""


class Listener:
    """A server on the engine's machine: what hears something has been reached."""

    def __init__(self, engine):
        self.process = subprocess.Popen(engine.inside(sys.executable, "-c", LISTENER), stdout=subprocess.PIPE, text=True,
                                        env={"PATH": engines.PATH})
        self.port = int(self.process.stdout.readline())

    def heard(self):
        self.process.kill()
        return self.process.communicate()[0].strip()


class Sampler(threading.Thread):
    """How large files below a folder became at most."""

    def __init__(self, folder, patterns):
        super().__init__(daemon=True)
        self.folder, self.patterns, self.most, self.over = folder, patterns, {p: 0 for p in patterns}, threading.Event()

    def run(self):
        while not self.over.wait(0.1):
            for pattern in self.patterns:
                try:
                    size = sum(f.stat().st_blocks * 512 for f in self.folder.glob(pattern))
                except OSError:
                    continue
                self.most[pattern] = max(self.most[pattern], size)

    def end(self):
        self.over.set()
        self.join()
        return self.most


def probes_left():
    """Processes of this machine that still run the probe."""
    left = []
    for exe in pathlib.Path("/proc").glob("[0-9]*/exe"):
        try:
            if os.readlink(exe) in ("/bin/probe", "/bin/suid"):
                left.append(exe.parent.name)
        except OSError:
            pass
    return left


@pytest.fixture(scope="module", params=engines.CONFIGS)
def engine(request):
    why = engines.missing(request.param)
    if why:
        pytest.skip(f"{request.param}: {why}")
    with engines.running(request.param) as one:
        yield one


@pytest.fixture()
def state():
    with tempfile.TemporaryDirectory(prefix="bourse-state-", dir="/tmp") as folder:
        yield pathlib.Path(folder)


def escaped(rows):
    return {name: row for name, row in rows.items() if row[0] != "contained"}


def test_every_probe_is_contained(engine, state):
    canary = state / "canary"
    canary.write_text("of the host")
    listener = Listener(engine)
    with socket.socket() as probe:  # the listener does hear, if it is reached
        assert probe.connect_ex(("127.0.0.1", 9)) != 0
    reached = subprocess.run(engine.inside(sys.executable, "-c",
                                           f"import socket; socket.create_connection(('{engines.HOST_ADDRESS}', {listener.port}))"),
                             env={"PATH": engines.PATH}, check=False)
    assert reached.returncode == 0
    code, rows, facts = engines.agent(engine, state, "--canary", str(canary), "--peer", engines.HOST_ADDRESS, "--port",
                                      str(listener.port))
    SEEN[engine.config] = dict(rows)
    assert escaped(rows) == {}
    assert len(rows) >= 90
    assert code == 0 and facts["isolation"] == engine.config.split()[1], facts
    assert facts["disk"] == "of its own"
    assert canary.read_text() == "of the host"
    assert listener.heard().count("heard") == 1  # ours
    assert probes_left() == []
    assert not (state / "selftest").exists()


@pytest.mark.parametrize("probe", HEAVY)
def test_what_fills_is_bounded(engine, state, probe):
    inside, outside = Sampler(state, ["selftest/*.disk"]), Sampler(engine.folder, [engine.logs])
    inside.start()
    outside.start()
    code, rows, _ = engines.agent(engine, state, "--probes", probe)
    disk, log = inside.end()["selftest/*.disk"], outside.end()[engine.logs]
    verdict, what, detail = rows[probe]
    if probe == "log-flood":
        detail += f"; the engine kept at most {log // MEBIBYTE} MiB"
    SEEN.setdefault(engine.config, {})[probe] = (verdict, what, detail)
    assert escaped(rows) == {}
    assert code == 0 or probe == "log-flood"  # which pushes what was said of the class out of the log
    assert 0 < disk <= DISK_MOST + 65536
    files = 2 if engine.config.startswith("docker") else 1  # Docker begins a new one before the old one is gone
    assert log <= files * LOG_MOST + 4 * MEBIBYTE
    assert not (state / "selftest").exists()


@pytest.mark.parametrize("trick", sorted(tricks))
def test_an_image_archive_changes_nothing_outside(engine, state, trick):
    if engine.config.split()[1] == "gvisor":
        pytest.skip("archives are the engine's work, whatever the runtime")
    victim = state / "victim"
    victim.write_text("of the host")
    status, text = engine.call("POST", "/v1.41/images/load", tricks[trick](victim), "application/x-tar")
    SEEN.setdefault(engine.config, {})["archive-" + trick] = (
        "contained", tricks[trick].__doc__, "refused" if status != 200 or b"error" in text.lower() else "unpacked within the image")
    assert victim.read_text() == "of the host" and victim.stat().st_mode & 0o7777 == 0o644
    assert sorted(p.name for p in state.iterdir()) == ["victim"]
    assert not pathlib.Path("/bourse-planted").exists()


def test_a_program_without_walls_is_found_out(state):
    """The probes can say ESCAPED: run as root, with no container but for mounts and network of its own."""
    probe = pathlib.Path(os.environ["BOURSE_BUILD"]) / "probe"
    done = subprocess.run(["unshare", "-m", "-n", "--propagation", "private", str(probe), "uid", "capabilities", "seccomp",
                           "no-new-privileges", "mount-tmpfs", "unshare-user", "host-files", "processes", "nice"],
                          capture_output=True, text=True, check=True, env={"PATH": engines.PATH}, cwd=state)
    verdicts = [line.split("\t")[1] for line in done.stdout.splitlines() if line.count("\t") == 3]
    assert verdicts.count("ESCAPED") >= 7, done.stdout


def table():
    """The doc's table: a row a probe, a column an engine and class."""
    names = {}
    for rows in SEEN.values():
        for name, (_, what, _) in rows.items():
            names.setdefault(name, what)
    lines = ["| probe | what is tried | " + " | ".join(SEEN) + " |", "| --- | --- |" + " --- |" * len(SEEN)]
    for name, what in names.items():
        cells = [SEEN[c][name] if name in SEEN[c] else ("", "", "–") for c in SEEN]
        texts = [f"{v} ({d})" if v and v != "contained" else d for v, _, d in cells]
        lines.append(f"| `{name}` | {what} | " + " | ".join(t.replace("|", "/") for t in texts) + " |")
    return lines


def test_the_table_of_the_docs_names_these_probes():
    if not SEEN:
        pytest.skip("nothing ran here")
    begin, end = "<!-- table begins -->", "<!-- table ends -->"
    text = DOC.read_text()
    head, _, rest = text.partition(begin)
    old, _, tail = rest.partition(end)
    if os.environ.get("BOURSE_CONTAINMENT"):
        pathlib.Path(os.environ["BOURSE_CONTAINMENT"]).write_text(head + begin + "\n\n" + "\n".join(table()) + "\n\n" + end + tail)
        return
    told = {line.split("`")[1] for line in old.splitlines() if line.startswith("| `")}
    assert told == {name for rows in SEEN.values() for name in rows}
    assert "ESCAPED" not in old
