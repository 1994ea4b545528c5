"""Anybody's crystals as pymatgen structures: extended XYZ, CIF, POSCAR, CSV, records."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pymatgen.core import Element, Lattice, Structure

from groundstate.crystals.crystal import Crystal, fault
from groundstate.crystals.dataset.readers.formats import reader_of
from groundstate.crystals.dataset.record_file import ids_of_parts
from groundstate.errors import GroundstateError
from groundstate.names import line_fault
from groundstate.records import Rejection

STAGE = "read"


class NamedStructure(NamedTuple):
    """An ordered periodic structure and the id that it keeps through every stage."""

    id: str
    structure: Structure


def to_structure(crystal: Crystal) -> Structure:
    """Return the pymatgen form of a crystal."""
    species = [Element.from_Z(int(z)) for z in crystal.atomic_numbers]
    return Structure(Lattice(crystal.lattice), species, crystal.frac_coords)


def read_structures(
    path: str | Path, elements: Iterable[frozenset[int]] | None = None
) -> tuple[list[NamedStructure], list[Rejection]]:
    """Read every crystal of a file or folder, in order; the kind follows from the name.

    Parameters
    ----------
    elements
        Chemical systems as sets of atomic numbers: only crystals made of elements of one of them are kept.

    Returns
    -------
    The structures, and what could not be read as an ordered crystal, with the reason.

    Raises
    ------
    GroundstateError
        The file is absent, empty, of an unknown kind, or holds no crystal.
    """
    path = Path(path)
    systems = None if elements is None else list(elements)
    structures: list[NamedStructure] = []
    rejections: list[Rejection] = []
    seen: set[str] = set()
    for item in reader_of(path)(path):
        if isinstance(item, Rejection):
            rejections.append(Rejection(item.id, STAGE, item.reason))
        elif reason := line_fault(item.id) or fault(item):
            rejections.append(Rejection(item.id, STAGE, reason))
        elif item.id in seen:
            rejections.append(Rejection(item.id, STAGE, "the id occurs twice; the first one is kept"))
        elif systems is None or any(system.issuperset(item.atomic_numbers.tolist()) for system in systems):
            structures.append(NamedStructure(item.id, to_structure(item)))
        seen.add(item.id)
    if not seen:
        raise GroundstateError(f"{path}: holds no crystal")
    return structures, rejections


def read_part(
    path: Path, splits: Path | None, parts: tuple[str, ...]
) -> tuple[list[NamedStructure], list[Rejection]]:
    """Return the crystals of a file and what cannot be read; with ``splits`` those of the given parts.

    Raises ``GroundstateError`` also where the parts are empty, or name a crystal that the file lacks.
    """
    crystals, rejections = read_structures(path)
    if splits is None:
        return crystals, rejections
    present = {crystal.id for crystal in crystals} | {rejection.id for rejection in rejections}
    chosen = set(ids_of_parts(splits, parts, present, path))
    return (
        [crystal for crystal in crystals if crystal.id in chosen],
        [rejection for rejection in rejections if rejection.id in chosen],
    )
