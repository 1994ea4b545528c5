"""What is scored need not be good."""

from pathlib import Path

import pytest

from untrained import write_untrained


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two seeds of a small potential for hydrogen and oxygen."""
    folder = tmp_path_factory.mktemp("potential")
    return [write_untrained(folder / f"{seed}.ckpt", seed, repulsion=False) for seed in range(2)]
