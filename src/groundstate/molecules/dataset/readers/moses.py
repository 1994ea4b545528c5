"""MOSES from the wheel of the index package ``molsets``: its SMILES tables are read, nothing is imported."""

import gzip
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from groundstate.molecules.dataset.readers.entry import Entry
from groundstate.molecules.dataset.readers.table import cell, read_rows
from groundstate.molecules.mols import parse_smiles, record_from_mol
from groundstate.sources.archives import open_member

PARTS = ("train", "test")  # the third part, test_scaffolds, holds molecules of train's source again
COLUMN = "SMILES"


def read_moses(path: str | Path) -> Iterator[Entry]:
    """Stream the training, then the test part of MOSES: SMILES without stereo and without geometry.

    Ids are ``moses_train_`` and ``moses_test_`` with the number of the row in seven digits. The published
    parts are the split ``moses``.
    """
    for part in PARTS:
        member = f"moses/dataset/data/{part}.csv.gz"
        with open_member(path, member) as packed, gzip.open(packed) as stream:
            rows = read_rows(cast(BinaryIO, stream), f"{path}: {member}", [COLUMN])
            for number, row in enumerate(rows, 1):
                name = f"moses_{part}_{number:07d}"
                yield Entry(name, partial(_record, name, row), {"moses": part})


def _record(name: str, row: dict[str, str]) -> dict:
    smiles = cell(row, COLUMN).strip()
    return record_from_mol(name, parse_smiles(smiles), smiles=smiles)
