"""The lock of a dead run is released; that of a living one, of another machine or of nobody stays."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from groundstate.locks import LOCKS, OWNERS, _identity, register_run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A locked working folder."""
    (tmp_path / LOCKS).mkdir(parents=True)
    (tmp_path / LOCKS / "0.input.lock").touch()
    return tmp_path


def owner(folder: Path, name: str, **facts: object) -> None:
    (folder / OWNERS).mkdir(parents=True, exist_ok=True)
    (folder / OWNERS / f"{name}.json").write_text(json.dumps(facts))


def dead_process() -> int:
    return int(
        subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True).stdout
    )


def test_the_lock_of_a_dead_run_is_released(folder: Path) -> None:
    owner(folder, "1", host=socket.gethostname(), process=dead_process(), started="1")
    assert "is dead; its lock is released" in register_run(folder)
    assert not (folder / LOCKS).exists()
    assert [path.stem for path in (folder / OWNERS).iterdir()] == [str(os.getpid())]
    assert register_run(folder) is None


def test_a_later_process_with_the_same_number_is_not_the_owner(folder: Path) -> None:
    owner(folder, "1", host=socket.gethostname(), process=os.getppid(), started="1")
    assert register_run(folder)


def test_the_lock_of_a_living_run_stays(folder: Path) -> None:
    owner(folder, "1", **_identity(os.getppid()))
    owner(folder, "2", host=socket.gethostname(), process=dead_process(), started="1")
    assert register_run(folder) is None
    assert (folder / LOCKS / "0.input.lock").exists()


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({}, "None"),
        ({"host": 3}, "None"),
        ({"host": "node7", "process": 1, "started": "1"}, "a run on node7 may have locked"),
    ],
)
def test_a_lock_whose_owner_cannot_be_seen_stays(folder: Path, facts: dict, sentence: str) -> None:
    if facts:
        owner(folder, "1", **facts)
    assert sentence in str(register_run(folder))
    assert (folder / LOCKS / "0.input.lock").exists()
