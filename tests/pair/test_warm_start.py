# SPDX-License-Identifier: Apache-2.0
"""From the submission of a job to its running container, less what the engine alone takes for the same
container: what the market adds, when the image is there already."""

import statistics
import time

from tests.outside.market import number_of
from tests.outside.process import wait_for
from tests.outside.scene import scene

ROUNDS = 9
MOST = 1.5  # seconds that the market may add


def by_the_market(world):
    """Seconds from sending the order until the buyer is told that it runs, and the container as it was made."""
    began = time.monotonic()
    job = world.submit("sleep", 600)
    world.await_job(job, "running", "settled")
    took = time.monotonic() - began
    lease = world.leases(job)[-1]
    made = next(
        world.engines[0].call("GET", f"/containers/{c['Id']}/json").ok()
        for c in world.engines[0].call("GET", "/containers/json?all=1").ok()
        if number_of(c["Labels"]["bourse.lease"]) == lease["lease"])
    world.await_job(job, "settled")
    world.nothing_is_left()
    return took, made


def by_the_engine(world, made):
    """Seconds that create and start take for a container like that one."""
    out = world.folder / "out"
    out.mkdir(exist_ok=True)
    out.chmod(0o777)
    host, config = made["HostConfig"], made["Config"]
    # Podman tells them by other names than it takes.
    ulimits = [{**u, "Name": u["Name"].lower().removeprefix("rlimit_")} for u in host["Ulimits"]]
    body = {
        "Image": made["Image"].removeprefix("sha256:"), "Cmd": config["Cmd"], "User": config["User"],
        "HostConfig": {
            "Binds": [f"{out}:/out:rw"], "NetworkMode": "none", "ReadonlyRootfs": True, "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"], "IpcMode": "private", "Tmpfs": host["Tmpfs"],
            "Ulimits": ulimits, "Memory": host["Memory"], "MemorySwap": host["MemorySwap"],
            "NanoCpus": host["NanoCpus"], "PidsLimit": host["PidsLimit"], "LogConfig": {"Type": "json-file"},
        },
    }
    engine = world.engines[0]
    began = time.monotonic()
    container = engine.call("POST", "/containers/create", body).ok()["Id"]
    engine.call("POST", f"/containers/{container}/start").ok()
    took = time.monotonic() - began
    # Podman refuses to remove one that ends by itself at that moment.
    wait_for("its removal", lambda: engine.call("DELETE", f"/containers/{container}?force=1").status in (200, 204, 404))
    return took


def test_the_market_adds_little_to_a_warm_start():
    with scene("warm", [("0.050", 2)]) as world:
        _, made = by_the_market(world)  # fetches the image
        by_the_engine(world, made)
        market, engine = [], []
        for _ in range(ROUNDS):
            market.append(by_the_market(world)[0])
            engine.append(by_the_engine(world, made))
        added = statistics.median(m - e for m, e in zip(market, engine))
        print(f"submit→running median {statistics.median(market):.3f} s, engine alone "
              f"{statistics.median(engine):.3f} s, added {added:.3f} s, rounds {ROUNDS}")
        assert added <= MOST
