"""Real rows, and random crystals."""

from pathlib import Path

import numpy as np
import pytest

from groundstate.crystals.crystal import Crystal
from groundstate.crystals.dataset.readers.flla import read_flla
from groundstate.crystals.lattice import cell_from_parameters

ROWS = Path(__file__).parents[1] / "data/flla_rows.tar.gz"


@pytest.fixture(scope="session")
def real() -> list[Crystal]:
    """The committed Materials Project rows."""
    return [item for item in read_flla(ROWS) if isinstance(item, Crystal)]


@pytest.fixture(scope="session")
def random_crystals() -> list[Crystal]:
    """Cells of every shape with elements from the whole table, four of each at most."""
    generator = np.random.default_rng(0)
    crystals = []
    while len(crystals) < 60:
        parameters = np.concatenate([generator.uniform(2, 20, 3), generator.uniform(25, 155, 3)])
        lattice = cell_from_parameters(parameters)
        if not np.all(np.isfinite(lattice)) or np.linalg.det(lattice) < 5:
            continue
        kinds = generator.integers(1, 119, generator.integers(1, 7))
        numbers = np.repeat(kinds, generator.integers(1, 5, len(kinds)))
        numbers = np.concatenate([np.full(min(4, (numbers == z).sum()), z) for z in np.unique(numbers)])
        generator.shuffle(numbers)
        frac = generator.uniform(-2, 2, (len(numbers), 3))
        crystals.append(Crystal(f"random-{len(crystals)}", numbers, frac, lattice))
    return crystals
