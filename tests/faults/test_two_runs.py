"""Two runs in one folder, and a run after one that was killed as a whole."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from pipeline import copy_project, snakemake


def test_the_second_of_two_runs_says_so_and_leaves(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    command = "-m snakemake all_prepare_crystals --cores 1 --configfile config/test.yaml"
    first = subprocess.Popen(
        [sys.executable, *command.split()],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project / "src"), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not any((project / ".snakemake/locks").glob("*")):
        assert first.poll() is None
        time.sleep(0.02)
    os.killpg(first.pid, signal.SIGSTOP)  # so that it is still there, however slow the second one is
    printed = snakemake(project, "all_prepare_crystals", "--cores", "1", check=False)
    assert "Directory cannot be locked" in printed
    assert not list(project.glob("results/test/crystals/*/prepared/records.parquet"))
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    # the lock of a run that was killed is no obstacle
    printed = snakemake(project, "all_prepare_crystals", "--cores", "1")
    assert "the run that locked this folder is dead; its lock is released" in printed
    assert list(project.glob("results/test/crystals/*/prepared/records.parquet"))
