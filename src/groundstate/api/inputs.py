"""Molecules and crystals as people hold them in Python, made into what the readers of files give."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import rdDetermineBonds

from groundstate.errors import GroundstateError
from groundstate.molecules.dataset.readers.entry import Entry, MoleculeRead
from groundstate.molecules.mols import RecordError, parse_smiles, set_positions, without_wavy_bonds

OBJECTS = ("lattice", "cart_coords", "get_positions")  # what tells one structure from many


def named(things: Any, kind: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Give each thing an id: its key in a mapping or a pandas Series, its own id, or ``kind`` and its number.

    One thing by itself counts as a list of one.
    """
    if isinstance(things, Mapping) or (hasattr(things, "items") and hasattr(things, "index")):
        yield from ((str(key), value) for key, value in things.items())
        return
    single = isinstance(things, str | Chem.Mol) or any(hasattr(things, name) for name in OBJECTS)
    if not single and not isinstance(things, Iterable):
        raise GroundstateError(f"{type(things).__name__}: no {kind} and no list of them")
    for number, thing in enumerate([things] if single else things, 1):
        yield _own_name(thing) or f"{kind}-{number}", thing


def _own_name(thing: object) -> str | None:
    """Return the id that an RDKit molecule, ASE atoms or a pymatgen structure carries."""
    if isinstance(thing, Chem.Mol):
        return next((thing.GetProp(key) for key in ("id", "_Name") if thing.HasProp(key)), "") or None
    about = getattr(thing, "info", None) or getattr(thing, "properties", None) or {}
    return str(about["id"]) if isinstance(about, Mapping) and about.get("id") not in (None, "") else None


def entries_of(molecules: object) -> Iterator[Entry]:
    """Make entries of SMILES, RDKit molecules, ASE atoms without a cell, or pymatgen molecules."""
    for name, thing in named(molecules, "molecule"):
        yield Entry(name, partial(_read, thing))


def _read(thing: Any) -> MoleculeRead:  # noqa: ANN401
    if isinstance(thing, str):
        return MoleculeRead(parse_smiles(thing), smiles=thing.split(maxsplit=1)[0])
    return MoleculeRead(molecule_of(thing))


def molecule_of(thing: Any) -> Chem.Mol:  # noqa: ANN401 -- whatever a user hands over
    """Make an RDKit molecule; bonds of bare atoms are perceived for their charge (0 where none is given).

    Raises ``RecordError`` where that is not possible.
    """
    if isinstance(thing, str):
        return parse_smiles(thing)
    if isinstance(thing, Chem.Mol):
        return without_wavy_bonds(thing)
    if hasattr(thing, "get_positions"):
        if any(thing.pbc):
            raise RecordError("has a periodic cell: it is a crystal, not a molecule")
        numbers, positions = thing.get_atomic_numbers(), thing.get_positions()
        return _with_bonds(numbers, positions, int(thing.info.get("charge", 0)))
    if hasattr(thing, "cart_coords") and not hasattr(thing, "lattice"):
        return _with_bonds(np.array(thing.atomic_numbers), thing.cart_coords, int(thing.charge))
    raise RecordError(f"{type(thing).__name__} is no SMILES, RDKit molecule, ASE Atoms or pymatgen Molecule")


def _with_bonds(numbers: np.ndarray, positions: np.ndarray, charge: int) -> Chem.Mol:
    mol = Chem.RWMol()
    for number in numbers:
        mol.AddAtom(Chem.Atom(int(number)))
    bare = set_positions(mol.GetMol(), positions)
    with rdBase.BlockLogs():
        try:
            rdDetermineBonds.DetermineBonds(bare, charge=charge)
        except (ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise RecordError(f"no bonds fit these atoms with charge {charge} ({reason})") from None
    return bare


def is_crystal(thing: Any) -> bool:  # noqa: ANN401
    """Tell a periodic structure from a molecule."""
    return hasattr(thing, "lattice") or (hasattr(thing, "pbc") and bool(np.all(thing.pbc)))
