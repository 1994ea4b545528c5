"""Every stage on a full and on a read-only disk: a sentence, status 2, nothing half-written."""

import contextlib
import os
import subprocess
from pathlib import Path

import pytest

from faults.stages import Stages
from faults.test_kills import STAGES
from results import contents

OUTPUTS = ("--output", "--output-dir", "--cif-dir")


def on_disk(arguments: list[str], disk: Path) -> list[str]:
    """The command with its outputs moved to ``disk``."""
    moved = list(arguments)
    for index, word in enumerate(arguments):
        if word in OUTPUTS:
            moved[index + 1] = str(disk / arguments[index + 1])
    return moved


def assert_refused(stages: Stages, arguments: list[str], sentence: str) -> None:
    status, log, _ = stages.run(arguments)
    assert status == 2, log
    assert log.splitlines()[-1].startswith("error: ") and sentence in log.splitlines()[-1]
    assert "Traceback" not in log


QUICK = ("download", "prepare_crystals", "score_validity")
ALL_STAGES = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in STAGES]


@pytest.mark.parametrize("name", ALL_STAGES)
def test_a_full_disk_ends_a_stage_with_a_sentence(
    stages: Stages, commands: dict[str, list[str]], finished: Path, small_disk: Path, name: str
) -> None:
    with (small_disk / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while filler.write(bytes(4096)):
            pass
    os.truncate(small_disk / "filler", (small_disk / "filler").stat().st_size - 8192)  # room to begin
    assert_refused(stages, on_disk(commands[name], small_disk), "no space left")
    (small_disk / "filler").unlink()
    whole = contents(finished)
    for path, content in contents(small_disk).items():
        assert content == whole[path]


@pytest.mark.parametrize("name", ALL_STAGES)
def test_a_read_only_disk_ends_a_stage_with_a_sentence(
    stages: Stages, commands: dict[str, list[str]], small_disk: Path, name: str
) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert_refused(stages, on_disk(commands[name], small_disk), "read-only")
    assert not list(small_disk.iterdir())
