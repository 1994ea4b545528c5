"""Anybody's SDF: 3D records with or without hydrogens; flat drawings become molecules without a geometry."""

import math
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from groundstate.molecules.dataset.readers.entry import Entry, MoleculeRead
from groundstate.molecules.sdf import SdfBlock, parse_block, read_sdf_blocks

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def read_sdf(path: str | Path) -> Iterator[Entry]:
    """Stream an SDF (V2000, V3000, plain or ``.gz``); numeric data fields become properties.

    A field that is no finite number (a name, SMILES, ``nan``, ``inf``) is not a property of that molecule.
    """
    for block in read_sdf_blocks(path):
        yield Entry(block.id, partial(_read, block), place=f"record {block.number}")


def _read(block: SdfBlock) -> MoleculeRead:
    numbers = {key: float(text) for key, text in block.properties.items() if NUMBER.fullmatch(text)}
    properties = {
        key: value for key, value in numbers.items() if key not in ("", "id") and math.isfinite(value)
    }
    return MoleculeRead(parse_block(block), properties)
