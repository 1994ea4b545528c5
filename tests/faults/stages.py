"""The commands that the rules of a finished project run, and a way to run, kill and undo them."""

import itertools
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from pipeline import snakemake

# later stages write into the folder of a training, too
TRAINED = {"best.ckpt", "last.ckpt", "training.csv", "provenance.json"}
SERVER = Path(__file__).with_name("fork_server.py")


def stage_commands(project: Path) -> dict[str, list[str]]:
    """Rule -> arguments of ``groundstate``, exactly as Snakemake would run them."""
    printed = snakemake(project, "--cores", "2", "--forceall", "-n", "-p")
    commands = {}
    for line in re.findall(r"^Shell command: +groundstate (.*?) 2>&1 \| tee ", printed, re.MULTILINE):
        arguments = shlex.split(line)
        words = [word for word in arguments[:2] if not word.startswith("-")]
        commands.setdefault("_".join(words), arguments)
    return commands


def outputs(project: Path, arguments: list[str]) -> list[Path]:
    """Files and folders that a command writes."""
    found = []
    for option, value in itertools.pairwise(arguments):
        path = project / value
        if option == "--output" and path.suffix:
            found += [path, path.with_suffix(".rejected.csv")] if path.suffix == ".sdf" else [path]
        elif option == "--cif-dir":
            found.append(path)
        elif option in ("--output", "--output-dir") and path.is_dir():
            files = [inner for inner in path.iterdir() if inner.is_file()]
            found += [one for one in files if arguments[0] != "train" or one.name in TRAINED]
    return [path for path in found if path.exists()]


def work_folders(project: Path) -> list[Path]:
    """Rests of interrupted stages: unfinished trainings, finished shards, temporary files, cut downloads."""
    found = (path for part in ("results", "data") for path in (project / part).rglob("*"))
    rests = (path for path in found if path.name.startswith(".") or ".part" in path.name)
    return [path for path in rests if path.name != ".snakemake_timestamp"]


def remove(paths: list[Path]) -> None:
    for path in paths:  # one may have gone with its folder
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


class Stages:
    """Runs commands in ``project``, one at a time, each as the leader of a process group."""

    def __init__(self, project: Path) -> None:
        self.project = project
        environment = {**os.environ, "PYTHONPATH": str(project / "src"), "OMP_NUM_THREADS": "1"}
        self.server = subprocess.Popen(
            [sys.executable, str(SERVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        assert self.server.stdout.readline() == "ready\n"

    def close(self) -> None:
        self.server.stdin.close()
        self.server.wait(30)

    def run(
        self,
        arguments: list[str],
        after: float | None = None,
        when: Callable[[], object] | None = None,
        how: signal.Signals = signal.SIGKILL,
    ) -> tuple[int, str, float]:
        """Status, output and seconds of a command.

        Its process group gets the signal ``how`` once it has run for ``after`` seconds, or once ``when()`` is
        true; the seconds then count from the signal. A status below zero is the signal that ended it.
        """
        log = self.project / "stage.log"
        request = {"arguments": arguments, "folder": str(self.project), "log": str(log)}
        self.server.stdin.write(json.dumps(request) + "\n")
        self.server.stdin.flush()
        process = int(self.server.stdout.readline())
        start = time.monotonic()
        alive = f"/proc/{process}/stat"
        if after is not None or when is not None:
            while not (when() if when else time.monotonic() - start >= after) and _runs(alive):
                time.sleep(0.005)
            start = time.monotonic()
            while _runs(alive):
                try:
                    os.killpg(process, how)
                    break
                except ProcessLookupError:  # not yet the leader of its group
                    time.sleep(0.002)
        status = int(self.server.stdout.readline())
        return status, log.read_text(), time.monotonic() - start


def _runs(stat: str) -> bool:
    try:
        return Path(stat).read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # gone before, or while, it was read
        return False
