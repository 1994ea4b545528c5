"""The label engine with MMFF94: resumable, independent of workers and parts, a source at the end."""

import csv
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from rdkit.Chem import rdForceFieldHelpers

from groundstate.cli import main
from groundstate.errors import GroundstateError
from groundstate.ground_states.inputs import read_graphs
from groundstate.ground_states.label import label_geometries, label_part
from groundstate.ground_states.settings import LabelGeometry
from groundstate.molecular_potentials.interface import KCAL
from groundstate.molecular_potentials.mmff94 import Mmff94
from groundstate.molecules.dataset.prepare import prepare_molecules
from groundstate.molecules.dataset.readers.formats import read_entries
from groundstate.molecules.dataset.settings import PrepareMolecules
from groundstate.molecules.mols import mol_from_record
from groundstate.records import MOLECULE_SCHEMA, Rejection, read_records

SETTINGS = LabelGeometry(method="mmff94", num_conformers=4, relaxed=2)


@pytest.fixture
def records(smiles_file: Path) -> list[dict]:
    rejections: list[Rejection] = []
    return read_graphs(lambda: read_entries("smiles", [smiles_file]), SETTINGS, Mmff94(), rejections)


def test_ground_states_are_the_lowest_minima_and_come_back_from_the_cache(records, tmp_path: Path) -> None:
    output = tmp_path / "labels"
    summary = label_geometries(records, SETTINGS, 1, output, [])
    assert summary["computed_now"] == summary["ground_states"] == len(records)
    rows = pq.read_table(output / "minima.parquet").to_pylist()
    for record in read_records(output / "ground_states.parquet", MOLECULE_SCHEMA):
        own = [row for row in rows if row["id"] == record["id"]]
        assert [row["rank"] for row in own] == list(range(len(own)))
        assert own[0]["relative_kcal"] == 0 and all(row["relative_kcal"] >= 0 for row in own)
        mol = mol_from_record(record)
        ((_, energy),) = rdForceFieldHelpers.MMFFOptimizeMoleculeConfs(mol, maxIters=0)
        assert record["properties"]["mmff94_energy_ev"] * KCAL == pytest.approx(energy, abs=1e-3)
    again = label_geometries(records, SETTINGS, 1, output, [])
    assert again["computed_now"] == 0
    fewer = label_geometries(records[:2], SETTINGS, 1, output, [])
    assert fewer["computed_now"] == 0 and fewer["ground_states"] == 2


def test_parts_fill_the_cache_and_give_the_same(records, tmp_path: Path) -> None:
    for part in (1, 2):
        label_part(records, SETTINGS, 1, tmp_path / "parts", part, 2)
    summary = label_geometries(records, SETTINGS, 1, tmp_path / "parts", [])
    assert summary["computed_now"] == 0
    label_geometries(records, SETTINGS, 1, tmp_path / "whole", [])
    for name in ("ground_states.parquet", "minima.parquet"):
        one, other = (pq.read_table(tmp_path / folder / name).to_pylist() for folder in ("parts", "whole"))
        assert len(one) == len(other)
        for row, same in zip(one, other, strict=True):
            assert row["id"] == same["id"] and row["positions"] == same["positions"]


@pytest.mark.parametrize(
    ("name", "format"), [("ground_states.parquet", "records"), ("ground_states.sdf", "sdf")]
)
def test_the_result_is_a_source_of_prepare(records, tmp_path: Path, name: str, format: str) -> None:
    output = tmp_path / "labels"
    label_geometries(records, SETTINGS, 1, output, [])
    summary = prepare_molecules(
        lambda: read_entries(format, [output / name]), PrepareMolecules(), tmp_path / "prepared"
    )
    assert summary["records"] == summary["with_geometry"] == len(records)
    prepared = read_records(tmp_path / "prepared/records.parquet", MOLECULE_SCHEMA)
    labelled = read_records(output / "ground_states.parquet", MOLECULE_SCHEMA)
    for one, other in zip(prepared, labelled, strict=True):
        assert one["id"] == other["id"] and one["smiles"] == other["smiles"]
        assert one["properties"] == pytest.approx(other["properties"])


def test_the_command_rejects_with_reasons(smiles_file: Path, tmp_path: Path, monkeypatch) -> None:
    output = tmp_path / "labels"
    command = ["label", "geometry", "--input", str(smiles_file), "--output-dir", str(output)]
    with pytest.raises(SystemExit) as done:
        main([*command, "--settings", SETTINGS.model_dump_json()])
    assert done.value.code == 0
    with (output / "rejected.csv").open() as handle:
        reasons = {row["id"]: row["reason"] for row in csv.DictReader(handle)}
    assert set(reasons) == {"open", "ethanol"}  # MMFF94 takes the radical


def test_aimnet2_without_weights_is_a_sentence(records, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("GROUNDSTATE_CACHE", str(tmp_path / "cache"))
    with pytest.raises(GroundstateError, match=r"Put the file Auto3D-2\.3\.1"):
        label_geometries(records[:1], LabelGeometry(num_conformers=1), 1, tmp_path / "labels", [])
