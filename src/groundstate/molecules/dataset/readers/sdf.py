"""Anybody's SDF: 3D records with or without hydrogens; flat drawings become records without a geometry."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from groundstate.molecules.dataset.readers.entry import Entry
from groundstate.molecules.mols import record_from_mol
from groundstate.molecules.sdf import SdfBlock, parse_molblock, read_sdf_blocks


def read_sdf(path: str | Path) -> Iterator[Entry]:
    """Stream an SDF (V2000, V3000, plain or ``.gz``); numeric data fields become properties."""
    for block in read_sdf_blocks(path):
        yield Entry(block.id, partial(_record, block))


def _record(block: SdfBlock) -> dict:
    properties = {}
    for key, text in block.properties.items():
        try:
            properties[key] = float(text)
        except ValueError:
            continue  # text fields (names, SMILES) are not properties
    properties.pop("id", None)
    return record_from_mol(block.id, parse_molblock(block.molblock), properties)
