"""Whether a row of ``MOLECULE_SCHEMA`` can be a molecule at all, before anything is built of it."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

HEAVIEST = 118  # atomic number of the last element
MAX_CHARGE, MAX_RADICALS, MAX_ORDER = 9, 9, 3


def record_fault(record: Mapping) -> str | None:
    """Name the first thing that is wrong with a record; None where nothing is."""
    for column in ("id", "smiles", "inchi"):
        if not isinstance(record.get(column), str) or not record[column].strip():
            return f"its {column} is missing"
    numbers = record["atomic_numbers"]
    if not numbers:
        return "it has no atoms"
    for column, low, high in (
        ("atomic_numbers", 1, HEAVIEST),
        ("formal_charges", -MAX_CHARGE, MAX_CHARGE),
        ("radical_electrons", 0, MAX_RADICALS),
    ):
        if fault := _column_fault(record[column], column, len(numbers), low, high):
            return fault
    return (
        _bond_fault(record["bonds"], len(numbers))
        or _position_fault(record["positions"], len(numbers))
        or _property_fault(record["properties"])
    )


def _column_fault(
    values: Sequence[int | None] | None, column: str, atoms: int, low: int, high: int
) -> str | None:
    if values is None or len(values) != atoms:
        return f"{column} has {0 if values is None else len(values)} values, but there are {atoms} atoms"
    for place, value in enumerate(values, 1):
        if value is None or not low <= value <= high:
            return f"{column} of atom {place} is {value}; allowed are {low} to {high}"
    return None


def _bond_fault(bonds: Sequence[Sequence[int | None] | None] | None, atoms: int) -> str | None:
    if bonds is None:
        return "its bonds are missing"
    seen = set()
    for number, bond in enumerate(bonds, 1):
        if bond is None or len(bond) != 3 or any(value is None for value in bond):
            return f"bond {number} is not (atom, atom, order)"
        begin, end, order = (int(value) for value in bond if value is not None)
        if not (0 <= begin < atoms and 0 <= end < atoms):
            return f"bond {number} joins atoms {begin} and {end}, counted from 0, but there are {atoms} atoms"
        if begin == end:
            return f"bond {number} joins atom {begin} to itself"
        if not 1 <= order <= MAX_ORDER:
            return f"bond {number} has the order {order}; allowed are 1 to {MAX_ORDER}"
        if (pair := (min(begin, end), max(begin, end))) in seen:
            return f"bond {number} repeats the bond of atoms {pair[0]} and {pair[1]}"
        seen.add(pair)
    return None


def _position_fault(positions: Sequence[Sequence[float | None] | None] | None, atoms: int) -> str | None:
    if positions is None:
        return None
    if len(positions) != atoms:
        return f"positions has {len(positions)} points, but there are {atoms} atoms"
    for place, point in enumerate(positions, 1):
        if point is None or len(point) != 3 or any(value is None for value in point):
            return f"the position of atom {place} is incomplete"
        if not np.isfinite(np.array(point, float)).all():
            return f"the position of atom {place} is not finite"
    return None


def _property_fault(properties: Mapping[str, float | None] | None) -> str | None:
    for name, value in (properties or {}).items():
        if value is None or not math.isfinite(value):
            return f"its property {name} is {value}; leave out what has no value"
    return None
