# SPDX-License-Identifier: Apache-2.0
"""Each check of `bourse-agent doctor` fails where something is wrong and passes where it is right. The cards are
those of a stand-in for NVIDIA's library; all else is real, or says so."""

import contextlib
import email.utils
import http.server
import json
import os
import socketserver
import subprocess
import threading
import time
import uuid

import pytest

from tests.agent.conftest import token_of
from tests.outside import BUILD, ROOT
from tests.outside.client import Client
from tests.outside.process import free_port

UUID = "GPU-8f6e2f3c-1111-2222-3333-444455556666"
CARD = {"name": "NVIDIA H100 80GB HBM3", "bus": "00000000:3B:00.0", "minor": 0, "memory": 85899345920, "temperature": 41,
        "slowdown": 87, "ecc": 1, "ecc_uncorrected": 0, "mig": 0, "persistence": 1, "compute_mode": 0,
        "pcie_generation": 5, "pcie_generation_max": 5, "pcie_width": 16, "pcie_width_max": 16, "busy": 0}
DRIVER = "550.54.15"


class Doctor:
    """A machine that has joined, or not, and its agent.conf."""

    def __init__(self, folder, market=None, owner=None, **conf):
        self.dir = folder / f"state-{uuid.uuid4().hex[:6]}"
        self.dir.mkdir()
        self.env = {**os.environ, "ASAN_OPTIONS": "detect_leaks=1"}
        self.conf(**{"engine": self.dir / "no.sock", "probe_image": "", **conf})
        if market:
            subprocess.run([BUILD / "bourse-agent", "join", "--server", market.agent_url, "--token", token_of(owner),
                            "--state", self.dir], check=True, capture_output=True)

    def conf(self, **conf):
        (self.dir / "agent.conf").write_text("".join(f"{key} = {value}\n" for key, value in conf.items()))
        self.kept = conf

    def card(self, driver=DRIVER, **changed):
        told = {**CARD, **changed}
        text = f"driver {driver}\ncuda 12040\ngpu {UUID}\n" + "".join(f"{key} {value}\n" for key, value in told.items())
        (self.dir / "nvml.txt").write_text(text)
        self.env["BOURSE_STANDIN_NVML"] = str(self.dir / "nvml.txt")
        log = self.dir / "kmsg"
        log.touch()
        self.conf(**{**self.kept, "nvml_library": BUILD / "tests/libnvidia-ml.so.1", "kernel_log": log})

    def run(self, *args, within=()):
        return subprocess.run([*within, BUILD / "bourse-agent", "doctor", "--state", self.dir, *args], env=self.env,
                              capture_output=True, text=True, check=False, timeout=120)

    def look(self, *args, within=()):
        told = self.run("--json", *args, within=within)
        assert told.returncode in (0, 1, 2), told.stdout + told.stderr
        assert "ERROR" not in told.stderr, told.stderr
        report = json.loads(told.stdout)
        assert [check["id"] for check in report["checks"]] == [f"D{n:02}" for n in range(1, 18)]
        results = [check["result"] for check in report["checks"]]
        worst = "failure" if "failure" in results else "warning" if "warning" in results else "ok"
        assert report["result"] == worst and told.returncode == ["ok", "warning", "failure"].index(worst)
        for check in report["checks"]:
            if check["result"] in ("warning", "failure"):
                assert check["fix"], check
        return {check["id"]: check for check in report["checks"]}

    def check(self, number, *args, within=()):
        return self.look(*args, within=within)[number]


@pytest.fixture
def machine(folder, market, owner):
    return Doctor(folder, market, owner)


def result(check):
    return check["result"]


# ---- the market ----

def test_d01_the_market_answers_as_the_one_that_was_joined(machine, market, folder):
    assert result(machine.check("D01")) == "ok"
    dead = machine.check("D01", "--server", f"http://127.0.0.1:{free_port()}")
    assert result(dead) == "failure" and "curl" in dead["fix"]
    assert "has not joined" in Doctor(folder).check("D01")["reason"]


class Late(http.server.BaseHTTPRequestHandler):
    """The market's own words, with another time."""

    def do_GET(self):
        with Client(self.server.url) as client:
            body = json.dumps(client.get("/.well-known/bourse").ok()).encode()
        self.send_response_only(200)
        self.send_header("Date", email.utils.formatdate(time.time() + self.server.ahead, usegmt=True))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args):
        pass


