"""A distogram joined to a gaunt model."""

import json

import numpy as np
import pytest
import torch

from groundstate.errors import GroundstateError
from groundstate.molecules.models.examples import DataSet, training_part
from groundstate.molecules.models.gaunt.join import TRUSTS, join
from groundstate.molecules.models.load import load_model
from groundstate.molecules.models.settings import TrainGeometry
from groundstate.molecules.models.train import train
from groundstate.settings import parse_settings
from groundstate.training.portable import read_portable

SIZES = {"channels": 4, "features": 8, "layers": 1, "radial": 4, "ranker": {"features": 8, "rounds": 1}}
STEPS = {"max_steps": 4, "batch_size": 4, "checkpoint_every": 2}
SETTINGS = parse_settings(
    TrainGeometry,
    json.dumps(
        {
            "gaunt": SIZES,
            "distogram": {"features": 8, "pair_features": 4, "layers": 1, "training": STEPS},
            "training": STEPS,
        }
    ),
)


@pytest.fixture(scope="module")
def trainings(prepared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trainings")
    sets = [DataSet("one", *prepared), DataSet("two", *prepared)]
    for model in ("gaunt", "distogram"):
        train(sets, model, SETTINGS, 0, folder / model)
    for name, path in zip(("prepared", "prepared", "conformers"), prepared, strict=True):
        (folder / "one" / name).mkdir(parents=True, exist_ok=True)
        (folder / "one" / name / path.name).write_bytes(path.read_bytes())
    return folder


def test_what_is_joined_is_trusted_as_its_validation_part_decides(trainings, prepared):
    gaunt, distogram = (trainings / name / "best.ckpt" for name in ("gaunt", "distogram"))
    output = trainings / "out.safetensors"
    decided = join(gaunt, distogram, output, {"one": trainings / "one"})
    rmsds = decided["one"]["rmsd"]
    assert set(rmsds) == set(TRUSTS) and rmsds[decided["one"]["trust"]] == min(rmsds.values())
    provenance = json.loads(read_portable(output)[1]["provenance"])
    assert provenance["settings"] and provenance["distogram"]["settings"]
    joined, alone = (load_model(path, torch.device("cpu")) for path in (output, gaunt))
    assert joined.config["trust"] == {"one": decided["one"]["trust"]}
    molecules = [one.molecule for one in training_part([DataSet("", *prepared)], "random", "train", "mmff")]
    chosen = {}
    for name in ("one", "two"):
        some = [molecule._replace(convention=name) for molecule in molecules]
        joined.config["trust"] = {"one": 50.0}
        chosen[name] = [joined.predict(some, 1), alone.predict(some, 1)]
    for one, other in zip(*chosen["two"], strict=True):  # not trusted there
        np.testing.assert_array_equal(one[0].positions, other[0].positions)
    likelihoods = [
        joined.distogram.log_likelihoods(molecule.mol, "one", [with_it[0].positions, without[0].positions])
        for molecule, with_it, without in zip(molecules, *chosen["one"], strict=True)
    ]
    assert all(first >= second - 0.05 for first, second in likelihoods)
    assert any(first > second + 1e-3 for first, second in likelihoods)


def test_models_of_one_data_set_are_joined_too_and_unknown_conventions_are_named(trainings, prepared):
    for model in ("gaunt", "distogram"):
        train([DataSet("", *prepared)], model, SETTINGS, 0, trainings / "single" / model)
    gaunt, distogram = (trainings / "single" / name / "best.ckpt" for name in ("gaunt", "distogram"))
    output = trainings / "single.safetensors"
    join(gaunt, distogram, output, {"": trainings / "one"})
    joined = load_model(output, torch.device("cpu"))
    assert [*joined.config["trust"]] == [""]
    molecules = [one.molecule for one in training_part([DataSet("", *prepared)], "random", "train", "mmff")]
    assert len(joined.predict(molecules[:2], 1)) == 2
    with pytest.raises(GroundstateError, match="convention gas: this model was trained on one data set"):
        join(gaunt, distogram, output, {"gas": trainings / "one"})
