"""A user's own files as `path` sources, from fetch to report."""

import json
from pathlib import Path

import ase.io
import pandas as pd
import pytest
import yaml
from pymatgen.core import Structure

from groundstate.molecules.mols import mol_from_record
from groundstate.molecules.sdf import write_sdf
from groundstate.records import CRYSTAL_SCHEMA, MOLECULE_SCHEMA, read_records
from pipeline import copy_project, snakemake


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Path:
    """A fresh project beside files of the user's in five formats, made from real rows."""
    folder = copy_project(tmp_path / "project")
    mine = tmp_path / "my files"
    (mine / "cifs").mkdir(parents=True)
    prepared = finished / "results/test"
    molecules = read_records(prepared / "molecules/tiny_molecules/prepared/records.parquet", MOLECULE_SCHEMA)
    write_sdf(mine / "mine.sdf", ((row["id"], mol_from_record(row), {}) for row in molecules[:30]))
    lines = [f"{row['smiles']} {row['id']}" for row in molecules[30:34]] + ["C1CC not_a_ring"]
    (mine / "mine.smi").write_text("\n".join(lines) + "\n")
    records = read_records(prepared / "crystals/tiny_crystals/prepared/records.parquet", CRYSTAL_SCHEMA)
    structures = {
        row["id"]: Structure(row["lattice"], row["atomic_numbers"], row["frac_coords"])
        for row in records[:30]
    }
    for name, structure in structures.items():
        structure.to(filename=str(mine / f"cifs/{name}.cif"))
    (mine / "cifs/broken.cif").write_text("data_nothing\n")
    atoms = [structure.to_ase_atoms() for structure in structures.values()]
    for one, name in zip(atoms, structures, strict=True):
        one.info["id"] = name
    ase.io.write(mine / "mine.extxyz", atoms)
    cifs = [structure.to(fmt="cif") for structure in structures.values()]
    pd.DataFrame({"material_id": list(structures), "cif": cifs}).to_csv(mine / "mine.csv", index=False)
    return folder


def source(location: Path, form: str) -> dict:
    name = "cifs.zip" if location.is_dir() else location.name
    about = {"kind": "path", "format": form, "license": "mine", "citation": "none"}
    return about | {"files": {name: {"location": str(location)}}}


def run(project: Path, sources: dict[str, dict], molecules: list[str], crystals: list[str]) -> Path:
    """Results of the whole pipeline on these sources."""
    values = yaml.safe_load((project / "config/test.yaml").read_text())
    values["sources"] = sources
    pretrained = {"my_smiles": "my_sdf"} if "my_smiles" in molecules else {}
    values["molecules"] |= {"datasets": molecules, "pretrained": pretrained}
    values["crystals"] |= {"datasets": crystals}
    (project / "my.yaml").write_text(yaml.safe_dump(values))
    snakemake(project, "--cores", "2", config="my.yaml")
    report = (project / "results/test/report.html").read_text()
    assert all(name in report for name in sources)
    return project / "results/test"


def assert_crystals_are_scored(results: Path, name: str, broken: int = 0) -> None:
    prepared = json.loads((results / f"crystals/{name}/prepared/summary.json").read_text())
    assert prepared["kept"] + prepared["rejected"] == prepared["read"] == 30 + broken
    folder = results / f"crystals/{name}/unimat-compact/seed0"
    assert json.loads((folder / "validity/summary.json").read_text())["n"] == 8
    assert len(pd.read_csv(folder / "stability/crystals.csv")) == 8


def test_sdf_smiles_and_cif_files_go_through_every_stage(project: Path) -> None:
    mine = project.parent / "my files"
    sources = {
        "my_sdf": source(mine / "mine.sdf", "sdf"),
        "my_smiles": source(mine / "mine.smi", "smiles"),
        "my_cifs": source(mine / "cifs", "cif"),
    }
    results = run(project, sources, ["my_sdf", "my_smiles"], ["my_cifs"])
    smiles = results / "molecules/my_smiles"
    rejected = pd.read_csv(smiles / "prepared/rejected.csv")
    assert rejected["id"].tolist() == ["not_a_ring"]
    summary = json.loads((smiles / "gaunt/seed0/geometry/summary.json").read_text())
    assert summary["n"] == 4
    assert summary["mae"] is None
    assert summary["validity"] == 1.0
    assert json.loads((results / "molecules/my_sdf/gaunt/seed0/geometry/summary.json").read_text())["mae"] > 0
    assert_crystals_are_scored(results, "my_cifs", broken=1)


@pytest.mark.slow
def test_extxyz_and_csv_files_go_through_every_stage(project: Path) -> None:
    mine = project.parent / "my files"
    sources = {
        "my_extxyz": source(mine / "mine.extxyz", "extxyz"),
        "my_csv": source(mine / "mine.csv", "csv"),
    }
    results = run(project, sources, [], list(sources))
    for name in sources:
        assert_crystals_are_scored(results, name)
