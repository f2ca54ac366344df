# SPDX-License-Identifier: Apache-2.0
"""One program, started in the background, which is ended by its pid."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import random

# Found by sanitizers and assertions; a program that says so has failed, whatever it answered.
ALARMS = ("ERROR: AddressSanitizer", "runtime error:", "WARNING: ThreadSanitizer", "Assertion `",
          "ERROR: LeakSanitizer", "*** stack smashing", "*** buffer overflow")


class Process:
    """Start it from the main thread: a program dies with the thread that started it."""

    def __init__(self, args, log, env=None):
        self.log = pathlib.Path(log)
        with open(self.log, "ab") as out:
            self.popen = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *map(str, args)],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, env={**os.environ, **(env or {})},
            )
        self.pid = self.popen.pid

    def runs(self):
        return self.popen.poll() is None

    def signal(self, number):
        if self.runs():
            os.kill(self.pid, number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.popen.wait()

    def pause(self):
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)

    def stop(self, seconds=30):
        """Ask it to end; its exit code. One that does not end is killed, which is a failure."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return -signal.SIGKILL

    def tail(self, lines=40):
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def alarms(self):
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return [line for line in text.splitlines() if any(alarm in line for alarm in ALARMS)]


def mounts_below(folder):
    """Where something is mounted in a folder, as the disks of leases are."""
    lines = pathlib.Path("/proc/self/mounts").read_text().splitlines()
    return [at for at in (line.split()[1] for line in lines) if at.startswith(f"{folder}/")]


class Folder:
    """A folder for what a test makes, which other users may pass through (a database may run as one)."""

    def __init__(self, name):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix=f"bourse-{name}-"))
        self.path.chmod(0o711)

    def __enter__(self):
        return self.path

    def __exit__(self, *failure):
        if failure[0] and os.environ.get("BOURSE_KEEP"):
            print(f"kept: {self.path}")
        else:
            for at in mounts_below(self.path):  # an agent that was killed leaves its leases' disks to the next one
                subprocess.run(["umount", "--lazy", at], check=False)
            shutil.rmtree(self.path, ignore_errors=True)


_given = set()


def free_port():
    """A port that nobody listens on, below those that the kernel gives to outgoing connections: with one of
    these a client that tries a dead server again and again can end up talking to itself."""
    while True:
        port = random.SystemRandom().randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in _given:
            _given.add(port)
            return port


def wait_for(what, look, seconds=30, pause=0.02):
    """The first true answer of look(); fails when none comes in time."""
    end = time.monotonic() + seconds
    while True:
        answer = look()
        if answer:
            return answer
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(pause)
