"""Templates as conditions: common frames, no crystal its own template, and samples that begin from them."""

from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest
import torch

from groundstate.crystals.crystal import Crystal
from groundstate.crystals.models.base import Request
from groundstate.crystals.models.compact.model import CompactModel
from groundstate.crystals.models.generate import generate
from groundstate.crystals.models.settings import TrainCrystals
from groundstate.crystals.models.templates import (
    Template,
    draw_variants,
    encode_templates,
    find_in,
    plain_library,
)
from groundstate.crystals.templates.elements import expected_volume

COMPACT = {
    "width": 32,
    "layers": 1,
    "composition_width": 32,
    "composition_layers": 1,
    "sampling_steps": 8,
    "templates": 2,
}


def perovskite(name: str, numbers: tuple[int, int, int], length: float, shift: float = 0.0) -> Crystal:
    """Give ABX3 with a displaced B."""
    frac = np.array([[0, 0, 0], [0.5, 0.5, 0.5 + shift], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    a, b, x = numbers
    return Crystal(name, np.array([a, b, x, x, x]), frac, np.diag([length, length, length * 1.02]))


CRYSTALS = [
    perovskite("a", (38, 22, 8), 3.9, 0.01),
    perovskite("b", (56, 22, 8), 4.0, 0.03),
    perovskite("c", (20, 22, 8), 3.8, 0.02),
    Crystal("d", np.array([11, 17]), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]), np.eye(3) * 3.5),
]


def test_templates_lie_in_the_frame_of_their_crystals() -> None:
    library = plain_library(CRYSTALS)
    encoded = encode_templates(CRYSTALS, find_in(library), 2, 5)
    assert encoded["variants"].tolist() == [2, 2, 2, 0]
    assert encoded["template_atomic_numbers"][3].abs().sum() == 0  # no other crystal has its content
    assert encoded["atomic_numbers"][3, 0].tolist() == [11, 17, 0, 0, 0]
    for row in range(4):  # first each crystal alone, as it is
        assert encoded["atomic_numbers"][row, 0, : len(CRYSTALS[row].atomic_numbers)].tolist() == list(
            CRYSTALS[row].atomic_numbers
        )
        assert encoded["template_atomic_numbers"][row, 0].abs().sum() == 0
    for row in range(3):
        for place in (1, 2):
            own, other = encoded["frac_coords"][row, place], encoded["template_frac_coords"][row, place]
            difference = own - other
            assert (difference - torch.round(difference)).abs().max() < 0.03
            assert CRYSTALS[row].atomic_numbers[0] in encoded["atomic_numbers"][row, place]
            assert CRYSTALS[row].atomic_numbers[0] not in encoded["template_atomic_numbers"][row, place]


def test_a_crystal_under_another_name_is_no_template() -> None:
    twin = CRYSTALS[0]._replace(id="twin", frac_coords=CRYSTALS[0].frac_coords + 0.25)
    encoded = encode_templates([twin], find_in(plain_library(CRYSTALS)), 2, 5)
    assert encoded["variants"].tolist() == [2]
    assert 38 not in encoded["template_atomic_numbers"]


def test_variants_are_drawn_evenly_and_left_out_as_often_as_asked() -> None:
    encoded = encode_templates(CRYSTALS, find_in(plain_library(CRYSTALS)), 2, 5)
    batch = {key: values[[0] * 400] for key, values in encoded.items()}
    drawn = draw_variants(batch, 0.25, torch.Generator().manual_seed(0))["template_atomic_numbers"]
    shares = [float((drawn == number).any(1).float().mean()) for number in (56, 20)]
    assert shares == pytest.approx([0.375, 0.375], abs=0.08)
    alone = draw_variants(batch, 1.0, torch.Generator().manual_seed(0))
    assert alone["template_atomic_numbers"].abs().sum() == 0
    assert (alone["frac_coords"] == batch["frac_coords"][:, 0]).all()
    lonely = {key: values[[3] * 10] for key, values in encoded.items()}
    assert draw_variants(lonely, 0.0, torch.Generator())["template_atomic_numbers"].abs().sum() == 0


