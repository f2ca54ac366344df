# SPDX-License-Identifier: Apache-2.0
"""What tests need to use the programs from outside: a market of one's own, agents, engines, a database
that may be killed, and the accounts checked afterwards.

Everything that is started here is ended by its own pid when the test ends, however it ends: what starts
something is a context manager, and each program also dies with the test that started it.
"""

import os
import pathlib
import random
import signal
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BOURSE_BUILD", ROOT / "build"))


def seed():
    """The seed of this run, printed so that it can be repeated with BOURSE_SEED."""
    value = int(os.environ.get("BOURSE_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"\nBOURSE_SEED={value}", flush=True)
    return value


def rounds(usual):
    """How often to do it: `usual`, or what BOURSE_ROUNDS says, for a long night."""
    return int(os.environ.get("BOURSE_ROUNDS", usual))


def _end(_number, _frame):
    raise KeyboardInterrupt("told to end")


# A runner that loses patience says so with SIGTERM: then end as by Ctrl-C, tearing down what was started.
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGTERM, _end)
