"""What a training refuses before its first step, and what it leaves then."""

from pathlib import Path

import numpy as np
import pytest
import torch

from groundstate.crystals.models.base import Request
from groundstate.crystals.models.generate import generate
from groundstate.crystals.models.load import load_model
from groundstate.crystals.models.settings import TrainCrystals
from groundstate.crystals.models.train import train
from groundstate.errors import GroundstateError
from groundstate.records import CRYSTAL_SCHEMA, Rejection, write_records, write_rejected

COMPACT = {"width": 16, "layers": 1, "composition_width": 16, "composition_layers": 1}


def row(name: str) -> dict:
    lattice, places = (np.eye(3) * 4.2).tolist(), [[0.0] * 3, [0.5] * 3]
    crystal = {"id": name, "formula": "CsCl", "atomic_numbers": [55, 17]}
    return {**crystal, "frac_coords": places, "lattice": lattice, "properties": {}}


def test_a_part_without_a_named_composition_is_told_and_an_older_table_goes(tmp_path: Path) -> None:
    write_records(tmp_path / "records.parquet", [row(name) for name in "abc"], CRYSTAL_SCHEMA)
    (tmp_path / "splits.csv").write_text("id,random\na,train\nb,validation\nc,train\n")
    (tmp_path / "ids.csv").write_text("a\n")
    folder = tmp_path / "model"
    write_rejected(folder / "rejected.csv", [Rejection("c", "train", "of an older run")])
    settings = TrainCrystals(compact={**COMPACT, "composition_ids": str(tmp_path / "ids.csv")})
    with pytest.raises(GroundstateError, match=r"none of 1 crystals of a part \(b\); .*the validation part"):
        train(tmp_path / "records.parquet", tmp_path / "splits.csv", "unimat-compact", settings, 0, folder)
    assert not (folder / "rejected.csv").exists()


def test_the_symmetry_stage_is_trained_with_the_others_and_keeps_its_own_best(tmp_path: Path) -> None:
    write_records(tmp_path / "records.parquet", [row(name) for name in "abc"], CRYSTAL_SCHEMA)
    (tmp_path / "splits.csv").write_text("id,random\na,train\nb,validation\nc,train\n")
    training = {"max_steps": 40, "batch_size": 2, "checkpoint_every": 20, "learning_rate": 1e-2}
    compact = {**COMPACT, "symmetry_width": 16, "symmetry_dropout": 0.0, "sampling_steps": 4}
    settings = TrainCrystals(compact=compact, training=training)
    folder = tmp_path / "model"
    train(tmp_path / "records.parquet", tmp_path / "splits.csv", "unimat-compact", settings, 0, folder)
    lines = (folder / "training.csv").read_text().splitlines()
    place = lines[0].split(",").index("validation_symmetry")
    assert float(lines[-1].split(",")[place]) < float(lines[1].split(",")[place])
    model = load_model(folder / "best.ckpt", torch.device("cpu"))
    (crystal,) = generate(model, Request(formulas=({55: 1, 17: 1},)), 1, 0, 1)
    away = np.abs(np.diff(crystal.frac_coords, axis=0))
    np.testing.assert_allclose(away, 0.5, atol=1e-5)  # both stand on fixed positions of Pm-3m
    np.testing.assert_allclose(crystal.lattice, crystal.lattice[0, 0] * np.eye(3), atol=1e-3)
