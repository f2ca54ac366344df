# SPDX-License-Identifier: Apache-2.0
"""A market with real machines: agents that sell, engines that run, and a buyer with an image."""

import contextlib
import time
import uuid

from .agent import Agent, engines, make_image
from .client import Unanswered
from .market import Market, number_of, usd
from .process import Folder, wait_for

FINAL = ("settled", "failed", "cancelled", "expired")
LEASE_STATES = ("offered", "preparing", "running", "stopping", "finished", "lost", "preempted", "disputed",
                "settled", "void")


class Scene:
    def __init__(self, folder, market, machines):
        self.folder, self.market, self.engines = folder, market, machines
        self.agents = []
        self.buyer = market.account("buyer", "1000.00")
        self.archive = make_image(folder)
        self.image = market.upload(self.buyer, self.archive)
        self.client = self.buyer.client()

    def body(self, command, **more):
        """A job whose container runs the probe's verbs."""
        return {
            "image": self.image, "command": [str(word) for word in command], "pool": "cpu", "units": 1,
            "budget": usd("1.00"), "limit_price_per_unit_hour": usd("0.200000"), "max_attempts": 10,
            "max_duration_seconds": 3600, **more,
        }

    def patiently(self, method, path, body=None, key=None, seconds=60, **headers):
        """A request that is repeated until it is answered, as a careful buyer does."""
        if key:
            headers["Idempotency-Key"] = key
        end = time.monotonic() + seconds
        while True:
            with contextlib.suppress(Unanswered):
                answer = self.client.call(method, path, body, headers)
                if answer.status < 500:
                    return answer
            assert time.monotonic() < end, f"{method} {path}: no answer within {seconds} s"
            time.sleep(0.05)

    def submit(self, *command, **more):
        """The id of a new job."""
        answer = self.patiently("POST", "/v1/jobs", self.body(command, **more), str(uuid.uuid4()))
        return answer.ok()["job"]["job_id"]

    def cancel(self, job):
        return self.patiently("POST", f"/v1/jobs/{job}/cancel").ok()

    def job(self, job):
        return self.patiently("GET", f"/v1/jobs/{job}").ok()

    def await_job(self, job, *states, seconds=90):
        """The job, once it is in one of these states (or in any that is final, which then fails)."""
        end, tag = time.monotonic() + seconds, None
        while True:
            headers = {"Prefer": "wait=2", "If-None-Match": tag} if tag else {}
            answer = self.patiently("GET", f"/v1/jobs/{job}", **headers)
            if answer.status == 200:
                told, tag = answer.ok(), answer.headers["ETag"]
                if told["state"] in states:
                    return told
                assert told["state"] not in FINAL, told
            assert time.monotonic() < end, f"{job}: not {states} within {seconds} s but {told}"

    def leases(self, job):
        """The rows of a job's leases, the latest last."""
        found = self.market.rows(f"SELECT * FROM leases WHERE bid = {number_of(job)} ORDER BY lease")
        for lease in found:
            lease["state"] = LEASE_STATES[lease["state"]]
        return found

    def agent_of(self, lease):
        return next(a for a in self.agents if a.number == lease["node"])

    def nothing_is_left(self, seconds=60):
        """No container, no scratch, no promise on any machine; every job is over."""
        for engine in self.engines:
            wait_for("no container on any engine", lambda e=engine: not e.containers(), seconds)
        for agent in self.agents:
            wait_for(f"an empty journal of {agent.name}: {agent.left_behind()}",
                     lambda a=agent: not a.left_behind(), seconds)
        assert self.market.value("SELECT count(*) FROM leases WHERE state NOT IN (8, 9)") == 0


@contextlib.contextmanager
def scene(name, offers, db=None, one_engine=False, **options):
    """`offers` are (price, units) of one machine each, then more of its configuration if there is any; an engine each, or one for all. Options are the market's."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(Folder(name))
        machines = engines(stack, folder, 1) * len(offers) if one_engine else engines(stack, folder, len(offers))
        market = stack.enter_context(Market(folder, db, **options))
        world = Scene(folder, market, machines)
        for i, (price, units, *conf) in enumerate(offers):
            provider = market.account(f"provider {i}")
            agent = Agent(market, provider, folder / f"agent-{i}", machines[i], price, units, f"machine {i}",
                          **{key: value for more in conf for key, value in more.items()})
            world.agents.append(stack.enter_context(agent))
        for agent in world.agents:
            agent.await_ask()
        yield world
