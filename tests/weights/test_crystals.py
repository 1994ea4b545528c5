"""The crystal weights that come with the package: whole, with a card, and able to draw what is asked for."""

import json

import numpy as np
import pytest
import torch

import groundstate
from groundstate.training.portable import read_portable
from groundstate.weights import model_card, shipped_weights

pytestmark = pytest.mark.skipif(
    "crystals" not in shipped_weights(), reason="no crystal weights in this version"
)


def test_the_file_is_whole_and_has_its_settings() -> None:
    path = shipped_weights()["crystals"]
    state, metadata = read_portable(path)
    assert path.stat().st_size < 6e6
    assert all(bool(torch.isfinite(value).all()) for value in state.values() if value.is_floating_point())
    config, provenance = json.loads(metadata["config"]), json.loads(metadata["provenance"])
    assert config["kind"] == "crystals"
    assert config["max_atoms"] == 32
    assert provenance["seed"] == 0
    assert provenance["config"] == config


def test_the_card_says_what_a_user_must_know() -> None:
    card = model_card("crystals")
    for word in ("CC BY 4.0", "Materials Project", "seed 0", "make crystal-weights", "validation"):
        assert word in card


def test_weights_and_templates_need_no_other_file() -> None:
    structures = groundstate.generate(2, formula="SrTiO3")
    assert {one.composition.formula for one in structures} == {"Sr1 Ti1 O3"}
    assert [one.volume for one in structures] == pytest.approx([60, 60], rel=0.3)
    again = groundstate.generate(2, formula="SrTiO3", batch_size=1)
    for one, other in zip(structures, again, strict=True):
        np.testing.assert_array_equal(one.frac_coords, other.frac_coords)


def test_a_template_a_little_noised_is_known() -> None:
    near = groundstate.generate(1, formula="NaCl", noise=0.15)[0]
    assert near.volume == pytest.approx(46, rel=0.15)
    assert near.get_distance(0, 1) == pytest.approx(2.8, rel=0.1)
