"""Copies of the project, real Snakemake runs in them, what a dry run plans; checks that cannot run."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).parents[1]
PARTS = ("Snakefile", "workflow", "profiles", "envs", "config", "src", "tests/data")


def cannot(reason: str) -> NoReturn:
    """Skip with a sentence; the submission check sets REQUIRE_FAULT_TESTS, and then it is a failure."""
    (pytest.fail if os.environ.get("REQUIRE_FAULT_TESTS") else pytest.skip)(reason)


def copy_project(target: Path) -> Path:
    """Copy what a run needs, without results, to ``target``."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(
                source,
                target / part,
                ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "cases", "molecule_cases"),
            )
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / part)
    return target


def snakemake(folder: Path, *arguments: str, check: bool = True, config: str = "config/test.yaml") -> str:
    """Run Snakemake in ``folder`` on the copy's own sources; gives what it printed, both streams."""
    command = [sys.executable, "-m", "snakemake", *arguments, "--configfile", config]
    environment = {**os.environ, "PYTHONPATH": str(folder / "src"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if check and done.returncode:
        raise AssertionError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-6000:]}")
    return done.stdout


def planned(output: str) -> dict[str, int]:
    """Jobs by rule that a dry run would start; gathering rules left out."""
    table = re.search(r"^job +count\n-+ +-+\n(.*?)^total", output, re.MULTILINE | re.DOTALL)
    if table is None:
        assert "Nothing to be done" in output, output
        return {}
    rows = (line.split() for line in table[1].splitlines())
    return {rule: int(count) for rule, count in rows if not rule.startswith("all")}
