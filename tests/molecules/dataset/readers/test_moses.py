"""MOSES out of a wheel: both parts with their split, ids by row."""

import gzip
import zipfile
from pathlib import Path

import pytest

from groundstate.errors import GroundstateError
from groundstate.molecules.dataset.readers.formats import read_entries


def wheel(path: Path, **tables: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for part, text in tables.items():
            archive.writestr(f"moses/dataset/data/{part}.csv.gz", gzip.compress(text.encode()))
    return path


def test_both_parts_come_with_their_split(tmp_path: Path) -> None:
    path = wheel(tmp_path / "molsets.whl", train="SMILES\nCCO\nC1CC\n", test="SMILES\nCCN\n")
    entries = list(read_entries("moses", [path]))
    assert [entry.id for entry in entries] == [
        "moses_train_0000001",
        "moses_train_0000002",
        "moses_test_0000001",
    ]
    assert [entry.parts["moses"] for entry in entries] == ["train", "train", "test"]
    assert entries[2].build().smiles == "CCN"


def test_a_wheel_without_the_tables_is_named(tmp_path: Path) -> None:
    with pytest.raises(GroundstateError, match=r"no member 'moses/dataset/data/test\.csv\.gz'"):
        list(read_entries("moses", [wheel(tmp_path / "x.whl", train="SMILES\nC\n")]))
