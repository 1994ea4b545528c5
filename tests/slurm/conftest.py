"""A real one-node SLURM, the project's own workflow in it, and the same run without SLURM."""

from collections.abc import Iterator

import pytest

from pipeline import cannot
from slurm.cluster import Cluster, missing, running_cluster


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster for the session; its node pretends to be large, so that the profile's requests fit."""
    if reason := missing():
        cannot(f"no throw-away SLURM here: {reason}")
    with running_cluster(tmp_path_factory.mktemp("slurm") / "cluster", cpus=32, memory=128000) as started:
        yield started
