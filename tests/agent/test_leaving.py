# SPDX-License-Identifier: Apache-2.0
"""A machine that leaves: drained while a job runs, upgraded between jobs, purged; with a real engine."""

import datetime
import json
import subprocess
import time

from tests.outside import BUILD
from tests.outside.process import mounts_below, wait_for
from tests.outside.scene import scene

BRISK = {"lease_seconds": 6, "heartbeat_seconds": 1, "offer_seconds": 10, "prepare_seconds": 60, "notice_seconds": 4, "stop_seconds": 30}


def verb(agent, *words, timeout=90):
    return subprocess.run([BUILD / "bourse-agent", words[0], "--state", agent.folder, *words[1:]], capture_output=True,
                          text=True, check=False, timeout=timeout)


def running(world):
    job = world.submit("say", "working", "sleep", 600000)
    world.await_job(job, "running")
    return job


def test_what_runs_may_finish_and_nothing_new_comes():
    with scene("drained", [("0.050", 2)], **BRISK) as world:
        agent = world.agents[0]
        job = world.submit("say", "working", "sleep", 6000)
        world.await_job(job, "running")
        told = verb(agent, "drain", "--wait")
        assert told.returncode == 0 and "The machine is empty." in told.stdout, told
        assert world.await_job(job, "settled")["state"] == "settled"
        time.sleep(3)
        asks = f"SELECT count(*) FROM asks WHERE node = {agent.number} AND state = 1"
        assert world.market.value(asks) == 0
        assert verb(agent, "undrain").returncode == 0
        wait_for("the offer to stand again", lambda: world.market.value(asks) == 1, 90)


def test_what_runs_has_to_leave_at_once_and_the_job_goes_on_elsewhere():
    with scene("driven-out", [("0.050", 2), ("0.060", 2)], **BRISK) as world:
        cheap, dear = world.agents
        job = running(world)
        first = world.leases(job)[-1]
        assert world.agent_of(first) is cheap
        told = verb(cheap, "drain", "--now", "--wait")
        assert told.returncode == 0, told
        wait_for("the job to run elsewhere", lambda: len(world.leases(job)) == 2, 30)
        leases = world.leases(job)
        assert leases[0]["reason"] == 22 and leases[0]["state"] == "settled"  # drained
        assert world.agent_of(leases[1]) is dear
        assert world.market.value(f"SELECT coalesce(array_length(excluded, 1), 0) FROM bids WHERE bid = {leases[0]['bid']}") == 0
        with world.buyer.client() as client:
            client.post(f"/v1/jobs/{job}/cancel").ok()
        world.await_job(job, "cancelled")


def test_bad_words_and_what_cannot_be():
    with scene("wrong", [("0.050", 2)], **BRISK) as world:
        agent = world.agents[0]
        assert "--at wants a time" in verb(agent, "drain", "--at", "soon").stderr
        far = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=40)).strftime("%Y-%m-%dT%H:%M:%SZ")
        assert "30 days" in verb(agent, "drain", "--at", far).stderr


def test_an_agent_that_is_too_old_lets_what_runs_finish_and_ends():
    with scene("outdated", [("0.050", 2)], **BRISK) as world:
        agent, market = world.agents[0], world.market
        job = world.submit("say", "working", "sleep", 9000)
        world.await_job(job, "running")
        before = agent.number
        market.kill()
        market.options["min_agent_version"] = "9.0.0"
        market.start()
        code = agent.process.popen.wait(60)
        assert code == 75 and "upgrade needed" in agent.process.tail()
        assert world.await_job(job, "settled")["state"] == "settled"
        assert (agent.folder / "upgrade").exists()
        market.kill()
        del market.options["min_agent_version"]  # as if this were the newer agent
        market.start()
        agent.start()
        wait_for("the drain's end", lambda: not (agent.folder / "upgrade").exists(), 60)
        agent.await_ask(90)
        assert agent.number == before


def test_a_restart_between_two_programs_keeps_the_container_that_runs():
    with scene("restarted", [("0.050", 2)], **BRISK) as world:
        agent = world.agents[0]
        job = world.submit("say", "working", "sleep", 12000)
        world.await_job(job, "running")
        before = agent.engine.call("GET", "/containers/json").ok()[0]["Id"]
        assert agent.process.stop() == 0
        agent.start()
        time.sleep(2)
        assert before in [c["Id"] for c in agent.engine.call("GET", "/containers/json").ok()]  # beside a self-test
        done = world.await_job(job, "settled")
        assert done["attempts"] == 1 and len(world.leases(job)) == 1


def test_purge_ends_the_agent_and_leaves_no_container():
    with scene("purged", [("0.050", 2)], **BRISK) as world:
        agent = world.agents[0]
        job = running(world)
        assert len(agent.engine.containers()) == 1
        told = verb(agent, "purge")
        assert told.returncode == 0 and "1 containers were removed" in told.stdout, told
        assert agent.engine.containers() == {}
        assert mounts_below(agent.folder) == []
        assert agent.process.popen.wait(10) == 0
        with world.buyer.client() as client:
            client.post(f"/v1/jobs/{job}/cancel").ok()
        assert json.loads((agent.folder / "market.json").read_text())["node_id"]
