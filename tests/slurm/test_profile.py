"""What Snakemake makes of the profiles: the values that a run would really have."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import planned, snakemake

ROOT = Path(__file__).parents[2]
READ_BACK = """
import json, sys
from snakemake.cli import parse_args
_, args = parse_args(["-n", *sys.argv[1:]])
names = "executor retries jobs cores rerun_incomplete max_checksum_file_size".split()
status = args.slurm_status_command if args.executor == "slurm" else None
print(json.dumps({"status": status, **{name: getattr(args, name) for name in names}}))
"""


def effective(*arguments: str) -> dict:
    command = [sys.executable, "-c", READ_BACK, *arguments]
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def local() -> dict:
    return effective()


@pytest.fixture(scope="module")
def slurm() -> dict:
    return effective("--workflow-profile", "profiles/slurm")


def test_the_slurm_profile_is_what_a_run_gets(slurm: dict) -> None:
    assert slurm["executor"] == "slurm"
    assert (slurm["retries"], slurm["jobs"], slurm["cores"]) == (3, 100, None)
    assert slurm["status"] == "squeue"


def test_what_decides_reruns_is_the_same_in_both(slurm: dict, local: dict) -> None:
    assert local["executor"] is None and local["retries"] == 0
    for name in ("rerun_incomplete", "max_checksum_file_size"):
        assert slurm[name] == local[name]


def test_no_rule_retries_by_itself() -> None:
    """A rule's own retries would run again inside the allocation that was too small."""
    for path in (ROOT / "workflow").rglob("*.smk"):
        assert "retries" not in path.read_text()


def test_a_dry_run_on_a_cluster_plans_the_same_jobs() -> None:
    """No cores are given there: nothing may depend on their number."""
    command = ["-m", "snakemake", "--workflow-profile", "profiles/slurm", "--configfile", "config/test.yaml"]
    done = subprocess.run(
        [sys.executable, *command, "-n", "--forceall"], cwd=ROOT, text=True, capture_output=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert planned(done.stdout) == planned(snakemake(ROOT, "--cores", "2", "-n", "--forceall"))
