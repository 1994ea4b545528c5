"""The revised MD17 trajectories (Christensen, von Lilienfeld 2020): one molecule an ``.npz``."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from ase import Atoms, units

from groundstate.errors import GroundstateError
from groundstate.sources.archives import read_members

KCAL = units.kcal / units.mol  # eV
ENDINGS = (".npz", ".tar.bz2", ".tar.gz")
ARRAYS = ("nuclear_charges", "coords", "energies", "forces")


def read_rmd17(path: Path) -> Iterator[tuple[str, Atoms, float, np.ndarray]]:
    """Read ``NAME.npz``, or the member of that name of the archive ``NAME.tar.bz2``.

    Yields id, structure, energy (eV) and forces (n, 3) (eV/angstrom), in the order of the file, which is that
    of no trajectory.

    Raises ``GroundstateError`` where the file, the member or an array of it is absent or of another shape.
    """
    name = path.name.split(".")[0]
    numbers, positions, energies, forces = _arrays(path, name)
    for index, (place, energy, force) in enumerate(zip(positions, energies, forces, strict=True)):
        yield f"{name}-{index}", Atoms(numbers, positions=place), float(energy) * KCAL, force * KCAL


def _arrays(path: Path, name: str) -> list[np.ndarray]:
    try:
        if path.suffix == ".npz":
            content = path.read_bytes()
        else:
            members = read_members(path, f"{name}.npz")
            content = next((stream.read() for _, stream in members), b"")
            members.close()
        if not content:
            raise GroundstateError(
                f"{path}: holds no {name}.npz; give the file the name of its molecule, such as "
                "rmd17_ethanol.tar.bz2"
            )
        with np.load(io.BytesIO(content), allow_pickle=False) as loaded:
            numbers, positions, energies, forces = (np.asarray(loaded[key]) for key in ARRAYS)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise GroundstateError(
            f"{path}: no trajectory of rMD17 ({error}); it has {', '.join(ARRAYS)}"
        ) from None
    shape = (len(energies), len(numbers), 3)
    if positions.shape != shape or forces.shape != shape:
        raise GroundstateError(
            f"{path}: its coords are {positions.shape} and forces {forces.shape}, not {shape}"
        )
    return [numbers.astype(int), positions, energies, forces]
