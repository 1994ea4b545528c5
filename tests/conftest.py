"""One finished run of the tiny pipeline, shared by the tests of the workflow and of its faults."""

from pathlib import Path

import pytest

from pipeline import copy_project, snakemake


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder in which the tiny pipeline ran to its end."""
    folder = copy_project(tmp_path_factory.mktemp("project"))
    snakemake(folder, "--cores", "2")
    return folder
