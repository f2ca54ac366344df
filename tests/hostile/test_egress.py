# SPDX-License-Identifier: Apache-2.0
"""Networks of leases: real namespaces, real nftables, real containers, by the agent's own drivers.

Three namespaces stand for the world: the provider's machine, with the engine; behind its `lan` interface the
LAN with a metadata service; behind `wan` an internet with a web server, a mail server and a name server. What
was reached is told by those servers, not by the container."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import pytest

from tests.hostile import engines

BUILD = pathlib.Path(os.environ["BOURSE_BUILD"])
WEB, MAIL, NAMES, OTHER = "93.184.0.10", "93.184.0.25", "93.184.0.53", "93.184.0.99"
WEB6 = "2606:2800::10"
HOST_WAN, HOST_LAN, LAN, METADATA = "93.184.0.1", "192.168.7.1", "192.168.7.9", "169.254.169.254"
ZONE = {"web.example.org": WEB, "other.example.net": OTHER, "rebind.example.org": LAN, "meta.example.org": METADATA,
        "loop.example.org": "127.0.0.1"}

SERVERS = """
import json, socket, sys, threading
zone = json.loads(sys.argv[1])
def heard(*words):
    print(*words, flush=True)
def tcp(address, port):
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port)); s.listen(512)
    def one(c, a):
        try:
            c.sendall(b"hello"); n = 0
            while True:
                got = c.recv(65536)
                if not got: break
                n += len(got)
            heard("tcp", address, port, a[0], n)
        except OSError: pass
        finally: c.close()
    while True:
        c, a = s.accept(); threading.Thread(target=one, args=(c, a), daemon=True).start()
