# SPDX-License-Identifier: Apache-2.0
"""Looks at all engines all the time: when did the container of each lease begin, and when was it last seen to run?"""

import contextlib
import datetime
import threading
import time

from tests.outside.agent import LABEL
from tests.outside.client import Unanswered

PAUSE = 0.25


def seconds_of(text):
    """RFC 3339 with nanoseconds."""
    head, _, rest = text.partition(".")
    fraction = rest.rstrip("Z").partition("+")[0] or "0"
    at = datetime.datetime.fromisoformat(head.rstrip("Z")).replace(tzinfo=datetime.timezone.utc)
    return at.timestamp() + float("0." + fraction)


class Watch:
    def __init__(self, engines):
        self.engines, self.began, self.last = engines, {}, {}
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self.look, args=(e,), daemon=True) for e in engines]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_failure):
        self.ending.set()
        for thread in self.threads:
            thread.join(30)

    def look_once(self, engine):
        for c in engine.call("GET", "/containers/json", timeout=10).ok():
            lease = c["Labels"].get(LABEL, "")
            if not lease.startswith("lease_") or c["State"] != "running":  # the self-test has others
                continue
            now = time.time()
            if lease not in self.began:
                state = engine.call("GET", f"/containers/{c['Id']}/json", timeout=10).ok()["State"]
                self.began[lease] = seconds_of(state["StartedAt"])
            self.last[lease] = now

    def look(self, engine):
        while not self.ending.wait(PAUSE):
            with contextlib.suppress(Unanswered, AssertionError, KeyError, ValueError, OSError):
                self.look_once(engine)

    def ran(self):
        """How long each lease's container was seen to run, by the lease's id."""
        return {lease: self.last[lease] - self.began[lease] for lease in self.began if lease in self.last}
