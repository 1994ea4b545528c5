"""Models without weights go through the same stages as trained ones."""

import numpy as np
import pytest

from groundstate.molecules.examples import read_starts
from groundstate.molecules.predict import load_predictor, predict_records, starts_of
from groundstate.molecules.train import train
from groundstate.molecules.train_settings import TrainGeometry
from groundstate.records import MOLECULE_SCHEMA, read_records


@pytest.mark.parametrize("model", ["etkdg", "mmff", "mmff-lowest"])
def test_an_untrained_model_gives_the_start_geometry_that_it_is_named_after(prepared, tmp_path, model):
    train(prepared.records, prepared.splits, prepared.conformers, model, TrainGeometry(), 0, tmp_path)
    predictor = load_predictor(tmp_path / "best.ckpt", "cpu")
    records = read_records(prepared.records, MOLECULE_SCHEMA)
    starts = read_starts(prepared.conformers, [row["id"] for row in records], starts_of(predictor))
    rejections = []
    predictions = list(predict_records(predictor, records, starts, rejections))
    assert not rejections and [one.id for one in predictions] == [row["id"] for row in records]
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
