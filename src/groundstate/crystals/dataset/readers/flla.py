"""The FLLA table of matminer: 3,938 crystals of the Materials Project, as printed dicts."""

import ast
import io
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from groundstate.crystals.crystal import Crystal, number_of
from groundstate.crystals.dataset.readers.item import Read, guarded, rejected
from groundstate.crystals.dataset.readers.rows import numeric, read_rows
from groundstate.sources.archives import open_member
from groundstate.text import open_text

FLLA_MEMBER = "matminer-0.3.9/matminer/datasets/flla_2015.csv"
_KEPT = ("e_above_hull", "formation_energy_per_atom")
_COLUMNS = {"material_id": "the id", "structure": "the crystal", **{name: "eV per atom" for name in _KEPT}}


def read_flla(path: Path) -> Read:
    """Read ``flla_2015.csv``, from matminer's source archive or as a CSV.

    Columns ``material_id``, ``structure`` (the printed dict of a pymatgen Structure), ``e_above_hull`` and
    ``formation_energy_per_atom`` (eV per atom, MP corrections of 2015).
    """
    if path.name.lower().endswith((".csv", ".csv.gz")):
        with open_text(path, newline="") as stream:
            yield from _rows(stream, path)
    else:
        with open_member(path, FLLA_MEMBER) as member:
            yield from _rows(io.TextIOWrapper(member, encoding="utf-8", newline=""), path)


def _rows(stream: TextIO, path: Path) -> Read:
    for row in read_rows(stream, path, _COLUMNS, "structure"):
        name = row.values.get("material_id") or f"row-{row.number}"
        if row.fault:
            yield rejected(name, row.fault)
            continue
        properties = numeric({key: row.values[key] for key in _KEPT}, ())
        yield guarded(name, partial(_crystal, name, row.values["structure"], properties))


def _crystal(name: str, text: str, properties: dict[str, float]) -> Crystal:
    """Read a printed ``Structure.as_dict`` without building the object, which takes most of the time."""
    try:
        return _from_dict(name, ast.literal_eval(text), properties)
    except (
        TypeError,
        KeyError,
        IndexError,
        SyntaxError,
        AttributeError,
        RecursionError,
        MemoryError,
    ) as error:
        raise ValueError(f"not the dict of a structure ({type(error).__name__}: {error})") from None


def _from_dict(name: str, content: Mapping[str, Any], properties: dict[str, float]) -> Crystal:
    numbers = []
    for site in content["sites"]:
        if len(site["species"]) != 1 or site["species"][0]["occu"] != 1:
            raise ValueError("a site is partly occupied; disordered crystals are not read")
        numbers.append(number_of(site["species"][0]["element"]))
    frac = np.array([site["abc"] for site in content["sites"]], dtype=float)
    lattice = np.array(content["lattice"]["matrix"], dtype=float)
    return Crystal(name, np.array(numbers), frac, lattice, properties)
