"""Predictions in every format, read by other programs; outputs that are refused."""

import csv

import ase.io
import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from groundstate.errors import GroundstateError
from groundstate.files import rejected_file
from groundstate.molecules.models.predict import PredictedMolecule
from groundstate.molecules.models.write import check_output, write_predictions
from groundstate.molecules.mols import mol_from_record
from groundstate.records import MOLECULE_SCHEMA, read_records

IDS = ["ethanol", "with space", 'quote " and = sign', "007", "é中", "a/b"]


def predicted(name, smiles="CCO", failed=None, **properties):
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    rdDistGeom.EmbedMolecule(mol, randomSeed=3)
    values = {"smiles": smiles, "rank": 1, "origin": "etkdg", "error_estimate": "0.012", **properties}
    return [PredictedMolecule(name, mol, values | ({"failed": failed} if failed else {}), failed)]


def written(path, *predictions, keep_failed=True):
    rejections = []
    counts = write_predictions(predictions, path, rejections, len(predictions), keep_failed)
    with rejected_file(path).open(newline="") as handle:
        assert [row["id"] for row in csv.DictReader(handle)] == [one.id for one in rejections]
    return counts, rejections


def test_sdf_and_parquet_keep_ids_molecules_and_positions(tmp_path):
    predictions = [predicted(name, failed="no good" if name == "007" else None) for name in IDS]
    for suffix in ("sdf", "parquet"):
        assert written(tmp_path / f"x.{suffix}", *predictions)[0].molecules == len(IDS)
    mols = list(Chem.SDMolSupplier(str(tmp_path / "x.sdf"), removeHs=False))
    records = read_records(tmp_path / "x.parquet", MOLECULE_SCHEMA)
    assert [mol.GetProp("id") for mol in mols] == IDS == [record["id"] for record in records]
    for (one,), mol, record in zip(predictions, mols, records, strict=True):
        positions = one.mol.GetConformer().GetPositions()
        np.testing.assert_allclose(mol.GetConformer().GetPositions(), positions, atol=1e-4)
        np.testing.assert_array_equal(record["positions"], positions)
        assert Chem.MolToSmiles(Chem.RemoveHs(mol_from_record(record))) == "CCO"


@pytest.mark.parametrize("suffix", ["xyz", "extxyz", "XYZ"])
def test_ase_reads_what_it_says(tmp_path, suffix):
    predictions = [predicted(name, domain="outside: 9 heavy atoms") for name in IDS]
    counts, _ = written(tmp_path / f"x.{suffix}", *predictions)
    assert counts == (len(IDS), len(IDS))
    frames = ase.io.read(tmp_path / f"x.{suffix}", index=":", format=suffix.lower())
    for (one,), atoms in zip(predictions, frames, strict=True):
        assert atoms.get_chemical_symbols() == [atom.GetSymbol() for atom in one.mol.GetAtoms()]
        np.testing.assert_allclose(atoms.positions, one.mol.GetConformer().GetPositions(), atol=1e-7)
        if suffix == "extxyz":
            assert atoms.info["smiles"] == "CCO" and atoms.info["rank"] == 1 and not atoms.pbc.any()
            assert atoms.info["domain"] == "outside: 9 heavy atoms"


@pytest.mark.parametrize("name", ["two\nlines", "$$$$", "", " padded", "bell\a"])
@pytest.mark.parametrize("suffix", ["sdf", "xyz"])
def test_an_id_that_fits_no_line_is_rejected_and_the_others_come_out(tmp_path, name, suffix):
    counts, rejections = written(
        tmp_path / f"x.{suffix}", predicted("first"), predicted(name), predicted("last")
    )
    assert counts.molecules == 2 and [one.id for one in rejections] == [name]


def test_failed_molecules_are_written_or_rejected_as_asked(tmp_path):
    kept, none = written(tmp_path / "a.sdf", predicted("x", failed="broken"))
    assert kept.molecules == 1 and not none
    left, (rejection,) = written(tmp_path / "b.sdf", predicted("x", failed="broken"), keep_failed=False)
    assert left.molecules == 0 and rejection.reason == "broken"


@pytest.mark.parametrize("name", ["x", "x.pdb", "x.sdf.gz", "x.mol2", ".sdf"])
def test_a_suffix_without_a_format_is_refused(tmp_path, name):
    with pytest.raises(GroundstateError, match=r"says no format; choose one of \.sdf, \.xyz, \.extxyz"):
        check_output(tmp_path / name)


def test_only_files_of_an_earlier_prediction_are_replaced(tmp_path):
    mine = tmp_path / "mine.sdf"
    mine.write_text("my own molecules\n")
    with pytest.raises(GroundstateError, match="no prediction of this program wrote it"):
        check_output(mine)
    assert mine.read_text() == "my own molecules\n"
    written(tmp_path / "again.sdf", predicted("a"))
    check_output(tmp_path / "again.sdf")
    (tmp_path / "folder.sdf").mkdir()
    with pytest.raises(GroundstateError, match="is a folder"):
        check_output(tmp_path / "folder.sdf")


def test_two_predictions_in_one_folder_have_their_own_tables(tmp_path):
    written(tmp_path / "a.sdf", predicted("x", failed="one"), keep_failed=False)
    written(tmp_path / "b.sdf", predicted("y", failed="other"), keep_failed=False)
    assert "x,predict,one" in (tmp_path / "a.rejected.csv").read_text()
    assert "y,predict,other" in (tmp_path / "b.rejected.csv").read_text()
    names = [rejected_file(name).name for name in ("q.sdf", "q.SDF", "q.XYZ", "q.xyz", "q.parquet")]
    assert len(set(names)) == 5 and names[0] == "q.rejected.csv"


def test_a_table_of_the_users_beside_the_output_is_not_replaced(tmp_path):
    (tmp_path / "x.rejected.csv").write_text("my notes\n")
    with pytest.raises(GroundstateError, match="is no table of rejections"):
        check_output(tmp_path / "x.sdf")
