# SPDX-License-Identifier: Apache-2.0
"""What a job has saved survives its machine: the next one goes on from there, and only what survives is paid."""

import re
import time

from tests.outside import ledger
from tests.outside.market import micros, number_of
from tests.outside.process import wait_for
from tests.outside.scene import scene

SHORT = {"lease_seconds": 6, "heartbeat_seconds": 1, "offer_seconds": 10, "prepare_seconds": 60, "stop_seconds": 30}
CHEAP_AND_DEAR = [("0.050", 2), ("0.060", 2)]


def kept(world, job, seconds):
    """Wait until so much of the job's run is saved; how much it is."""
    query = f"SELECT coalesce(max(seconds_kept), 0) FROM leases WHERE bid = {number_of(job)}"
    wait_for("a checkpoint", lambda: world.market.value(query) >= seconds, 90)
    return world.market.value(query)


def spans(world, job):
    """From which step to which each of its runs went, as far as they have told."""
    text = world.market.value(f"""SELECT string_agg(convert_from(c.bytes, 'UTF8'), '' ORDER BY lease, n)
        FROM log_chunks c JOIN leases l USING (lease) WHERE l.bid = {number_of(job)} AND n >= 0""")
    return [int(n) for n in re.findall(r"from (\d+)", text)], [int(n) for n in re.findall(r"to (\d+)", text)]


def blobs_of(world, job):
    return world.market.value(f"SELECT count(*) FROM checkpoint_blobs WHERE job = {number_of(job)}")


def test_the_next_machine_goes_on_from_the_last_checkpoint_and_what_survives_is_paid():
    with scene("resume", CHEAP_AND_DEAR, **SHORT) as world:
        cheap, dear = world.agents
        job = world.submit("work", 300, 100, 5, checkpoint_seconds=60)
        world.await_job(job, "running")
        kept(world, job, 8)
        cheap.kill()
        done = world.await_job(job, "settled")
        first, second = world.leases(job)
        assert world.agent_of(first) is cheap and world.agent_of(second) is dear
        assert first["reason"] == 11 and first["seconds_billed"] == first["seconds_kept"] >= 8
        assert first["charge"] == 50_000 * first["seconds_billed"] // 3600 > 0
        assert micros(done["spent"]) == first["charge"] + second["charge"]
        begun, ended = spans(world, job)
        assert ended[-1] == 300 and begun[-1] >= 10 * (first["seconds_kept"] - 1) > 0, (begun, ended)
        wait_for("nothing is kept for a job that is over", lambda: not blobs_of(world, job), 30)
        ledger.check(world.market)
        cheap.start()
        world.nothing_is_left()
        print(f"kept {first['seconds_kept']} s, went on from step {begun[-1]} of 300")


def test_a_checkpoint_can_be_asked_for():
    with scene("asked", [("0.050", 2)], **SHORT) as world:
        job = world.submit("work", 100000, 100, 5, checkpoint_seconds=3600)
        resting = world.submit("say", "never", units=3)
        world.await_job(job, "running")
        assert world.patiently("POST", f"/v1/jobs/{resting}/checkpoint").status == 409
        time.sleep(2)
        assert world.market.value("SELECT count(*) FROM leases WHERE checkpoint <> 0") == 0
        assert world.patiently("POST", f"/v1/jobs/{job}/checkpoint").status == 202
        kept(world, job, 1)
        assert world.market.value("SELECT count(*) FROM checkpoint_wishes") == 0
        world.cancel(job)
        world.await_job(job, "cancelled")
        wait_for("nothing is kept for a job that is over", lambda: not blobs_of(world, job), 30)
        ledger.check(world.market)


def test_a_buyer_who_does_not_save_in_time_carries_what_is_beyond_it():
    """Nothing is ever saved: of what the machine has looked after, all but the last minute is paid."""
    with scene("unsaved", CHEAP_AND_DEAR, **SHORT) as world:
        job = world.submit("sleep", 85000, checkpoint_seconds=60)
        world.await_job(job, "running")
        query = f"SELECT coalesce(max(seconds_looked), 0) FROM leases WHERE bid = {number_of(job)}"
        wait_for("a look after more than a minute", lambda: world.market.value(query) > 62, 90)
        world.agents[0].kill()
        wait_for("its loss", lambda: len(world.leases(job)) == 2, 60)
        first = world.leases(job)[0]
        assert first["seconds_kept"] == 0 and first["seconds_billed"] == first["seconds_looked"] - 60 > 0
        world.cancel(job)
        world.await_job(job, "cancelled")
        world.agents[0].start()
        world.nothing_is_left()
        ledger.check(world.market)
