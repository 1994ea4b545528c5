"""Models without weights go through the same stages as trained ones."""

import numpy as np
import pytest
import torch
from rdkit import Chem

from groundstate.molecules.conformers.etkdg import conformers_of
from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.models.examples import DataSet, Molecule, read_starts
from groundstate.molecules.models.load import load_model
from groundstate.molecules.models.predict import molecules_of, predict_molecules, stored
from groundstate.molecules.models.settings import TrainGeometry
from groundstate.molecules.models.train import train
from groundstate.molecules.models.untrained import Etkdg, EtkdgNoStereo, Mmff, MmffLowest
from groundstate.molecules.mols import parse_smiles
from groundstate.records import MOLECULE_SCHEMA, read_records


def predicted(model, records, conformers):
    """The geometry of each record, and the start geometries that the model was given."""
    starts = read_starts(conformers, [row["id"] for row in records], model.starts) if model.starts else {}
    rejections = []
    made = predict_molecules(model, molecules_of(records, rejections), stored(starts), rejections)
    predictions = [one for (one,) in made]
    assert not rejections
    return predictions, starts


@pytest.mark.parametrize("model", ["etkdg", "mmff", "mmff-lowest"])
def test_an_untrained_model_gives_the_start_geometry_that_it_is_named_after(prepared, tmp_path, model):
    train([DataSet("", *prepared)], model, TrainGeometry(), 0, tmp_path)
    trained = load_model(tmp_path / "best.ckpt", torch.device("cpu"))
    records = read_records(prepared.records, MOLECULE_SCHEMA)
    predictions, starts = predicted(trained, records, prepared.conformers)
    assert [one.id for one in predictions] == [row["id"] for row in records]
    several = False
    for one in predictions:
        rows = starts[one.id]
        assert all(row["method"] == model.split("-")[0] for row in rows)
        wanted = rows[0]
        if model == "mmff-lowest" and all(row["force_field"] == "mmff94" for row in rows):
            wanted = min(rows, key=lambda row: (not row["stereo_kept"], row["energy"]))
        np.testing.assert_allclose(one.mol.GetConformer().GetPositions(), wanted["positions"])
        assert (one.failed is not None) == (wanted["origin"] == "fallback" or not wanted["stereo_kept"])
        several |= wanted is not rows[0]
    assert several == (model == "mmff-lowest")


def test_an_embedding_fails_only_where_a_minimum_was_promised():
    mol = parse_smiles("FS(F)(F)(F)(F)F")
    rows = conformers_of("a", mol, EmbedConformers())
    for model, row, failed in ((Etkdg, rows[0], False), (Mmff, rows[1], True), (MmffLowest, rows[1], True)):
        prediction = model({}).geometry(Molecule("a", mol, [row]))
        assert bool(prediction.failed) == failed
    assert not EtkdgNoStereo({}).geometry(Molecule("a", mol)).failed


def predictions_of(prepared, folder, model, count):
    train([DataSet("", *prepared)], model, TrainGeometry(), 0, folder)
    records = read_records(prepared.records, MOLECULE_SCHEMA)[:count]
    return records, predicted(
        load_model(folder / "best.ckpt", torch.device("cpu")), records, prepared.conformers
    )[0]


def test_without_stereo_some_centres_come_out_wrong_but_the_molecule_is_the_same(prepared, tmp_path):
    records, predictions = predictions_of(prepared, tmp_path, "etkdg-nostereo", 30)
    wrong = 0
    for record, one in zip(records, predictions, strict=True):
        mol = Chem.Mol(one.mol)
        assert [atom.GetAtomicNum() for atom in mol.GetAtoms()] == record["atomic_numbers"]
        Chem.AssignStereochemistryFrom3D(mol, replaceExistingTags=True)
        found, wanted = (Chem.MolToSmiles(Chem.RemoveHs(m)) for m in (mol, one.mol))
        assert Chem.MolToSmiles(Chem.RemoveHs(mol), isomericSmiles=False) == Chem.MolToSmiles(
            Chem.RemoveHs(one.mol), isomericSmiles=False
        )
        wrong += found != wanted
    assert 3 < wrong < 27


def test_xtb_goes_downhill_from_the_lowest_mmff_minimum(prepared, tmp_path):
    pytest.importorskip("tblite")
    from groundstate.potentials.gfn2 import relax_gfn2

    _, predictions = predictions_of(prepared, tmp_path, "xtb", 2)
    for one in predictions:
        again = relax_gfn2(one.mol, one.mol.GetConformer().GetPositions())
        assert one.failed is None and 0 <= again.drop < 0.05  # kcal/mol: it was a minimum