@contextlib.contextmanager
def serving(handler, make=http.server.ThreadingHTTPServer, at=("127.0.0.1", 0), **settings):
    with make(at, handler) as server:
        for name, value in settings.items():
            setattr(server, name, value)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("ahead", "want"), [(0, "ok"), (12, "warning"), (-120, "failure")])
def test_d02_the_clock_is_the_markets(machine, market, ahead, want):
    with serving(Late, url=market.agent_url, ahead=ahead) as server:
        check = machine.check("D02", "--server", f"http://127.0.0.1:{server.server_port}")
    assert result(check) == want
    if want != "ok":
        assert "timedatectl" in check["fix"] and ("behind" if ahead > 0 else "ahead") in check["reason"]


def test_d13_what_is_promised_of_the_line_is_there(machine):
    assert result(machine.check("D13")) == "ok"
    machine.conf(**machine.kept, bandwidth_mbps=10_000_000)
    wrong = machine.check("D13")
    assert result(wrong) == "failure" and "bandwidth_mbps" in wrong["fix"]


def test_d16_the_agent_is_new_enough(machine, market):
    assert result(machine.check("D16")) == "ok"
    market.kill()
    market.options["min_agent_version"] = "9.1.0"
    market.start()
    try:
        old = machine.check("D16")
    finally:
        market.kill()
        del market.options["min_agent_version"]
        market.start()
    assert result(old) == "failure" and "/install.sh | sudo sh" in old["fix"]


# ---- the engine ----

def test_d06_an_engine_answers(machine, engine):
    none = machine.check("D06")
    assert result(none) == "failure" and none["fix"]
    machine.conf(engine=engine.socket, probe_image="")
    there = machine.check("D06")
    assert result(there) in ("ok", "warning") and "podman" in there["reason"]
    assert ("cgroup v1" in there["reason"]) == (result(there) == "warning")


