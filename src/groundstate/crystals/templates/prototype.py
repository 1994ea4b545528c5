"""The kind of a crystal's structure as text: space group, and the orbits of each of its elements."""

from collections import Counter, defaultdict

import spglib

from groundstate.crystals.crystal import Crystal
from groundstate.crystals.lattice import spglib_cell

SYMPREC = 0.01  # angstrom


def content(crystal: Crystal) -> list[tuple[int, int]]:
    """Give the (atomic number, atoms in the cell) of each element, the rarest first, then by number."""
    counts = Counter(crystal.atomic_numbers.tolist())
    return sorted(counts.items(), key=lambda item: (item[1], item[0]))


def prototype(crystal: Crystal) -> str:
    """Name the kind of structure: space group number, then the orbits of each element as in ``content``.

    An orbit is its number of atoms in the cell and its site symmetry: ``225 1m-3m 1m-3m`` is rock salt. Two
    crystals of one kind may still differ, two of different kinds differ unless a symmetry is just missed.
    """
    found = spglib.get_symmetry_dataset(spglib_cell(crystal), symprec=SYMPREC)
    if found is None:
        return " ".join(["1", *(f"{count}" for _, count in content(crystal))])
    sizes = Counter(found.equivalent_atoms.tolist())
    orbits = defaultdict(list)
    for first, size in sizes.items():
        site = found.site_symmetry_symbols[first].replace(".", "")
        orbits[int(crystal.atomic_numbers[first])].append(f"{size}{site}")
    return " ".join([str(found.number), *("+".join(sorted(orbits[z])) for z, _ in content(crystal))])
