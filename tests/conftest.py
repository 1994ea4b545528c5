"""What tests all over share: one finished run of the tiny pipeline, a small disk, a locked folder."""

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
    """A project folder in which the tiny pipeline ran to its end."""
    folder = copy_project(tmp_path_factory.mktemp("project"))
    snakemake(folder, "--cores", "2")
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
