"""One crystal as arrays, its checks, and its form as a record."""

import warnings
from typing import NamedTuple

import numpy as np
from ase.data import atomic_numbers as _NUMBER_OF
from ase.data import chemical_symbols
from pymatgen.core import Composition

MIN_VOLUME = 0.1  # cubic angstrom; the bound of the field's structural validity
MAX_NUMBER = 118
MAX_LENGTH = 10_000.0  # angstrom; a longer cell vector is no crystal's
MAX_COORDINATE = 1e6  # cells; beyond, double precision does not hold the place within the cell


class Crystal(NamedTuple):
    """A periodic structure: numbers (n,), fractional coordinates (n, 3), cell vectors (rows, angstrom)."""

    id: str
    atomic_numbers: np.ndarray
    frac_coords: np.ndarray
    lattice: np.ndarray
    properties: dict[str, float] = {}  # noqa: RUF012 -- never mutated


def number_of(symbol: str) -> int:
    """Return the atomic number of an element symbol, 0 where there is no such element."""
    return _NUMBER_OF.get(symbol.strip(), 0)


def reduced_formula(atomic_numbers: np.ndarray) -> str:
    """Return the reduced formula as pymatgen writes it: one name for one composition."""
    numbers, counts = np.unique(np.asarray(atomic_numbers), return_counts=True)
    amounts = {chemical_symbols[z]: int(c) for z, c in zip(numbers, counts, strict=True)}
    with warnings.catch_warnings():  # pymatgen warns that He, Ne and Ar have no electronegativity
        warnings.simplefilter("ignore", UserWarning)
        return Composition(amounts).reduced_formula


def fault(crystal: Crystal) -> str | None:
    """Say why ``crystal`` cannot be used; None where it can."""
    numbers, frac, lattice = crystal.atomic_numbers, crystal.frac_coords, crystal.lattice
    if len(numbers) == 0:
        return "no atoms"
    if np.any((numbers < 1) | (numbers > MAX_NUMBER)):
        return "unknown element"
    if not np.all(np.isfinite(lattice)):
        return "the cell is not finite, or its angles do not close"
    if abs(np.linalg.det(lattice)) < MIN_VOLUME:
        return f"the cell volume is below {MIN_VOLUME} cubic angstrom"
    if np.abs(lattice).max() > MAX_LENGTH:
        return f"a cell vector is longer than {MAX_LENGTH:g} angstrom"
    if not np.all(np.isfinite(frac)):
        return "a coordinate is not a finite number"
    if np.any(np.abs(frac) > MAX_COORDINATE):
        return f"a coordinate is beyond {MAX_COORDINATE:g} cells: its place within the cell is lost"
    return None


def to_record(crystal: Crystal) -> dict:
    """Return the row of ``CRYSTAL_SCHEMA``."""
    return {
        "id": crystal.id,
        "formula": reduced_formula(crystal.atomic_numbers),
        "atomic_numbers": np.asarray(crystal.atomic_numbers, dtype=int).tolist(),
        "frac_coords": np.asarray(crystal.frac_coords, dtype=float).tolist(),
        "lattice": np.asarray(crystal.lattice, dtype=float).tolist(),
        "properties": dict(crystal.properties),
    }


def from_record(row: dict) -> Crystal:
    """Return the crystal of a row: the inverse of ``to_record``."""
    return Crystal(
        row["id"],
        np.asarray(row["atomic_numbers"], dtype=int),
        np.asarray(row["frac_coords"], dtype=float).reshape(-1, 3),
        np.asarray(row["lattice"], dtype=float),
        dict(row["properties"] or {}),
    )
