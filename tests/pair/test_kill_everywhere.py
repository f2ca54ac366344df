# SPDX-License-Identifier: Apache-2.0
"""Agent, server and database are killed in every state that a lease has, with real containers. Each job
ends as it would have without, once; the accounts balance; nothing is left on the machines."""

import collections
import random
import time

from tests.outside import ledger, rounds, seed
from tests.outside.market import number_of
from tests.outside.pg import PrivatePostgres
from tests.outside.process import Folder, wait_for
from tests.outside.scene import scene

TARGETS = ("agent", "server", "postgres", "all")
STATES = ("offered", "preparing", "running", "stopping", "finished")
TIMES = rounds(2)  # each pair of these
TRIES = 6  # for a state that was over when the kill came
FINISHING = ("exited", "signed")  # of the agent's journal: the container has ended, the market does not know
OUTPUTS = [word for i in range(8) for word in ("fill", f"/out/{i}", "2000000")]


class Round:
    """One job, one kill."""

    def __init__(self, world, pg, rng, target, state):
        self.world, self.pg, self.rng, self.target, self.state = world, pg, rng, target, state
        self.hit = False

    def look(self):
        """The state of our lease as the market knows it, and as the machine does."""
        lease = self.world.leases(self.job)[-1]
        agent = self.world.agent_of(lease)
        steps = {number_of(name): step for name, step in agent.journal().items()}
        if lease["state"] in ("running", "stopping") and steps.get(lease["lease"]) in FINISHING:
            return "finished"
        return lease["state"]

    def begin(self):
        """A job that comes to the wished state, and stays there long enough to be met."""
        if self.state == "offered":
            for agent in self.world.agents:
                agent.process.pause()
        self.bystander = self.world.submit("sleep", self.rng.randrange(2000))
        run = {"stopping": ["sleep", 60000], "finished": ["sleep", 300, *OUTPUTS]}.get(self.state, ["sleep", 1500])
        self.job = self.world.submit("say", "hello", *run)
        self.agent = self.world.agent_of(self.world.leases(self.job)[-1])
        if self.state == "stopping":
            self.world.await_job(self.job, "running")
            self.world.cancel(self.job)

    def await_state(self):
        """As soon as it is there, or has passed by."""
        def there():
            seen = self.look()
            return seen == self.state or STATES.index(seen) > STATES.index(self.state) if seen in STATES else True
        wait_for(f"{self.job} {self.state}", there, 30, pause=0.001)
        if self.state in ("running", "stopping"):
            time.sleep(self.rng.uniform(0, 0.7))

    def is_killed(self, what):
        return self.target in (what, "all")

    def kill(self):
        """Without a database nothing can be looked up: then the state is the one just before."""
        before = self.look() if self.is_killed("postgres") else None
        if self.is_killed("server"):
            self.world.market.kill()
        if self.is_killed("postgres"):
            self.pg.kill()
        if self.is_killed("agent"):
            self.agent.kill()
        self.hit = (before or self.look()) == self.state

    def restart(self):
        """In any order, but that a server does not begin without its database."""
        for agent in self.world.agents:
            agent.process.resume()
        starts = [("agent", self.agent.start), ("server", self.world.market.launch)]
        self.rng.shuffle(starts)
        for what, start in [("postgres", self.pg.start), *starts]:
            if self.is_killed(what):
                time.sleep(self.rng.uniform(0, 0.4))
                start()
        self.world.market.await_ready()

    def run(self):
        self.begin()
        self.await_state()
        self.kill()
        self.restart()
        self.world.await_job(self.job, "cancelled" if self.state == "stopping" else "settled", seconds=120)
        self.world.await_job(self.bystander, "settled", seconds=120)
        ledger.check(self.world.market)
        return self.hit



def test_each_job_ends_once_whatever_is_killed_whenever():
    number = seed()
    rng = random.Random(number)
    hits, kills = collections.Counter(), collections.Counter()
    plan = [(target, state) for target in TARGETS for state in STATES] * TIMES
    rng.shuffle(plan)
    began = time.monotonic()
    with Folder("chaospg") as pg_folder, PrivatePostgres(pg_folder / "pg") as pg, scene(
        "chaos", [("0.050", 2), ("0.060", 2)], pg.conninfo, lease_seconds=15, heartbeat_seconds=1,
        offer_seconds=30, prepare_seconds=60, stop_seconds=60,
    ) as world:
        for target, state in plan:
            for _ in range(TRIES):
                kills[target] += 1
                if Round(world, pg, rng, target, state).run():
                    hits[target, state] += 1
                    break
                print(f"  missed: {target} {state}")
        world.nothing_is_left()
        ledger.check(world.market)
        leases = world.market.value("SELECT count(*) FROM leases")
        totals = ledger.totals(world.market)
    for state in STATES:
        print(f"  {state:10}", *(f"{target} {hits[target, state]}" for target in TARGETS))
    print(f"seed={number} kills={dict(kills)} leases={leases} {totals} seconds={time.monotonic() - began:.0f}")
    for state in STATES:
        for target in TARGETS:
            assert hits[target, state], f"no lease was {state} when the {target} was killed"