def udp(address, port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((address, port))
    while True:
        data, a = s.recvfrom(4096); heard("udp", address, port, a[0]); s.sendto(data, a)
def dns(address):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((address, 53))
    while True:
        q, a = s.recvfrom(4096); i = 12; labels = []
        while q[i]: labels.append(q[i+1:i+1+q[i]].decode()); i += 1 + q[i]
        end = i + 5; name = ".".join(labels); heard("dns", name)
        ip = zone.get(name); count = 1 if ip else 0
        answer = q[:2] + bytes([0x81, 0x80 if ip else 0x83]) + b"\\0\\1" + bytes([0, count]) + b"\\0\\0\\0\\0" + q[12:end]
        if ip: answer += b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\x1e\\0\\4" + socket.inet_aton(ip)
        s.sendto(answer, a)
for spec in sys.argv[2:]:
    kind, address, port = spec.split("|")
    target, args = {"tcp": (tcp, (address, int(port))), "udp": (udp, (address, int(port))), "dns": (dns, (address,))}[kind]
    threading.Thread(target=target, args=args, daemon=True).start()
import time; time.sleep(0.5); heard("ready"); time.sleep(3600)
"""


def sh(*words, **more):
    return subprocess.run(words, check=True, env={"PATH": engines.PATH}, **more)


class Space:
    """A network namespace held by a process, with servers in it whose words are kept."""

    def __init__(self, folder, name):
        self.log = folder / f"{name}.log"
        self.holder = subprocess.Popen(["unshare", "-n", "sleep", "3600"], env={"PATH": engines.PATH})
        self.servers = None
        time.sleep(0.2)

    def run(self, *words):
        sh("nsenter", f"--net=/proc/{self.holder.pid}/ns/net", *words)

    def ip(self, *lines):
        for line in lines:
            self.run("ip", *line.split())

    def serve(self, *specs):
        with open(self.log, "w", encoding="utf-8") as log:
            self.servers = subprocess.Popen(
                ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", sys.executable, "-c", SERVERS, json.dumps(ZONE), *specs],
                stdout=log, stderr=subprocess.STDOUT, env={"PATH": engines.PATH})
        for _ in range(100):
            if "ready" in self.log.read_text():
                return
            time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    def heard(self):
        """What its servers have heard since the last time."""
        time.sleep(0.3)
        text = self.log.read_text()
        with open(self.log, "w", encoding="utf-8"):
            pass
        return [line.strip("\0") for line in text.splitlines() if line.strip("\0") not in ("", "ready")]

    def end(self):
        for process in (self.servers, self.holder):
            if process:
                process.kill()
                process.wait()


class World:
    def __init__(self, engine, folder):
        self.engine, self.folder = engine, folder
        self.lan, self.wan = Space(folder, "lan"), Space(folder, "wan")
        host = engine.process.pid
        for space, name in ((self.lan, "lan"), (self.wan, "wan")):
            sh(*engine.inside("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns",
                              str(space.holder.pid)))
            space.ip("link set lo up", "link set eth0 up")
        for line in (f"addr add {HOST_LAN}/24 dev lan", "link set lan up", f"addr add {HOST_WAN}/24 dev wan", "link set wan up",
                     "addr add 2606:2800::1/64 dev wan nodad", f"route add {METADATA} dev lan", "addr add 10.8.0.1/24 dev lan"):
            sh(*engine.inside("ip", *line.split()))
        sh(*engine.inside("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding"))
        self.lan.ip(f"addr add {LAN}/24 dev eth0", f"addr add {METADATA}/32 dev eth0", f"route add default via {HOST_LAN}")
        self.wan.ip(*[f"addr add {a}/24 dev eth0" for a in (WEB, MAIL, NAMES, OTHER)], f"addr add {WEB6}/64 dev eth0 nodad")
        self.lan.serve(f"tcp|{LAN}|80", f"udp|{LAN}|53", f"tcp|{METADATA}|80")
        self.wan.serve(f"tcp|{WEB}|80", f"tcp|{WEB}|443", f"tcp|{OTHER}|80", f"tcp|{MAIL}|25", f"tcp|{MAIL}|587",
                       f"dns|{NAMES}|53", f"tcp|{WEB6}|80", f"udp|{OTHER}|9")
        self.host = subprocess.Popen(engine.inside(sys.executable, "-c", SERVERS, "{}", "tcp|0.0.0.0|8080"), stdout=subprocess.DEVNULL,
                                     env={"PATH": engines.PATH})

    def lane(self, egress, words, allow=(), more=()):
        """Run a container: {word: answer}, the summary."""
        with tempfile.TemporaryDirectory(prefix="bourse-lane-", dir="/tmp") as state:
            done = subprocess.run(
                self.engine.inside(str(BUILD / "tests" / "lane"), self.engine.socket, state, egress, f"dns={NAMES}",
                                   *[f"allow={a}" for a in allow], *more, "--", "reach", *words),
                env={"PATH": engines.PATH, "ASAN_OPTIONS": "detect_leaks=0"}, capture_output=True, text=True, timeout=120, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
        lines = done.stdout.splitlines()
        return dict(line.split("\t") for line in lines[:-1] if "\t" in line), json.loads(lines[-1])

    def end(self):
        self.host.kill()
        self.host.wait()
        self.lan.end()
        self.wan.end()


@pytest.fixture(scope="module")
def world():
    for program in ("nft", "ip"):
        if not engines.which(program):
            pytest.skip(f"there is no {program}")
    why = engines.missing("podman runc")
    if why:
        pytest.skip(why)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bourse-world-", dir="/tmp"))
    with engines.running("podman runc") as engine:
        one = World(engine, folder)
        yield one
        one.end()
    shutil.rmtree(folder, ignore_errors=True)


def test_the_world_is_there(world):
    """Without a lease's walls the machine reaches all of it, or what follows says nothing."""
    for address, port in ((WEB, 80), (LAN, 80), (METADATA, 80), (MAIL, 25), (WEB6, 80), (HOST_WAN, 8080)):
        sh(*world.engine.inside(sys.executable, "-c", f"import socket; socket.create_connection(('{address}', {port}), 3)"))
    world.lan.heard()
    world.wan.heard()


def test_open_reaches_the_internet_and_nothing_near(world):
    reach = {f"tcp:{WEB}:80", f"tcp:[{WEB6}]:80", f"tcp:{MAIL}:587", f"udp:{OTHER}:9", "name:web.example.org", "host:web.example.org:443"}
    never = {f"tcp:{LAN}:80", f"udp:{LAN}:53", f"tcp:{METADATA}:80", f"tcp:{MAIL}:25", f"tcp:{HOST_LAN}:8080", f"tcp:{HOST_WAN}:8080",
             "tcp:198.18.0.1:8080", "tcp:10.8.0.1:8080", f"tcp:[fd00:ec2::254]:80", f"tcp:[::ffff:{LAN}]:80", "tcp:[fdb0:b005::1]:8080",
             "name:rebind.example.org", "name:meta.example.org", "name:loop.example.org"}
    said, flows = world.lane("open", sorted(reach) + sorted(never))
    assert {w for w in reach if not said[w].startswith("ok")} == set(), said
    assert {w for w in never if said[w].startswith("ok")} == set(), said
    assert world.lan.heard() == []
    heard = world.wan.heard()
    assert not any(line.startswith(f"tcp {MAIL} 25") for line in heard)
    assert all(HOST_WAN in line or "2606:2800::1" in line for line in heard if line.startswith("tcp")), heard  # masqueraded
    assert flows["dns"]["private_answers"] == 3 and flows["denied"] >= 8
    told = {(f["address"], f["protocol"], f["port"]): f for f in flows["flows"]}
    web = told[WEB, "tcp", 80]
    assert web["connections"] == 1 and web["packets_out"] >= 3 and web["bytes_in"] > 0
    assert told[WEB6, "tcp", 80]["connections"] == 1 and told[OTHER, "udp", 9]["bytes_in"] > 0
    assert not any(a in (LAN, METADATA) or p == 25 for a, _, p in told)


def test_an_allowlist_lets_through_whom_it_names(world):
    said, flows = world.lane("allowlist", [f"tcp:{WEB}:80", "host:other.example.net:80", "name:nowhere.example.org", "host:web.example.org:80",
                                           "host:web.example.org:443", f"tcp:{WEB}:443", f"tcp:{OTHER}:80", "name:rebind.example.org"],
                             allow=["web.example.org:443", "rebind.example.org"])
    assert said[f"tcp:{WEB}:80"] == "ETIMEDOUT"  # nobody has asked for its name
    assert said["host:other.example.net:80"] == "refused 5" and said["name:nowhere.example.org"] == "refused 5"
    assert said["host:web.example.org:80"] == "ETIMEDOUT"  # another port
    assert said["host:web.example.org:443"] == "ok hello" and said[f"tcp:{WEB}:443"] == "ok hello"
    assert said[f"tcp:{OTHER}:80"] == "ETIMEDOUT" and said["name:rebind.example.org"] == "refused 5"
    assert flows["dns"] == {"questions": 5, "refused": 3, "private_answers": 1}
    assert [line for line in world.wan.heard() if line.startswith("dns")] == ["dns web.example.org", "dns web.example.org", "dns rebind.example.org"]
    assert [(f["address"], f["port"]) for f in flows["flows"]] == [(WEB, 443)]


def test_new_connections_are_paced(world):
    said, flows = world.lane("open", [f"burst:{WEB}:80:200"])
    reached = int(said[f"burst:{WEB}:80:200"].split()[1])
    assert 20 <= reached < 150 and flows["capped"] > 0, (said, flows)


def test_bytes_are_counted_and_end(world):
    said, flows = world.lane("open", [f"send:{WEB}:80:8000000"], more=["bytes=2000000"])
    assert flows["bytes_in"] + flows["bytes_out"] <= 2_000_000
    assert flows["bytes_out"] > 1_000_000, (said, flows)


def test_a_rate_holds(world):
    slow, _ = world.lane("open", [f"send:{WEB}:80:4000000"], more=["rate=1000000"])
    fast, _ = world.lane("open", [f"send:{WEB}:80:4000000"])
    slow_bytes, slow_ms = (int(n) for n in slow[f"send:{WEB}:80:4000000"].split()[1:])
    fast_bytes, fast_ms = (int(n) for n in fast[f"send:{WEB}:80:4000000"].split()[1:])
    assert fast_bytes >= 4_000_000 and slow_bytes / slow_ms < fast_bytes / fast_ms / 2


def test_nothing_is_left(world):
    listing = subprocess.run(world.engine.inside("nft", "list", "table", "inet", "bourse"), env={"PATH": engines.PATH}, capture_output=True,
                             text=True, check=True).stdout
    assert "out_" not in listing and "sent4_" not in listing
    links = subprocess.run(world.engine.inside("ip", "-o", "link"), env={"PATH": engines.PATH}, capture_output=True, text=True, check=True).stdout
    assert "bv" not in links
