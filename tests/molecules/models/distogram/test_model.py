"""Training from references alone, and the choice among conformers."""

import json

import numpy as np
import pytest
import torch
from rdkit import Chem

from groundstate.errors import GroundstateError
from groundstate.molecules.conformers.etkdg import conformers_of
from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.models.distogram.model import DistogramModel
from groundstate.molecules.models.examples import DataSet, Molecule
from groundstate.molecules.models.load import load_model
from groundstate.molecules.models.settings import TrainGeometry
from groundstate.molecules.models.train import train
from groundstate.settings import parse_settings

SETTINGS = parse_settings(
    TrainGeometry,
    json.dumps(
        {
            "distogram": {
                "features": 16,
                "pair_features": 8,
                "layers": 1,
                "training": {"max_steps": 20, "batch_size": 8, "checkpoint_every": 10, "learning_rate": 0.01},
            }
        }
    ),
)


def butanes():
    mol = Chem.AddHs(Chem.MolFromSmiles("CCCC"))
    rows = conformers_of("butane", mol, EmbedConformers(num_conformers=20))
    return mol, [row for row in rows if row["method"] == "mmff"]


def length(positions):
    return float(np.linalg.norm(np.subtract(positions[0], positions[3])))


def test_it_trains_without_conformers_and_other_models_ask_for_them(prepared, tmp_path):
    train([DataSet("", prepared.records, prepared.splits)], "distogram", SETTINGS, 0, tmp_path / "one")
    model = load_model(tmp_path / "one" / "best.ckpt", torch.device("cpu"))
    assert isinstance(model, DistogramModel)
    history = (tmp_path / "one" / "training.csv").read_text().splitlines()
    assert float(history[2].split(",")[3]) < float(history[1].split(",")[3])
    with pytest.raises(GroundstateError, match="gaunt learns from start geometries: give --conformers"):
        train([DataSet("", prepared.records, prepared.splits)], "gaunt", SETTINGS, 0, tmp_path / "two")


@pytest.mark.parametrize("anti", [True, False])
def test_the_conformer_that_references_look_like_comes_first(anti):
    mol, rows = butanes()
    lengths = [length(row["positions"]) for row in rows]
    assert max(lengths) - min(lengths) > 0.5  # both conformers are among them
    wanted = (max if anti else min)(rows, key=lambda row: length(row["positions"]))
    torch.manual_seed(0)
    config = {"elements": [1, 6], "conventions": []}
    sizes = SETTINGS.distogram.model_dump(exclude={"training"})
    model = DistogramModel(config | {"network": sizes})
    example = model.example(Molecule("butane", mol), np.asarray(wanted["positions"]))
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(30):
        loss, _ = model.loss(model.batch([example], None), torch.Generator())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    (first, *others), *_ = model.eval().predict([Molecule("butane", mol, rows)], 3)
    assert abs(length(first.positions) - length(wanted["positions"])) < 0.05 and others
    (alone,) = model.log_likelihoods(mol, None, [first.positions])
    assert alone == pytest.approx(model.log_likelihoods(mol, None, [first.positions, others[0].positions])[0])
    assert model.log_likelihoods(Chem.MolFromSmiles("CCCO"), None, [np.zeros((4, 3))]).tolist() == [0.0]
