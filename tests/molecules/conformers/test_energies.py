"""Energies of conformers: those of the potential itself, kept by content."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from groundstate.molecular_potentials.interface import KCAL, find_molecular_potential
from groundstate.molecules.conformers.embed import embed_conformers, embed_part
from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.mols import mol_from_record, parse_smiles, record_from_mol

SETTINGS = EmbedConformers(num_conformers=5, potential="gfn2-xtb")
SMILES = {"butanol": "CCCCO", "water": "O"}


@pytest.fixture(scope="module")
def records() -> list[dict]:
    return [record_from_mol(name, parse_smiles(one), smiles=one) for name, one in SMILES.items()]


@pytest.fixture(scope="module")
def folder(records, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "conformers"
    embed_conformers(records, [], SETTINGS, 1, folder)
    return folder


def rows_of(folder) -> list[dict]:
    return pq.read_table(folder / "conformers.parquet").to_pylist()


def test_the_energies_are_those_of_the_potential(records, folder):
    potential = find_molecular_potential("gfn2-xtb")
    mols = {record["id"]: mol_from_record(record) for record in records}
    rows = [row for row in rows_of(folder) if row["method"] == "mmff"]
    assert len([row for row in rows if row["id"] == "butanol"]) > 1
    for row in rows:
        (energy,) = potential.single_points([mols[row["id"]]], [np.array(row["positions"])])
        assert row["potential_energy"] == pytest.approx(energy * KCAL, abs=1e-3)
    others = [row for row in rows_of(folder) if row["method"] == "etkdg"]
    assert others and all(row["potential_energy"] is None for row in others)


def test_conformers_do_not_depend_on_it_and_parts_fill_the_same_cache(records, folder, tmp_path):
    out = tmp_path / "conformers"
    embed_conformers(records, [], SETTINGS.model_copy(update={"potential": None}), 1, out)
    plain = rows_of(out)
    assert plain == [row | {"potential_energy": None} for row in rows_of(folder)]
    for part in (1, 2):
        assert embed_part(records, SETTINGS, 1, out, part, 2) == 0  # the conformers are there
    finished = {path: path.stat().st_mtime_ns for path in (tmp_path / ".conformers.energies").iterdir()}
    assert len(finished) == 2
    embed_conformers(records, [], SETTINGS, 1, out)
    assert rows_of(out) == rows_of(folder)
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
