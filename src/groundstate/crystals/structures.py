"""Anybody's crystals as pymatgen structures: extended XYZ, CIF (file, folder, archive), CSV, records."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pymatgen.core import Element, Lattice, Structure

from groundstate.crystals.crystal import Crystal, fault, from_record
from groundstate.crystals.dataset.readers import READERS
from groundstate.errors import GroundstateError
from groundstate.records import CRYSTAL_SCHEMA, Rejection, read_records, read_split

SUFFIXES = {
    ".extxyz": "extxyz",
    ".xyz": "extxyz",
    ".cif": "cif",
    ".cif.gz": "cif",
    ".zip": "cif",
    ".tar.gz": "cif",
    ".csv": "csv",
    ".csv.gz": "csv",
}


class NamedStructure(NamedTuple):
    """An ordered periodic structure and the id that it keeps through every stage."""

    id: str
    structure: Structure


def to_structure(crystal: Crystal) -> Structure:
    """Return the pymatgen form of a crystal."""
    species = [Element.from_Z(int(z)) for z in crystal.atomic_numbers]
    return Structure(Lattice(crystal.lattice), species, crystal.frac_coords)


def _records(path: Path) -> Iterator[Crystal | Rejection]:
    return map(from_record, read_records(path, CRYSTAL_SCHEMA))


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
        The file is absent, empty, cut, of an unknown kind, holds no crystal, or an id occurs twice.
    """
    path = Path(path)
    if not path.exists():
        raise GroundstateError(f"{path}: no such file or folder")
    systems = None if elements is None else list(elements)
    structures: list[NamedStructure] = []
    rejections: list[Rejection] = []
    seen: set[str] = set()
    for item in _reader(path)(path):
        if item.id in seen:
            raise GroundstateError(f"{path}: the id {item.id!r} occurs twice; ids must be unique")
        seen.add(item.id)
        reason = item.reason if isinstance(item, Rejection) else fault(item)
        if reason is not None:
            rejections.append(Rejection(item.id, "read", reason))
        elif systems is None or any(system.issuperset(item.atomic_numbers.tolist()) for system in systems):
            structures.append(NamedStructure(item.id, to_structure(item)))
    if not seen:
        raise GroundstateError(f"{path}: holds no crystal")
    return structures, rejections


def read_part(path: Path, splits: Path | None, parts: tuple[str, ...]) -> list[NamedStructure]:
    """Return the readable crystals of a file; with a file of ``splits`` those of the given parts."""
    crystals, _ = read_structures(path)
    if splits is None:
        return crystals
    chosen = {name for part in parts for name in read_split(splits, "random", part)}
    return [crystal for crystal in crystals if crystal.id in chosen]


def _reader(path: Path) -> Callable[[Path], Iterator[Crystal | Rejection]]:
    if path.is_dir():
        return READERS["cif"]
    if path.name.endswith(".parquet"):
        return _records
    for suffix, kind in SUFFIXES.items():
        if path.name.lower().endswith(suffix):
            return READERS[kind]
    raise GroundstateError(
        f"{path}: unknown kind of crystal file; allowed: {', '.join(SUFFIXES)}, .parquet, a folder of CIFs"
    )