@pytest.fixture(scope="module")
def model() -> CompactModel:
    """An untrained network whose heads are not zero."""
    torch.manual_seed(0)
    made = CompactModel.build("unimat-compact", CRYSTALS, TrainCrystals(compact=COMPACT))
    for head in (made.structure.lattice_head, made.structure.coordinate_head):
        torch.nn.init.normal_(head.weight, std=0.05)
    return made.eval().requires_grad_(False)


def test_the_loss_sees_the_template(model: CompactModel) -> None:
    encoded = model.encode(CRYSTALS) | model.encode_templates(CRYSTALS, find_in(plain_library(CRYSTALS)))
    _, parts = model.loss(encoded, torch.Generator().manual_seed(1))
    moved = {**encoded, "template_frac_coords": encoded["template_frac_coords"] * 0.5}
    _, others = model.loss(moved, torch.Generator().manual_seed(1))
    assert torch.isfinite(parts["sites"])
    assert parts["sites"] != others["sites"]
    assert parts["composition"] == others["composition"]


def test_a_template_noised_a_little_comes_back_as_it_is(model: CompactModel) -> None:
    template = Template(
        CRYSTALS[1].atomic_numbers, CRYSTALS[1]._replace(atomic_numbers=np.array([38, 22, 8, 8, 8]))
    )
    request = Request(formulas=({38: 1, 22: 1, 8: 3},), templates=(template,), noise=1e-3)
    drawn = generate(model, request, 1, 0, 4)[0]
    assert drawn.atomic_numbers.tolist() == [38, 22, 8, 8, 8]
    difference = drawn.frac_coords - CRYSTALS[1].frac_coords
    difference -= difference[0]
    assert np.abs(difference - np.round(difference)).max() < 0.08  # a few times the least noise, .01
    far = generate(model, Request(request.formulas, templates=(template,)), 1, 0, 4)[0]
    assert not np.allclose(far.frac_coords, drawn.frac_coords, atol=0.1)


def test_samples_take_templates_in_their_order_whatever_the_batch(model: CompactModel) -> None:
    asked: list[dict[int, int]] = []
    search = find_in(plain_library(CRYSTALS))

    def find(counts: dict[int, int], name: str | None) -> Iterator[Template]:
        asked.append(dict(counts))
        return islice(search(counts, name), 2)

    request = Request(formulas=({12: 1, 22: 1, 8: 3}, {3: 1}))
    whole = generate(model, request, 6, 0, 64, find=find)
    assert asked == [{12: 1, 22: 1, 8: 3}, {3: 1}]  # each composition once
    single = generate(model, request, 6, 0, 1, find=find)
    for one, other in zip(whole, single, strict=True):
        np.testing.assert_array_equal(one.frac_coords, other.frac_coords)
    free = generate(model, request, 6, 0, 64)
    assert not np.allclose(free[0].frac_coords, whole[0].frac_coords)
    np.testing.assert_array_equal(free[1].lattice, whole[1].lattice)  # lithium has no template


def test_drawn_compositions_find_templates(model: CompactModel) -> None:
    request = Request(atoms=(5, 5))
    plain = generate(model, request, 4, 3, 8)
    shown = generate(model, request, 4, 3, 8, find=find_in(plain_library(CRYSTALS)))
    for one, other in zip(plain, shown, strict=True):
        assert sorted(one.atomic_numbers.tolist()) == sorted(other.atomic_numbers.tolist())


def test_a_sample_without_template_has_the_expected_volume_where_asked(model: CompactModel) -> None:
    request = Request(formulas=({38: 1, 22: 1, 8: 3},))
    drawn = generate(model, request, 2, 0, 4)
    other = CompactModel({**model.config, "compact": {**model.config["compact"], "volume": "expected"}})
    other.load_state_dict(model.state_dict())
    for one, plain in zip(generate(other.eval(), request, 2, 0, 4), drawn, strict=True):
        volumes = [np.linalg.det(crystal.lattice) for crystal in (one, plain)]
        assert volumes[0] == pytest.approx(expected_volume(one.atomic_numbers))
        scale = (volumes[0] / volumes[1]) ** (1 / 3)
        np.testing.assert_allclose(one.lattice, plain.lattice * scale)
        np.testing.assert_allclose(
            one.frac_coords, plain.frac_coords, atol=1e-5
        )  # other memory, other rounding
