"""A throw-away SLURM of one node: real daemons on loopback, every file of theirs under one folder.

Needs the distribution's ``slurm-wlm`` and ``munge`` packages and root (slurmd starts jobs as their user);
``/etc`` is neither read nor written, no daemon of the system is used or touched, and ``stop`` ends exactly
the processes that ``start`` began.
"""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel")

CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={control_port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# a job that goes back to the queue waits as long as a credential lives, 120 s by default
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
AccountingStorageType=accounting_storage/none
# no cgroups: memory is sampled once a second and a job over its limit is killed
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill,UsePss
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0,defer_batch
# a job of a higher tier sends others back to the queue: SIGTERM, and SIGKILL after KillWait seconds
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
KillWait=10
MinJobAge=7200
ReturnToService=2
SlurmdParameters=config_overrides
MailProg=/bin/true
MpiDefault=none
SwitchType=switch/none
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} Gres=gpu:pretended:2 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP PriorityTier=1 DefMemPerCPU=500
PartitionName=urgent Nodes={host} MaxTime=INFINITE State=UP PriorityTier=100 DefMemPerCPU=500
"""


def missing() -> str:
    """Why no cluster can be started here; empty where one can."""
    absent = [name for name in PROGRAMS if _which(name) is None]
    if absent:
        return f"{', '.join(absent)} not installed (packages slurm-wlm and munge)"
    return "" if os.geteuid() == 0 else "slurmd needs root to start jobs"


def _which(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def wait_for(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Wait until ``condition()`` is true; an ``AssertionError`` names ``what`` after ``seconds``."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.2)


class Cluster:
    """One node with ``cpus`` and ``memory`` MB, two pretended GPUs, partitions ``main`` and ``urgent``."""

    def __init__(self, folder: Path, cpus: int = 4, memory: int = 16000) -> None:
        self.folder, self.processes = folder, []
        self.host = socket.gethostname().split(".")[0]
        control_port, node_port = _free_ports(2)
        for name in ("state", "spool", "bin"):
            (folder / name).mkdir(parents=True)
        self.configuration = folder / "slurm.conf"
        self.configuration.write_text(
            CONFIGURATION.format(
                folder=folder,
                host=self.host,
                control_port=control_port,
                node_port=node_port,
                cpus=cpus,
                memory=memory,
            )
        )
        # a GPU must name a device file; harmless ones stand in for the cards
        (folder / "gres.conf").write_text(
            f"NodeName={self.host} Name=gpu Type=pretended File=/dev/null,/dev/zero\n"
        )
        (folder / "cgroup.conf").write_text("")
        # the executor's job step drops SLURM_CONF before it calls srun: a srun that puts it back
        wrapper = folder / "bin/srun"
        wrapper.write_text(f'#!/bin/sh\nSLURM_CONF={self.configuration} exec {_which("srun")} "$@"\n')
        wrapper.chmod(0o755)
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("SLURM_")},
            "SLURM_CONF": str(self.configuration),
            # jobs inherit this PATH
            "PATH": f"{folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin:/sbin",
        }

    def call(self, *command: str) -> str:
        """Output of a SLURM command; raises ``CalledProcessError`` where it fails."""
        done = subprocess.run(command, env=self.environment, check=True, text=True, capture_output=True)
        return done.stdout.strip()

    def answers(self, *command: str) -> bool:
        """Whether a command succeeds."""
        return subprocess.run(command, env=self.environment, capture_output=True).returncode == 0

    def _daemon(self, *command: str) -> None:
        with (self.folder / f"{command[0]}.out").open("wb") as output:
            self.processes.append(
                subprocess.Popen(
                    [_which(command[0]), *command[1:]],
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # Ctrl-C is for the tests, which then stop the daemons in order
                )
            )

    def start(self) -> None:
        """Start munged, slurmctld and slurmd, each once the one before answers."""
        key = self.folder / "munge.key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o400)
        files = {
            "key-file": key,
            "socket": self.folder / "munge.socket",
            "pid-file": self.folder / "munged.pid",
        }
        files |= {"log-file": self.folder / "munged.log", "seed-file": self.folder / "munge.seed"}
        self._daemon("munged", "--force", "--foreground", *(f"--{k}={v}" for k, v in files.items()))
        wait_for(lambda: self.answers("munge", "-n", "-S", str(files["socket"])), 20, "munged")
        self._daemon("slurmctld", "-D", "-c")
        wait_for(lambda: self.answers("scontrol", "ping"), 30, "slurmctld")
        self._daemon("slurmd", "-D")
        wait_for(lambda: self.state() == "idle", 30, "slurmd")

    def stop(self) -> None:
        """Cancel every job of this cluster and end its daemons, the last started first."""
        if self.answers("scontrol", "ping"):
            names = {line for line in self.call("squeue", "-h", "-o", "%i").split()}
            if names:
                self.answers("scancel", "--signal=KILL", "--full", *names)
                self.answers("scancel", *names)
                with contextlib.suppress(AssertionError):
                    wait_for(lambda: not self.call("squeue", "-h", "-t", "R,CG,PD"), 20, "end of jobs")
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def state(self) -> str:
        """State of the node: idle, mixed, drained ..."""
        return self.call("sinfo", "-h", "-o", "%T").splitlines()[0]

    def drain(self) -> None:
        """Let the node finish its jobs and take no more."""
        self.call("scontrol", "update", f"NodeName={self.host}", "State=DRAIN", "Reason=test")

    def resume(self) -> None:
        """Let a drained node take jobs again."""
        self.call("scontrol", "update", f"NodeName={self.host}", "State=RESUME")

    def jobs(self) -> list[dict[str, str]]:
        """Every job that the controller remembers, with its fields as ``scontrol`` names them."""
        lines = self.call("scontrol", "--oneliner", "show", "jobs").splitlines()
        return [
            dict(field.split("=", 1) for field in line.split() if "=" in field)
            for line in lines
            if line.startswith("JobId=")
        ]


@contextlib.contextmanager
def running_cluster(folder: Path, **size: int) -> Iterator[Cluster]:
    """A started cluster under ``folder``, stopped when the block ends, however it ends."""
    cluster = Cluster(folder, **size)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # tests that are told to end end in order, too
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
