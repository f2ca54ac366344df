# SPDX-License-Identifier: Apache-2.0
"""Private container engines, one for each engine and isolation class that runs here.

Each lives in a network namespace of its own that has nothing but loopback, so that whatever escapes meets
the listeners of the test and nobody else, and keeps all that it has below one folder."""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
HOST_ADDRESS = "10.99.0.1"  # of the engine's machine on a LAN that exists in its namespace only
CONFIGS = ("podman runc", "podman userns", "podman gvisor", "docker runc", "docker userns", "docker gvisor")
SUBID = "containers:2147483648:1048576"

PODMAN_CONF = """[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
log_driver = "k8s-file"
{containers}
[engine]
runtime = "{runtime}"
cgroup_manager = "cgroupfs"
events_logger = "file"
[engine.runtimes]
runsc = ["{runsc}"]
[network]
network_backend = "netavark"
"""


def which(name):
    return shutil.which(name, path=PATH)


def missing(config):
    """Why a configuration cannot run here, or None."""
    engine, isolation = config.split()
    if os.geteuid() != 0:
        return "it needs root"
    for program in ["unshare", "ip", "podman" if engine == "podman" else "dockerd", "runc"]:
        if not which(program):
            return f"there is no {program}"
    if isolation == "gvisor" and not which("runsc"):
        return "there is no runsc"
    if config == "podman userns" and not any(
        line.startswith("containers:") for line in pathlib.Path("/etc/subuid").read_text().splitlines()
    ):
        return f"/etc/subuid and /etc/subgid have no line {SUBID}"
    return None


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("engine", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(self.path)


class Engine:
    """One that runs. `logs` matches the files in which it keeps what containers print."""

    def __init__(self, config, folder, process, socket_path, logs):
        self.config, self.folder, self.process, self.socket, self.logs = config, folder, process, socket_path, logs
        self.runtime = "runsc" if config == "docker gvisor" else ""

    def call(self, method, path, body=None, kind="application/json"):
        connection = UnixConnection(self.socket)
        connection.request(method, path, body, {"Content-Type": kind})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, text

    def inside(self, *words, **more):
        """A command in the engine's network namespace."""
        return ["nsenter", f"--net=/proc/{self.process.pid}/ns/net", *words]


def runsc_wrapper(folder):
    """Without VMX only ptrace is left; limits are the cgroup's, so it may not pass them over."""
    script = folder / "runsc"
    script.write_text(f'#!/bin/sh\nexec {which("runsc")} --platform=ptrace --ignore-cgroups=false --network=none "$@"\n')
    script.chmod(0o755)
    return script


def podman_words(folder, config):
    containers = 'userns = "auto:size=65536"' if config.endswith("userns") else ""
    runtime = "runsc" if config.endswith("gvisor") else "runc"
    (folder / "containers.conf").write_text(
        PODMAN_CONF.format(containers=containers, runtime=runtime, runsc=runsc_wrapper(folder))
    )
    (folder / "storage.conf").write_text(
        f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/storage"\nrunroot = "{folder}/run"\n'
    )
    return ["podman", "--root", f"{folder}/storage", "--runroot", f"{folder}/run", "--tmpdir", f"{folder}/tmp",
            "system", "service", "--time=0", f"unix://{folder}/api.sock"]


def docker_words(folder, config):
    words = ["dockerd", "--iptables=false", "--ip6tables=false", "--bridge=none", "--data-root", f"{folder}/storage",
             "--exec-root", f"{folder}/run", "-H", f"unix://{folder}/api.sock", "--pidfile", f"{folder}/pid",
             "--default-ulimit", "nofile=1024:1024", "--default-ulimit", "nproc=1000:1000",
             "--add-runtime", f"runsc={runsc_wrapper(folder)}"]
    return words + (["--userns-remap=default"] if config.endswith("userns") else [])


def answers(path):
    try:
        connection = UnixConnection(path)
        connection.request("GET", "/_ping")
        return connection.getresponse().status == 200
    except OSError:
        return False


def unmount_below(folder):
    for line in reversed(pathlib.Path("/proc/self/mounts").read_text().splitlines()):
        where = line.split()[1]
        if where.startswith(str(folder) + "/"):
            subprocess.run(["umount", "-l", where], check=False, env={"PATH": PATH})


@contextlib.contextmanager
def running(config):
    """An engine, ended with all that it made."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bourse-hostile-", dir="/tmp"))
    folder.chmod(0o711)  # a remapped root must be able to pass
    words = (podman_words if config.startswith("podman") else docker_words)(folder, config)
    env = {"PATH": PATH, "HOME": str(folder), "CONTAINERS_CONF": f"{folder}/containers.conf",
           "CONTAINERS_STORAGE_CONF": f"{folder}/storage.conf"}
    setup = f'ip link set lo up && ip address add {HOST_ADDRESS}/32 dev lo && cd {folder} && exec "$@"'
    with open(folder / "engine.log", "w", encoding="utf-8") as log:
        process = subprocess.Popen(["unshare", "-n", "sh", "-c", setup, "sh", *words], env=env, stdout=log, stderr=log)
    try:
        for _ in range(300):
            if answers(f"{folder}/api.sock"):
                break
            assert process.poll() is None, (folder / "engine.log").read_text()[-2000:]
            time.sleep(0.1)
        else:
            raise AssertionError("the engine did not answer: " + (folder / "engine.log").read_text()[-2000:])
        logs = "storage/**/ctr.log" if config.startswith("podman") else "storage/**/*-json.log*"
        yield Engine(config, folder, process, f"{folder}/api.sock", logs)
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
        unmount_below(folder)
        shutil.rmtree(folder, ignore_errors=True)


def agent(engine, state, *words, timeout=200):
    """bourse-agent selftest on an engine: exit code, rows {probe: (verdict, what, detail)}, facts."""
    program = pathlib.Path(os.environ["BOURSE_BUILD"]) / "bourse-agent"
    env = {"PATH": PATH, "BOURSE_AGENT_ENGINE": engine.socket, "BOURSE_AGENT_RUNTIME": engine.runtime,
           **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}}
    done = subprocess.run([program, "selftest", "--state", str(state), *words], env=env, capture_output=True, text=True,
                          timeout=timeout, check=False)
    rows, facts = {}, {}
    for line in done.stdout.splitlines():
        parts = line.split("\t")
        if len(parts) == 4:
            rows[parts[0]] = tuple(parts[1:])
        elif len(parts) == 2:
            facts[parts[0]] = parts[1]
    assert rows, done.stdout + done.stderr
    return done.returncode, rows, facts


def canonical(value):
    return json.dumps(value, separators=(",", ":")).encode()
