# SPDX-License-Identifier: Apache-2.0
"""Both sides compare what they have with what there should be, at their start and while they run: what is left over
on either is found and settled."""

import hashlib
import time

from tests.outside import ledger, pg
from tests.outside.process import wait_for
from tests.outside.scene import scene

SHORT = {"lease_seconds": 5, "heartbeat_seconds": 1, "offer_seconds": 10, "prepare_seconds": 60, "stop_seconds": 30}


def test_a_lease_whose_agent_has_forgotten_it_is_lost_and_its_container_is_removed():
    with scene("forgotten", [("0.050", 2), ("0.060", 2)], **SHORT) as world:
        cheap, dear = world.agents
        job = world.submit("sleep", 25000)
        world.await_job(job, "running")
        cheap.kill()
        for file in cheap.folder.glob("leases/*"):
            if file.suffix == ".json":
                file.unlink()
        cheap.start()
        wait_for("no container there", lambda: not world.engines[0].containers(), 30)
        wait_for("the loss", lambda: world.leases(job)[0]["state"] == "settled", 30)
        assert world.leases(job)[0]["reason"] == 11 and world.leases(job)[0]["charge"] == 0
        world.await_job(job, "settled")
        first, second = world.leases(job)
        assert world.agent_of(first) is cheap and world.agent_of(second) is dear
        world.nothing_is_left()
        ledger.check(world.market)


def test_an_outage_of_the_server_that_is_longer_than_a_lease_costs_nobody_his_lease():
    with scene("outage", [("0.050", 2)], **SHORT) as world:
        job = world.submit("sleep", 22000)
        world.await_job(job, "running")
        for _ in range(2):
            world.market.kill()
            time.sleep(SHORT["lease_seconds"] + 2)
            world.market.start()
            time.sleep(1)
        world.await_job(job, "settled")
        assert [lease["reason"] for lease in world.leases(job)] == [1]  # done
        world.nothing_is_left()
        ledger.check(world.market)


def test_blobs_that_nobody_keeps_are_removed_at_the_next_start_and_others_stay():
    with scene("blobs", [("0.050", 2)], **SHORT) as world:
        folder = world.market.folder / "server/blobs"
        name = hashlib.sha256(b"nobody").hexdigest()
        orphan = folder / name[:2] / name
        young = folder / name[:2] / (name[:60] + "0000")
        orphan.write_bytes(b"nobody")
        young.write_bytes(b"on its way")
        kept = next(p for p in folder.glob("??/*") if p not in (orphan, young))
        # As a crash between the bytes and their row leaves them: in doubt, since two hours or just now.
        for path, hours in ((orphan, 2), (kept, 2), (young, 0)):
            pg.run(world.market.db, f"INSERT INTO blob_doubts (sha256, noted_at) "
                   f"VALUES ('\\x{path.name}', now() - interval '{hours} hours') "
                   f"ON CONFLICT (sha256) DO UPDATE SET noted_at = excluded.noted_at;")
        world.market.kill()
        world.market.start()
        wait_for("its removal", lambda: not orphan.exists(), 20)
        time.sleep(2)
        assert young.exists() and kept.exists()
