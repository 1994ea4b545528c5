"""One tiny model of each kind for all tests of the room."""

from pathlib import Path

import pytest

from trained import crystal_checkpoint, geometry_checkpoint


@pytest.fixture(scope="session")
def geometry_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return geometry_checkpoint(tmp_path_factory.mktemp("geometry"))


@pytest.fixture(scope="session")
def crystal_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return crystal_checkpoint(tmp_path_factory.mktemp("crystals"))
