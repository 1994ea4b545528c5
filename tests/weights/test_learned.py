"""What the shipped weights may have learned is in no test part that they are scored on."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groundstate.config import Config
from groundstate.config_sections import Crystals, Molecules
from groundstate.crystals.dataset.prepare import prepare
from groundstate.crystals.dataset.settings import PrepareCrystals
from groundstate.crystals.templates.shipped import shipped_formulas
from groundstate.molecules.dataset.prepare import prepare_molecules
from groundstate.molecules.dataset.readers.formats import read_entries
from groundstate.molecules.dataset.settings import PrepareMolecules
from groundstate.plugins import SHIPPED
from groundstate.records import CRYSTAL_SCHEMA, MOLECULE_SCHEMA, read_records
from groundstate.sources.settings import Source
from groundstate.weights import conventions, learned, shipped_weights

ROWS = Path(__file__).parents[1] / "data"


def test_the_list_has_hashes_in_order() -> None:
    found = learned.learned_molecules()
    assert len(found) > 10_000
    assert (np.diff(found.astype(object)) > 0).all()


def test_learned_molecules_leave_the_test_part_with_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(folder: str, unseen: bool) -> dict:
        return prepare_molecules(
            lambda: read_entries("qm9pack", [ROWS / "qm9_rows.zip"]),
            PrepareMolecules(),
            tmp_path / folder,
            unseen=unseen,
        )

    before = run("before", False)
    parts = pd.read_csv(tmp_path / "before/splits.csv", dtype=str).set_index("id")["random"]
    records = {row["id"]: row for row in read_records(tmp_path / "before/records.parquet", MOLECULE_SCHEMA)}
    chosen = [*parts[parts == "test"].index[:3], *parts[parts == "train"].index[:2]]
    path = tmp_path / "learned.bin"
    learned.write_learned({records[name]["inchi"] for name in chosen}, path)
    monkeypatch.setattr(learned, "LEARNED", path)
    after = run("after", True)
    left = pd.read_csv(tmp_path / "after/splits.csv", dtype=str).set_index("id")["random"]
    pd.testing.assert_series_equal(left, parts.drop(chosen[:3]))
    rejected = pd.read_csv(tmp_path / "after/rejected.csv", dtype=str)
    assert set(rejected[rejected["reason"] == learned.REASON]["id"]) == set(chosen[:3])
    assert after["records"] == before["records"] - 3
    assert after["sampled"] == after["records"] + after["rejected"]
    assert [row["id"] for row in read_records(tmp_path / "after/records.parquet", MOLECULE_SCHEMA)] == list(
        left.index
    )


def test_crystals_of_known_formulas_leave_the_test_part(tmp_path: Path) -> None:
    settings = PrepareCrystals(test_fraction=0.4)
    for folder, unseen in (("before", False), ("after", True)):
        prepare([ROWS / "flla_rows.tar.gz"], "flla", settings, tmp_path / folder, unseen=unseen)
    before, after = (
        pd.read_csv(tmp_path / name / "splits.csv", dtype=str).set_index("id")["random"]
        for name in ("before", "after")
    )
    rows = read_records(tmp_path / "before/records.parquet", CRYSTAL_SCHEMA)
    known = shipped_formulas()
    gone = [row["id"] for row in rows if before[row["id"]] == "test" and row["formula"] in known]
    assert gone
    pd.testing.assert_series_equal(after, before.drop(gone))
    rejected = pd.read_csv(tmp_path / "after/rejected.csv", dtype=str)
    assert set(rejected[rejected["reason"] == learned.REASON]["id"]) == set(gone)


def test_shipped_stands_for_the_weights_of_its_part_without_being_named_for_a_data_set() -> None:
    source = {"license": "none", "citation": "none"}
    files = {"a.sdf": {"location": "a.sdf"}}
    mine = Source(kind="path", format="sdf", files=files, **source)
    config = Config(
        sources={"mine": mine}, molecules=Molecules(datasets=["mine"]), crystals=Crystals(datasets=[])
    )
    assert config.lender("molecules", "mine", SHIPPED) == "molecules"
    assert config.trained_on("molecules", "mine", SHIPPED) is None
    assert config.trained_on("molecules", "mine", "gaunt") == "mine"
    assert config.reference("molecules", "models", SHIPPED) is None


def test_the_conventions_stand_in_the_head_of_the_file() -> None:
    assert "qm9" in conventions(shipped_weights()["molecules"])
    assert conventions(shipped_weights()["crystals"]) == []
