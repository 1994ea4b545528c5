"""MOSES from the wheel of the index package ``molsets``: its SMILES tables are read, nothing is imported."""

import gzip
import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from groundstate.molecules.dataset.readers.entry import Entry, MoleculeRead
from groundstate.molecules.dataset.readers.table import Row, cell, read_rows
from groundstate.molecules.mols import parse_smiles
from groundstate.sources.archives import open_member

PARTS = ("train", "test")  # test_scaffolds, the third, is another cut of the same source
COLUMN = "SMILES"


def read_moses(path: str | Path) -> Iterator[Entry]:
    """Stream the training, then the test part of MOSES: SMILES without stereo and without geometry.

    Ids are ``moses_train_`` and ``moses_test_`` with the number of the row in seven digits. The published
    parts are the split ``moses``. Source: Polykovskiy et al., Front. Pharmacol. 11, 565644 (2020).
    """
    for part in PARTS:
        member = f"moses/dataset/data/{part}.csv.gz"
        with open_member(path, member) as packed, gzip.open(packed) as stream:
            text = io.TextIOWrapper(stream, encoding="utf-8")
            for number, row in enumerate(read_rows(text, f"{path}: {member}", [COLUMN], whole=True), 1):
                name = f"moses_{part}_{number:07d}"
                yield Entry(name, partial(_read, row), {"moses": part}, f"{part}, line {row.line}")


def _read(row: Row) -> MoleculeRead:
    smiles = cell(row, COLUMN).strip()
    return MoleculeRead(parse_smiles(smiles), smiles=smiles)
