"""Training of a geometry model on a few real molecules, and its checkpoint."""

import csv
import json
from itertools import chain

import pytest
import torch

from groundstate.errors import GroundstateError
from groundstate.molecules.models.examples import DataSet, TrainingPart
from groundstate.molecules.models.gaunt.model import GauntModel
from groundstate.molecules.models.load import load_model
from groundstate.molecules.models.settings import TrainGeometry
from groundstate.molecules.models.train import train
from groundstate.records import MOLECULE_SCHEMA, read_records, read_split
from groundstate.settings import parse_settings
from groundstate.training.checkpoints import load_checkpoint, save_checkpoint

SETTINGS = parse_settings(
    TrainGeometry,
    json.dumps(
        {
            "gaunt": {"channels": 4, "features": 16, "layers": 2, "radial": 8, "ranker": {"features": 16}},
            "training": {
                "max_steps": 40,
                "batch_size": 8,
                "learning_rate": 0.01,
                "warmup_steps": 5,
                "ema_decay": 0.9,
                "checkpoint_every": 20,
            },
        }
    ),
)


def run(prepared, folder, model="gaunt", settings=SETTINGS):
    train([DataSet("", *prepared)], model, settings, 0, folder)


@pytest.fixture(scope="module")
def trained(prepared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    run(prepared, folder)
    return folder


def test_training_writes_its_history(trained):
    rows = list(csv.DictReader((trained / "training.csv").open()))
    assert [row["step"] for row in rows] == ["20", "40"]
    assert float(rows[1]["train_loss"]) < float(rows[0]["train_loss"])
    assert (trained / "last.ckpt").exists() and (trained / "provenance.json").exists()


def test_training_brings_its_molecules_nearer_to_their_references(prepared, trained):
    model = load_model(trained / "best.ckpt", torch.device("cpu"))
    part = TrainingPart(
        prepared.records, prepared.splits, "random", "train", prepared.conformers, model.starts
    )
    examples = [model.example(molecule, reference) for molecule, reference in part]
    data = model.batch([example for example in examples if example], None)
    with torch.no_grad():
        total, after = model.loss(data, torch.Generator())
        start, before = GauntModel(model.config).loss(data, torch.Generator())
    assert total < 0.97 * start
    assert after["bond_mae"] < before["bond_mae"]


def test_checkpoint_rebuilds_the_network(prepared, trained):
    checkpoint = load_checkpoint(trained / "best.ckpt", "geometry")
    assert checkpoint.config["model"] == "gaunt"
    ids = read_split(prepared.splits, "random", "train")
    numbers = [row["atomic_numbers"] for row in read_records(prepared.records, MOLECULE_SCHEMA, ids)]
    assert checkpoint.config["elements"] == sorted(set(chain(*numbers)))
    for name, value in load_model(trained / "best.ckpt", torch.device("cpu")).state_dict().items():
        assert torch.equal(value, checkpoint.state_dict[name])


def test_checkpoint_of_another_network_is_refused(trained, tmp_path):
    content = torch.load(trained / "best.ckpt", weights_only=True)
    config = json.loads(content["groundstate"]["config"])
    config["refiner"]["channels"] = 5
    content["groundstate"]["config"] = json.dumps(config)
    save_checkpoint(content, tmp_path / "other.ckpt")
    with pytest.raises(GroundstateError, match=r"other\.ckpt: written by another version of 'gaunt'"):
        load_model(tmp_path / "other.ckpt", torch.device("cpu"))
    with pytest.raises(GroundstateError, match="no such checkpoint"):
        load_model(tmp_path / "absent.ckpt", torch.device("cpu"))


def test_same_seed_gives_the_same_weights(prepared, trained, tmp_path):
    run(prepared, tmp_path)
    first, second = (load_checkpoint(folder / "last.ckpt").state_dict for folder in (trained, tmp_path))
    for name, value in first.items():
        torch.testing.assert_close(second[name], value, rtol=1e-5, atol=1e-6)


def test_unknown_model_and_missing_conformers_are_named(prepared, tmp_path):
    with pytest.raises(GroundstateError, match="unknown geometry model 'gnu'; allowed: gaunt"):
        run(prepared, tmp_path, model="gnu")
    with pytest.raises(GroundstateError, match="run the embed stage first"):
        run(prepared._replace(conformers=tmp_path / "none.parquet"), tmp_path)
