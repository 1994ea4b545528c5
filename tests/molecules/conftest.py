"""Prepared records and conformers of a few real QM9 rows, made once."""

from pathlib import Path
from typing import NamedTuple

import pytest

from groundstate.molecules.conformers.embed import embed_conformers
from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.dataset.prepare import prepare_molecules
from groundstate.molecules.dataset.readers.formats import read_entries
from groundstate.molecules.dataset.settings import PrepareMolecules
from groundstate.records import MOLECULE_SCHEMA, read_records, read_split

ROWS = Path(__file__).parents[1] / "data" / "qm9_rows.zip"


class Prepared(NamedTuple):
    """Files that the prepare and embed stages wrote."""

    records: Path
    splits: Path
    conformers: Path


@pytest.fixture(scope="session")
def prepared(tmp_path_factory) -> Prepared:
    folder = tmp_path_factory.mktemp("prepared")
    prepare_molecules(
        lambda: read_entries("qm9pack", [ROWS]), PrepareMolecules(max_molecules=30), folder / "prepared"
    )
    files = Prepared(
        folder / "prepared" / "records.parquet",
        folder / "prepared" / "splits.csv",
        folder / "conformers" / "conformers.parquet",
    )
    embed_conformers(
        read_records(files.records, MOLECULE_SCHEMA),
        read_split(files.splits, "random", "test"),
        EmbedConformers(num_conformers=2, max_iterations=3),
        1,
        folder / "conformers",
    )
    return files
