# SPDX-License-Identifier: Apache-2.0
"""Images of a registry that asks who one is: Debian's docker-registry with htpasswd, both engines, the real agent, the
real command line. And how far an image is, over a slow line."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import time

import pytest

from tests.outside import BUILD, ROOT
from tests.outside.agent import Agent, Engine
from tests.outside.market import Market
from tests.outside.process import Folder, Process, wait_for
from tests.outside.registry import Registry, layer_of
from tests.outside.scene import Scene, scene
from tests.outside.slow import Slow

PASSWORD = "tok3n:with \"quotes\" and ü"


@pytest.fixture
def place():
    with Folder("registry") as folder, Registry(folder, {"robot": PASSWORD}) as registry:
        os.environ["BOURSE_TEST_REGISTRY"] = registry.host
        yield folder, registry
        del os.environ["BOURSE_TEST_REGISTRY"]


def probe(folder):
    program = folder / "probe-program"
    subprocess.run([shutil.which("gcc") or "cc", "-O2", "-static", "-D_GNU_SOURCE", "-o", program,
                    ROOT / "tests/agent/image/probe.c"], check=True)
    return program.read_bytes()


def put(folder, registry, name, *more):
    """An image of the probe; its reference by tag, so that an engine must ask the registry."""
    layers = [*more, layer_of({"probe": probe(folder), "out/.keep": b""})]
    by_digest, size = registry.put(name, layers, {"Entrypoint": ["/probe"]})
    return by_digest, f"{registry.host}/{name}:latest", size


def surroundings(world):
    home = str(world.folder / "home")
    return {**os.environ, "BOURSE_HOME": home, "HOME": home, "BOURSE_SERVER": world.market.url,
            "BOURSE_API_KEY": world.buyer.key}


def bourse(world, *words, stdin=None):
    return subprocess.run([BUILD / "bourse", *words], input=stdin, env=surroundings(world), capture_output=True,
                          text=True, check=False, timeout=120)


def log_in(world, registry, password=PASSWORD):
    told = bourse(world, "registry", "login", registry.host, "--user", "robot", stdin=password + "\n")
    assert told.returncode == 0, told.stderr
    assert "token" in told.stderr and password not in told.stdout + told.stderr


def try_logins(world, folder, registry):
    """Without a login, with a wrong one, with the right one, and after it is taken back."""
    _, image, _ = put(folder, registry, "team/model")
    job = world.submit("say", "hello", image=image, max_attempts=1)
    assert world.await_job(job, "failed")["reason"] == "image-unavailable"

    log_in(world, registry, "wrong")
    job = world.submit("say", "hello", image=image, registry_login=True, max_attempts=1)
    assert world.await_job(job, "failed")["reason"] == "image-unavailable"

    log_in(world, registry)
    assert registry.host in bourse(world, "registry").stdout
    job = world.submit("say", "hello", image=image, registry_login=True, max_attempts=1)
    assert world.await_job(job, "settled")["exit_code"] == 0

    assert bourse(world, "registry", "logout", registry.host).returncode == 0
    told = bourse(world, "submit", "--image", image, "--registry-login", "--pool", "cpu", "--budget", "1")
    assert told.returncode == 1 and "registry_login" in told.stderr + told.stdout
    job = world.submit("say", "hello", image=image, max_attempts=1)  # what is here by tag is asked for again
    assert world.await_job(job, "failed")["reason"] == "image-unavailable"
    world.nothing_is_left()


def nothing_tells(world, *logs):
    """The password stands in no log, no journal and no table."""
    for path in [*logs, *(p for agent in world.agents for p in agent.folder.rglob("*")),
                 *(agent.log for agent in world.agents), world.market.log]:
        path = pathlib.Path(path)
        if path.is_file():
            assert b"tok3n" not in path.read_bytes(), path
    rows = world.market.value("SELECT count(*) FROM commands WHERE position('tok3n'::bytea IN payload) > 0")
    assert rows == 0


def test_podman_pulls_with_the_login_of_the_buyer(place):
    folder, registry = place
    with scene("login", [("0.050", 1)]) as world:
        try_logins(world, folder, registry)
        nothing_tells(world)


@contextlib.contextmanager
def dockerd(folder):
    """An object like agent.Engine: a Docker of one's own without networks."""
    program = shutil.which("dockerd", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
    if not program or os.geteuid() != 0:
        pytest.skip("Docker's engine is not here, or this is not root")
    engine, home = Engine(folder / "docker"), folder / "docker"
    home.mkdir()
    engine.socket = str(home / "api.sock")
    process = Process([program, "--iptables=false", "--ip6tables=false", "--bridge=none", "--ip-forward=false",
                       "--data-root", home / "storage", "--exec-root", home / "run", "--pidfile", home / "pid",
                       "-H", f"unix://{engine.socket}"], home.with_suffix(".log"))
    try:
        wait_for("Docker", lambda: os.path.exists(engine.socket) and engine.call("GET", "/_ping").status == 200, 30, 0.2)
        yield engine
    finally:
        for container in engine._ours():
            engine.call("DELETE", f"/containers/{container['Id']}?force=1")
        process.stop()
        for line in reversed(pathlib.Path("/proc/self/mounts").read_text().splitlines()):
            if line.split()[1].startswith(f"{home}/"):
                subprocess.run(["umount", "-l", line.split()[1]], check=False)


def test_docker_pulls_with_the_login_of_the_buyer(place):
    folder, registry = place
    with contextlib.ExitStack() as stack:
        engine = stack.enter_context(dockerd(folder))
        market = stack.enter_context(Market(folder))
        world = Scene(folder, market, [engine])
        agent = Agent(market, market.account("provider"), folder / "agent", engine, "0.050", 1)
        world.agents.append(stack.enter_context(agent))
        agent.await_ask()
        try_logins(world, folder, registry)
        nothing_tells(world)


def test_the_buyer_sees_how_far_a_slow_image_is(place):
    folder, registry = place
    with Slow(registry.port, 4 << 20) as line:
        os.environ["BOURSE_TEST_REGISTRY"] = line.host
        with scene("slow", [("0.050", 1)], heartbeat_seconds=1, lease_seconds=10) as world:
            _, _, size = put(folder, registry, "big", layer_of({"noise": os.urandom(24 << 20)}))
            told = bourse(world, "registry", "login", line.host, "--user", "robot", stdin=PASSWORD)
            assert told.returncode == 0, told.stderr
            words = ["submit", "--image", f"{line.host}/big:latest", "--registry-login", "--pool", "cpu", "--budget", "1",
                     "--follow", "--", "say", "hello"]
            seen = set()
            with subprocess.Popen([BUILD / "bourse", *words], env=surroundings(world), stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True) as follow:
                while follow.poll() is None:
                    seen |= told_of(world)
                    time.sleep(0.3)
                out, err = follow.communicate()
            assert follow.returncode == 0 and "hello" in out, err
            coming = sorted(done for phase, done, total in seen if phase == "downloading" and total >= size * 0.9)
            assert len(coming) >= 3 and coming[1] < coming[-1] <= size * 1.1, seen
            assert err.count("[image: downloading, ") >= 2 and " of 2" in err, err


def told_of(world):
    """How far the images of the newest job are."""
    jobs = world.patiently("GET", "/v1/jobs?limit=1").ok()["data"]
    leases = world.job(jobs[0]["job_id"])["leases"] if jobs else []
    images = [lease["image"] for lease in leases if lease["image"]]
    return {(image["phase"], image["done_bytes"], image["total_bytes"]) for image in images}
