"""One model of several data sets: conventions, hydrogens that a set lacks, and a choice at prediction."""

import copy
import json

import numpy as np
import pytest
import torch
from rdkit import Chem

from groundstate.errors import GroundstateError
from groundstate.molecules.conformers.embed import embed_conformers
from groundstate.molecules.conformers.etkdg import conformers_of
from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.dataset.prepare import prepare_molecules
from groundstate.molecules.dataset.readers.formats import read_entries
from groundstate.molecules.dataset.settings import PrepareMolecules
from groundstate.molecules.models.examples import DataSet, Molecule, training_part
from groundstate.molecules.models.gaunt.batches import batch_of
from groundstate.molecules.models.load import load_model
from groundstate.molecules.models.settings import TrainGeometry
from groundstate.molecules.models.train import train
from groundstate.molecules.sdf import parse_block, read_sdf_blocks, write_sdf
from groundstate.records import MOLECULE_SCHEMA, read_records
from groundstate.settings import parse_settings

SIZES = {"channels": 4, "features": 8, "layers": 1, "radial": 4, "ranker": {"features": 8, "rounds": 1}}
TRAINING = {"max_steps": 6, "batch_size": 4, "checkpoint_every": 3}
SETTINGS = parse_settings(TrainGeometry, json.dumps({"gaunt": SIZES, "training": TRAINING}))


@pytest.fixture(scope="module")
def stripped(prepared, tmp_path_factory):
    """The molecules of ``prepared`` as a data set whose records lack their hydrogens."""
    folder = tmp_path_factory.mktemp("stripped")
    blocks = read_sdf_blocks(prepared.records.parent / "test.sdf")
    mols = [(block.id, Chem.RemoveHs(parse_block(block)), {}) for block in blocks]
    write_sdf(folder / "heavy.sdf", [one for one in mols if one[1].GetNumAtoms() > 3])
    settings = PrepareMolecules(train_fraction=0.5, validation_fraction=0.25)
    prepare_molecules(lambda: read_entries("sdf", [folder / "heavy.sdf"]), settings, folder)
    records = read_records(folder / "records.parquet", MOLECULE_SCHEMA)
    embed_conformers(records, [], EmbedConformers(num_conformers=2), 1, folder / "conformers")
    files = ("records.parquet", "splits.csv", "conformers/conformers.parquet")
    return DataSet("heavy", *(folder / name for name in files))


@pytest.fixture(scope="module")
def joint(prepared, stripped, tmp_path_factory):
    folder = tmp_path_factory.mktemp("joint")
    train([DataSet("whole", *prepared), stripped], "gaunt", SETTINGS, 0, folder)
    return load_model(folder / "best.ckpt", torch.device("cpu"))


def molecules_of(model, sets):
    return [one.molecule for one in training_part(sets, "random", "train", model.starts)]


def test_hydrogens_that_a_record_lacks_are_seen_and_never_learned(joint, stripped):
    (molecule, reference), *_ = training_part([stripped, stripped], "random", "train", "mmff")
    example = joint.example(molecule._replace(convention="heavy"), reference)
    assert len(example.reference) == len(example.graph.atoms) > len(reference)
    target = batch_of([example], None).target
    hydrogens = ~torch.from_numpy(example.graph.heavy)
    assert (target.topology[0, hydrogens] == 0).all() and (target.topology[0, :, hydrogens] == 0).all()
    assert torch.isfinite(target.reference).all()
    (prediction,), *_ = joint.predict([molecule._replace(convention="heavy")], 1)
    assert prediction.positions.shape == reference.shape


def test_the_convention_changes_what_is_predicted_and_its_default_is_the_first(joint, prepared):
    model = copy.deepcopy(joint)
    for weights in model.parameters():  # a few steps leave corrections that round to nothing
        weights.add_(0.3 * torch.randn(weights.shape, generator=torch.Generator().manual_seed(1)))
    molecules = molecules_of(model, [DataSet("", *prepared)])
    molecule = max(molecules, key=lambda one: one.mol.GetNumAtoms())
    whole, heavy = (
        model.predict([molecule._replace(convention=name)], 1)[0][0] for name in model.conventions
    )
    assert list(model.conventions) == ["whole", "heavy"] and model.convention == "whole"
    (default,) = model.predict([molecule], 1)[0]
    np.testing.assert_array_equal(default.positions, whole.positions)
    assert np.abs(whole.positions - heavy.positions).max() > 1e-3
    with pytest.raises(GroundstateError, match=r"convention gas: unknown to this model; it has: whole, h"):
        model.convention = "gas"


def test_molecules_of_all_sets_are_learned_from_and_their_number_can_be_limited(prepared, stripped):
    sets = [DataSet("whole", *prepared), stripped]
    every = list(training_part(sets, "random", "train", "mmff"))
    assert {one.molecule.convention for one in every} == {"whole", "heavy"}
    few = list(training_part(sets, "random", "train", "mmff", most=2))
    assert len(few) == 4 and {one.molecule.id for one in few} <= {one.molecule.id for one in every}


def molecule_of(smiles):
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    rows = conformers_of(smiles, mol, EmbedConformers(num_conformers=3))
    return Molecule(smiles, mol, [row for row in rows if row["method"] == "mmff"])


def test_an_element_that_no_set_has_gives_the_lowest_conformer_and_says_so(joint):
    iodide = molecule_of("CCI")
    known, unknown = (ranked[0] for ranked in joint.predict([molecule_of("CCO"), iodide], 1))
    assert "method" not in known.properties and known.start is not None
    lowest = min(iodide.starts, key=lambda row: row["energy"])["positions"]
    np.testing.assert_allclose(unknown.positions, np.array(lowest) - np.mean(lowest, 0), atol=1e-6)
    assert "not in training" in unknown.properties["method"] and unknown.evidence.unseen > 0
