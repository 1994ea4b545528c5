"""Crystal models by name, and a model of the user's own from a file that the package does not know."""

import sys
from pathlib import Path

import pytest
import torch

from groundstate.crystals.dataset.prepare import prepare
from groundstate.crystals.dataset.settings import PrepareCrystals
from groundstate.crystals.models.base import CrystalModel, Request
from groundstate.crystals.models.generate import generate
from groundstate.crystals.models.load import WHAT, load_model
from groundstate.crystals.models.settings import TrainCrystals
from groundstate.crystals.models.train import train
from groundstate.errors import GroundstateError
from groundstate.plugins import CRYSTAL_MODELS, load_class

ROWS = Path(__file__).parents[2] / "data/flla_rows.tar.gz"

OWN = '''
import numpy as np
import torch

from groundstate.crystals.crystal import Crystal
from groundstate.crystals.models.base import Batch, CrystalModel


class Cubes(CrystalModel):
    """One atom of the commonest element in a cube of the learned edge."""

    def __init__(self, config):
        super().__init__(config)
        self.edge = torch.nn.Parameter(torch.ones(()))

    @classmethod
    def own_config(cls, settings):
        return {"colour": "green"}

    def encode_rest(self, crystals, lattices):
        atoms = torch.tensor([len(crystal.frac_coords) for crystal in crystals])
        return {"volume": torch.linalg.det(lattices).abs().float() / atoms}

    def fit_statistics(self, encoded):
        pass

    def loss(self, batch, generator):
        return (self.edge - batch["volume"].pow(1 / 3)).abs().mean(), {}

    def plan(self, request, count, seed):
        return [Batch("all", list(range(count)), list(range(count)), count, {})]

    def sample(self, batch, request, seed, steps):
        number = max(self.config["counts"].items(), key=lambda item: item[1])[0]
        cell = np.eye(3) * self.edge.item()
        return [Crystal("", np.array([int(number)]), np.zeros((1, 3)), cell) for _ in batch.rows]


SOMETHING = 3
'''


@pytest.mark.parametrize("name", CRYSTAL_MODELS)
def test_built_in_names_lead_to_models(name: str) -> None:
    assert issubclass(load_class(name, CrystalModel, WHAT), CrystalModel)


def test_a_model_of_the_users_own_trains_and_generates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_crystal_models.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    prepare([ROWS], "flla", PrepareCrystals(), tmp_path)
    settings = TrainCrystals.model_validate(
        {"training": {"max_steps": 20, "checkpoint_every": 10, "batch_size": 8, "learning_rate": 0.1}}
    )
    name = "own_crystal_models:Cubes"
    train(tmp_path / "records.parquet", tmp_path / "splits.csv", name, settings, 0, tmp_path / "run")
    with pytest.raises(GroundstateError, match="name it: --model own_crystal_models:Cubes"):
        load_model(tmp_path / "run/best.ckpt", torch.device("cpu"))
    model = load_model(tmp_path / "run/best.ckpt", torch.device("cpu"), name)
    assert model.config["colour"] == "green" and model.config["model"] == name
    crystals = generate(model, Request(), 3, 0, 2)
    assert [crystal.id for crystal in crystals] == ["seed0-00000", "seed0-00001", "seed0-00002"]
    assert crystals[0].lattice[0, 0] > 1.1  # it learned
    for wrong, reason in (
        ("own_crystal_models:SOMETHING", "neither a subclass nor an instance"),
        ("own_crystal_models:Absent", "no 'Absent'; its objects of this kind: .*Cubes"),
        ("unimat-huge", "unknown crystal model 'unimat-huge'; allowed: unimat-compact"),
    ):
        with pytest.raises(GroundstateError, match=reason):
            load_class(wrong, CrystalModel, WHAT)


def test_a_condition_that_no_record_has_is_named(tmp_path: Path) -> None:
    prepare([ROWS], "flla", PrepareCrystals(), tmp_path)
    settings = TrainCrystals(conditions=["colour"])
    with pytest.raises(GroundstateError, match="conditions: 'colour' is a property of 0 training crystals"):
        train(tmp_path / "records.parquet", tmp_path / "splits.csv", "unimat", settings, 0, tmp_path / "run")
