"""What tests all over share: one finished run of the tiny pipeline, a small disk, a locked folder."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import cannot, copy_project, snakemake


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which the tiny pipeline ran to its end: one run for all test processes, a copy each."""
    own, base = tmp_path_factory.mktemp("project"), tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return _run(own)
    shared = base.parent / "finished"
    with (base.parent / "finished.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shared.exists():
            _run(base / "first").rename(shared)
    return Path(shutil.copytree(shared, own, symlinks=True, dirs_exist_ok=True))


def _run(folder: Path) -> Path:
    snakemake(copy_project(folder), "--cores", "2")
    return folder


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 512 kB."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", folder]
    if subprocess.run(command, capture_output=True).returncode:
        cannot("a small disk needs the right to mount a tmpfs")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.fixture
def locked_folder() -> Iterator[Path]:
    """A folder that user 65534 can see and not write to (root ignores permission bits)."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        cannot("becoming an unprivileged user needs root and setpriv")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