class Says(http.server.BaseHTTPRequestHandler):
    """Only what an engine says of itself."""

    def do_GET(self):
        info = {"SecurityOptions": self.server.options, "CgroupVersion": "2", "DefaultRuntime": "runc", "Runtimes": {"runc": {}}}
        version = {"ApiVersion": "1.44", "MinAPIVersion": "1.24", "Version": "27.0", "Components": []}
        image = {"Id": "sha256:" + "0" * 64, "RepoDigests": []}
        body = json.dumps(info if self.path.endswith("/info") else image if "/images/" in self.path else version).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):  # a pull
        body = json.dumps({"status": "Pull complete"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):
        return "unix"

    def log_message(self, *_args):
        pass


@pytest.mark.parametrize(("options", "want"), [([], "failure"), (["name=seccomp,profile=builtin"], "warning"),
                                               (["name=seccomp,profile=builtin", "name=userns"], "ok")])
def test_d09_containers_are_held(machine, options, want):
    socket = str(machine.dir / "says.sock")
    with serving(Says, socketserver.ThreadingUnixStreamServer, socket, options=options):
        machine.conf(engine=socket, probe_image="")
        checks = machine.look()
    assert result(checks["D09"]) == want and result(checks["D06"]) == "ok"


def test_d17_an_image_can_be_pulled(machine, engine):
    machine.conf(engine=engine.socket, probe_image=f"127.0.0.1:{free_port()}/none:1")
    none = machine.check("D17")
    assert result(none) == "failure" and "pull" in none["fix"]
    socket = str(machine.dir / "says.sock")
    with serving(Says, socketserver.ThreadingUnixStreamServer, socket, options=[]):
        machine.conf(engine=socket, probe_image="registry.test/hello:1")
        assert result(machine.check("D17")) == "ok"


# ---- disk and memory ----

def test_d10_there_is_room_on_the_disk(machine):
    assert result(machine.check("D10")) in ("ok", "warning")
    small = machine.check("D10", within=["unshare", "--mount", "sh", "-c",
                                         f'mount -t tmpfs -o size=64m tmpfs {machine.dir} && exec "$@"', "sh"])
    assert result(small) == "failure" and "MiB free" in small["reason"]


def test_d11_there_is_memory(machine):
    assert result(machine.check("D11")) == "ok"
    little = machine.dir / "meminfo"
    little.write_text("MemTotal:  524288 kB\nMemFree: 400000 kB\nMemAvailable: 400000 kB\n")
    bind = ["unshare", "--mount", "sh", "-c", f'mount --bind {little} /proc/meminfo && exec "$@"', "sh"]
    assert result(machine.check("D11", within=bind)) == "failure"
    shm = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=1m tmpfs /dev/shm && exec "$@"', "sh"]
    assert result(machine.check("D11", within=shm)) == "warning"
    machine.conf(**machine.kept, memory_bytes=1 << 49)
    assert result(machine.check("D11")) == "failure"


# ---- the cards ----

GPU = ("D03", "D04", "D05", "D07", "D08", "D12", "D14", "D15")


def test_without_a_driver_the_checks_of_cards_are_skipped(machine):
    checks = machine.look()
    for number in GPU:
        assert (result(checks[number]), checks[number]["reason"]) == ("skipped", "no NVIDIA driver")


def test_a_card_that_is_well_passes(machine):
    (machine.dir / "cdi").mkdir()
    (machine.dir / "cdi/nvidia.yaml").write_text(f"kind: nvidia.com/gpu\n- name: {UUID}\n  libcuda.so.{DRIVER}\n")
    machine.conf(**machine.kept, cdi_dirs=machine.dir / "cdi")
    machine.card()
    checks = machine.look()
    assert {number: result(checks[number]) for number in GPU} == {number: "ok" for number in GPU} | {"D08": "skipped"}


@pytest.mark.parametrize(("number", "want", "changed"), [
    ("D03", "failure", {"driver": "450.80.02"}), ("D03", "warning", {"driver": "515.65.01"}),
    ("D04", "failure", {"ecc_uncorrected": 2}), ("D04", "failure", {"remap_failed": 1, "remap_pending": 0}),
    ("D05", "failure", {"mig": 1}), ("D05", "failure", {"compute_mode": 2}), ("D05", "warning", {"compute_mode": 3}),
    ("D05", "warning", {"persistence": 0}),
    ("D12", "failure", {"pcie_width": 4}), ("D12", "warning", {"pcie_width": 8}),
    ("D14", "failure", {"temperature": 88}), ("D14", "failure", {"throttle": 0x40}), ("D14", "warning", {"temperature": 84}),
])
def test_a_card_that_is_not_well_is_told(machine, number, want, changed):
    machine.card(**changed)
    assert result(machine.check(number)) == want


def test_d04_errors_in_the_kernels_log(machine):
    machine.card()
    (machine.dir / "kmsg").write_text("6,1,2,-;NVRM: Xid (PCI:0000:3b:00): 79, pid=1234, GPU has fallen off the bus.\n")
    told = machine.check("D04")
    assert result(told) == "failure" and "79" in told["reason"]


def test_d07_each_card_is_described_for_this_driver(machine):
    (machine.dir / "cdi").mkdir()
    machine.conf(**machine.kept, cdi_dirs=machine.dir / "cdi")
    machine.card()
    assert result(machine.check("D07")) == "failure"
    (machine.dir / "cdi/nvidia.yaml").write_text(f"- name: {UUID}\n  libcuda.so.535.1\n")
    stale = machine.check("D07")
    assert result(stale) == "failure" and "another driver" in stale["reason"] and "nvidia-ctk" in stale["fix"]


def test_d08_a_container_that_does_not_get_its_card(machine, engine, folder):
    from tests.outside.agent import make_image
    engine.load(make_image(folder))
    machine.conf(engine=engine.socket, probe_image="localhost/bourse-probe:latest")
    machine.card()
    told = machine.check("D08")
    assert result(told) == "failure" and told["fix"]
    assert engine.call("GET", "/containers/json?all=1").ok() == []


def test_d15_nobody_else_computes_on_it(machine):
    machine.card(process=f"{os.getpid()} 1048576")
    told = machine.check("D15")
    assert result(told) == "failure" and str(os.getpid()) in told["reason"]


# ---- what becomes of it ----

def test_the_owner_sees_what_was_found(machine, market, owner):
    told = machine.look()
    node_id = json.loads((machine.dir / "market.json").read_text())["node_id"]
    with owner.client() as client:
        kept = client.get(f"/v1/nodes/{node_id}").ok()["doctor"]
    assert kept["result"] == "failure"  # no engine
    assert {c["id"]: c["result"] for c in kept["checks"]} == {n: c["result"] for n, c in told.items()}


def test_people_read_lines(machine):
    told = machine.run("--quiet")
    assert told.returncode == 2
    lines = told.stdout.splitlines()
    assert lines[0].startswith("D01  ok       server") and lines[-1].startswith("doctor: failure;")
    brief = machine.run("--quiet", "--brief").stdout
    assert "D06  failure" in brief and "D01" not in brief and "skipped " not in brief.splitlines()[0]
