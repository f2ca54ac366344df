# SPDX-License-Identifier: Apache-2.0
"""Slurm for a measurement: munged, slurmctld and slurmd on loopback, with all they keep in one folder.

No accounting, no cgroups, no waiting between two looks at the queue: as quick as its settings make it."""

import os
import pathlib
import subprocess

from tests.outside.process import Process, free_port, wait_for

CONF = """ClusterName=bench
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={ctld_port}
SlurmdPort={slurmd_port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmUser=root
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
StateSaveLocation={folder}/ctld
SlurmdSpoolDir={folder}/spool
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
PropagateResourceLimits=NONE
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_min_interval=2,sched_interval=1,default_queue_depth=1000
ReturnToService=2
SlurmdTimeout=30
KillWait=5
NodeName=localhost NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=1000
PartitionName=main Nodes=localhost Default=YES MaxTime=INFINITE State=UP
"""


class Slurm:
    def __init__(self, folder, cpus):
        self.folder, self.cpus = pathlib.Path(folder), cpus
        self.started, self.number = [], 0
        self.env = {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf")}

    def _start(self, *words):
        self.started.append(Process(words, self.folder / f"{words[0]}.log", {"SLURM_CONF": self.env["SLURM_CONF"]}))

    def __enter__(self):
        for name in ("ctld", "spool"):
            (self.folder / name).mkdir(parents=True)
        self.folder.chmod(0o700)
        (self.folder / "key").write_bytes(os.urandom(128))
        (self.folder / "key").chmod(0o600)
        (self.folder / "slurm.conf").write_text(CONF.format(
            folder=self.folder, ctld_port=free_port(), slurmd_port=free_port(), cpus=self.cpus))
        try:
            self._start("munged", "--foreground", "--force", f"--key-file={self.folder}/key",
                        f"--socket={self.folder}/munge.socket", f"--pid-file={self.folder}/munge.pid",
                        f"--log-file={self.folder}/munge.log", f"--seed-file={self.folder}/munge.seed")
            wait_for("munged", lambda: (self.folder / "munge.socket").exists(), 20)
            self._start("slurmctld", "-D", "-c")
            self._start("slurmd", "-D", "-N", "localhost")
            wait_for("an idle node of Slurm", lambda: "idle" in self.say("sinfo", "-h", "-o", "%t"), 60, pause=0.3)
        except BaseException:
            for process in self.started:
                print(process.tail(10))
            self.__exit__()
            raise
        return self

    def __exit__(self, *_failure):
        for process in reversed(self.started):
            process.stop(10)

    def say(self, *words):
        return subprocess.run(words, env=self.env, capture_output=True, text=True, check=False).stdout

    def submit(self, command):
        """One job; the file to which it will write what it says."""
        self.number += 1
        out = self.folder / f"out-{self.number}"
        told = subprocess.run(["sbatch", "-Q", "-n", "1", "-o", out, "--wrap", command], env=self.env,
                              capture_output=True, text=True, check=False, cwd=self.folder)
        assert told.returncode == 0, told.stderr
        return out
