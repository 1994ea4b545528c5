"""Crystals that a user hands over: pymatgen structures and periodic ASE atoms."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from groundstate.api.inputs import is_crystal
from groundstate.crystals.crystal import Crystal, fault
from groundstate.molecules.mols import RecordError
from groundstate.records import Rejection


def crystals_of(things: Iterable[tuple[str, Any]]) -> tuple[list[Crystal], list[Rejection]]:
    """Make crystals of named pymatgen structures or periodic ASE atoms, and say which of them are none."""
    crystals: list[Crystal] = []
    rejections, seen = [], set()
    for name, thing in things:
        try:
            crystal = _crystal(name, thing)
            reason = fault(crystal) or (
                "the id occurs twice; the first one is kept" if name in seen else None
            )
        except RecordError as error:
            reason = str(error)
        if reason is None:
            crystals.append(crystal)
            seen.add(name)
        else:
            rejections.append(Rejection(name, "read", reason))
    return crystals, rejections


def _crystal(name: str, thing: Any) -> Crystal:  # noqa: ANN401 -- whatever a user hands over
    if hasattr(thing, "get_scaled_positions") and is_crystal(thing):
        scaled = thing.get_scaled_positions(wrap=False)
        return Crystal(name, np.asarray(thing.numbers), np.asarray(scaled), thing.cell.array.copy())
    if hasattr(thing, "lattice") and hasattr(thing, "frac_coords"):
        if not thing.is_ordered:
            raise RecordError("has partly occupied sites; order them first")
        numbers = np.array([site.specie.Z for site in thing])
        return Crystal(name, numbers, np.asarray(thing.frac_coords), np.asarray(thing.lattice.matrix))
    raise RecordError(f"{type(thing).__name__} is no pymatgen Structure and no periodic ASE Atoms")
