"""Space group, Wyckoff letters, and the standard cells of a crystal (spglib)."""

from collections import Counter
from typing import NamedTuple

import numpy as np
import spglib
from pymatgen.io.cif import CifWriter

from groundstate.crystals.crystal import Crystal, chemical_symbols
from groundstate.crystals.lattice import SpglibCell, spglib_cell
from groundstate.crystals.structures import to_structure

SYMPREC = 0.1  # angstrom; what the Materials Project names its relaxed crystals by


class SpaceGroup(NamedTuple):
    """Symmetry of a crystal to ``symprec`` (angstrom).

    ``wyckoff`` names the orbits of the conventional cell by element, such as ``Na 4a, Cl 4b``;
    ``conventional`` and ``primitive`` are the standard cells with every atom on its place.
    """

    number: int
    symbol: str
    wyckoff: str
    symprec: float
    conventional: Crystal
    primitive: Crystal


def find_space_group(crystal: Crystal, symprec: float = SYMPREC) -> SpaceGroup | None:
    """Find the symmetry of a crystal; None where spglib finds no consistent one at this ``symprec``."""
    cell = spglib_cell(crystal)
    found = spglib.get_symmetry_dataset(cell, symprec=symprec)
    conventional = spglib.standardize_cell(cell, to_primitive=False, symprec=symprec)
    primitive = spglib.standardize_cell(cell, to_primitive=True, symprec=symprec)
    if found is None or conventional is None or primitive is None:
        return None
    return SpaceGroup(
        int(found.number),
        str(found.international),
        _wyckoff(found, crystal.atomic_numbers, len(conventional[2])),
        symprec,
        _crystal(crystal.id, conventional),
        _crystal(crystal.id, primitive),
    )


def _crystal(name: str, cell: SpglibCell) -> Crystal:
    lattice, places, numbers = cell
    return Crystal(name, np.asarray(numbers, dtype=int), np.asarray(places) % 1.0, np.asarray(lattice))


def _wyckoff(found: spglib.SpglibDataset, numbers: np.ndarray, conventional: int) -> str:
    """Name each orbit by element, multiplicity in the conventional cell and letter; in order of letters."""
    orbits = []
    for atom, size in Counter(found.crystallographic_orbits.tolist()).items():  # named by its first atom
        multiplicity = round(size * conventional / len(numbers))
        orbits.append((str(found.wyckoffs[atom]), multiplicity, chemical_symbols[int(numbers[atom])]))
    return ", ".join(f"{symbol} {count}{letter}" for letter, count, symbol in sorted(orbits))


def symmetrised_cif(crystal: Crystal, symprec: float = SYMPREC) -> str:
    """Write the conventional cell as CIF with its symmetry operations and one atom of each orbit."""
    text = str(CifWriter(to_structure(crystal), symprec=symprec))
    lines = text.splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("data_"))
    lines[start] = "data_" + "".join(sign if "!" <= sign <= "~" else "_" for sign in crystal.id)
    return "\n".join(lines) + "\n"
