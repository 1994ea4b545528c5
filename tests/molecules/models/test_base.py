"""A geometry model of a user's own, as its page has it: trained, loaded by name, predicts."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from groundstate.errors import GroundstateError
from groundstate.molecules.models.examples import DataSet, read_starts
from groundstate.molecules.models.load import load_model
from groundstate.molecules.models.predict import molecules_of, predict_molecules, stored
from groundstate.molecules.models.settings import SECTIONS, TrainGeometry, model_settings
from groundstate.molecules.models.train import train
from groundstate.plugins import GEOMETRY_MODELS
from groundstate.records import MOLECULE_SCHEMA, read_records
from groundstate.training.settings import TrainingSettings

PAGE = Path(__file__).parents[3] / "docs/how-to/own_model.md"
SCALE = re.search(r"```python\n# new file my_models\.py\n(.*?)```", PAGE.read_text(), re.DOTALL)[1]
SETTINGS = TrainGeometry(training=TrainingSettings(max_steps=60, batch_size=8, learning_rate=3e-3))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of the user's with the model in it, in which the user works."""
    (tmp_path / "my_models.py").write_text(SCALE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "my_models", raising=False)
    return tmp_path


def test_the_model_of_the_readme_learns_and_predicts(prepared, folder):
    train([DataSet("", *prepared)], "my_models:Scale", SETTINGS, 0, folder)
    model = load_model(folder / "best.ckpt", torch.device("cpu"), "my_models:Scale")
    assert 0.9 < model.factor.item() < 1.1 and model.factor.item() != 1
    records = read_records(prepared.records, MOLECULE_SCHEMA)
    starts = read_starts(prepared.conformers, [row["id"] for row in records], "mmff")
    rejections = []
    ready = predict_molecules(model, molecules_of(records, rejections), stored(starts), rejections)
    for (one,) in ready:
        wanted = model.factor.item() * starts[one.id][0]["positions"]
        if one.failed is None:
            np.testing.assert_allclose(one.mol.GetConformer().GetPositions(), wanted, atol=1e-9)
    assert {row.id for row in rejections} == {row["id"] for row in records} - starts.keys()


def test_a_checkpoint_loads_no_code_of_a_user_s_by_itself(prepared, folder):
    train([DataSet("", *prepared)], "my_models:Scale", SETTINGS, 0, folder)
    with pytest.raises(GroundstateError, match="name it: --model my_models:Scale"):
        load_model(folder / "best.ckpt", torch.device("cpu"))
    with pytest.raises(GroundstateError, match="is of the geometry model 'my_models:Scale', not of 'gaunt'"):
        load_model(folder / "best.ckpt", torch.device("cpu"), "gaunt")


def test_each_built_in_model_says_which_settings_it_reads():
    assert SECTIONS.keys() == GEOMETRY_MODELS.keys()
    wide = TrainGeometry(dagnn={"width": 64})
    changed = {
        name for name in SECTIONS if model_settings(name, wide) != model_settings(name, TrainGeometry())
    }
    assert changed == {"dagnn-distance", "dagnn-coordinates"}
    assert model_settings("my_models:Scale", wide) == wide.model_dump()
    for name in SECTIONS:  # what is passed to a training is enough for it
        TrainGeometry.model_validate(model_settings(name, wide))
