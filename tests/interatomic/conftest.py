"""Small structures labelled by an independent potential (ASE's EMT)."""

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.io import write


def labelled(atoms: Atoms) -> Atoms:
    atoms.calc = EMT()
    atoms.get_forces()
    return atoms


@pytest.fixture(scope="session")
def copper_gold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 rattled cells of CuAu and the two isolated atoms, as extxyz with EMT's energies and forces."""
    rng = np.random.default_rng(0)
    frames = []
    for number in range(40):
        atoms = bulk("Cu", cubic=True) if number % 2 else bulk("Cu", "fcc", 3.8, cubic=True)
        atoms.numbers[: 1 + number % 3] = 79
        atoms.positions += 0.15 * rng.normal(size=(len(atoms), 3))
        atoms.info["group"] = "odd" if number % 2 else "even"
        atoms.info["id"] = f"cell-{number}"
        frames.append(labelled(atoms))
    for symbol in ("Cu", "Au"):
        alone = Atoms(symbol, [[0, 0, 0]])
        alone.info["id"] = f"atom-{symbol}"
        frames.append(labelled(alone))
    path = tmp_path_factory.mktemp("emt") / "cuau.xyz"
    write(path, frames, format="extxyz")
    return path
