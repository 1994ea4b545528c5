"""One training of several data sets: its files, its conventions, and the predictions that choose one."""

from pathlib import Path

import pytest

from groundstate.config_reading import read_config
from groundstate.errors import GroundstateError
from pipeline import ROOT, planned, snakemake


def test_several_data_sets_are_trained_once_and_predicted_each(tmp_path: Path) -> None:
    (tmp_path / "data/own").mkdir(parents=True)
    for name in ("cascade_m062x_train.sdf.gz", "molecule3d_random_train_chon20.sdf.gz"):
        (tmp_path / "data/own" / name).touch()
    where = ("--directory", str(tmp_path))
    config = ROOT / "config/weights.yaml"
    output = snakemake(ROOT, "-n", "-p", "--cores", "2", *where, config=str(config))
    jobs = planned(output)
    assert jobs["train_geometry"] == 1 and jobs["prepare_molecules"] == jobs["predict_geometry"] == 4
    lines = output.splitlines()
    (training,) = (line for line in lines if "groundstate train geometry" in line)
    for key in ("convention", "records", "splits", "conformers"):
        assert training.count(f"--{key}=") == 4
    prepared = [line for line in lines if "groundstate prepare molecules" in line]
    most = {
        line.split("/molecules/")[-1].split("/")[0]: line.split('"max_molecules": ')[1] for line in prepared
    }
    own = {name: int(text.split(",")[0]) for name, text in most.items()}
    assert own["molecule3d"] == 2000 and own["qm9"] == own["cascade"] == 4000
    predictions = [line for line in lines if "groundstate predict geometry" in line and "/qm9/" in line]
    assert "--convention=qm9" in predictions[0]


def test_the_name_of_the_joint_training_is_no_data_set() -> None:
    source = {
        "kind": "path",
        "format": "sdf",
        "license": "x",
        "citation": "x",
        "files": {"a.sdf": {"location": "a.sdf"}},
    }
    values = {"sources": {"joint": source}, "molecules": {"datasets": ["joint"], "joint": True}}
    with pytest.raises(GroundstateError, match=r"sources\.joint: is the name of the joint training"):
        read_config(values | {"crystals": {"datasets": []}})
