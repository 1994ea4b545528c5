"""A finished tiny project that the tests of this folder may kill, and the commands of its stages."""

import hashlib
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.stages import Stages, stage_commands
from sources.conftest import Server


@pytest.fixture(scope="session")
def commands(finished: Path) -> Iterator[dict[str, list[str]]]:
    """Rule -> arguments, and ``download``: a data file of the project from a slow server."""
    found = stage_commands(finished)
    server = Server()
    server.data = (finished / "tests/data/flla_rows.tar.gz").read_bytes()
    server.script = [("slow", 0.2)] * 10_000
    threading.Thread(target=server.serve_forever, daemon=True).start()
    output = "data/test/tiny_crystals/flla_rows.tar.gz"
    checksum = f"sha256:{hashlib.sha256(server.data).hexdigest()}"
    found["download"] = ["fetch", "--kind", "url", "--location", server.url, "--checksum", checksum]
    found["download"] += ["--output", output]
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def _server(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    folder = tmp_path_factory.mktemp("faults") / "project"
    shutil.copytree(finished, folder, symlinks=True)
    started = Stages(folder)
    yield started
    started.close()


@pytest.fixture
def stages(_server: Stages, finished: Path) -> Stages:
    """A copy of the finished project, as it was, whose stages can be run one by one."""
    for part in ("results", "data"):
        shutil.rmtree(_server.project / part)
        shutil.copytree(finished / part, _server.project / part, symlinks=True)
    return _server
