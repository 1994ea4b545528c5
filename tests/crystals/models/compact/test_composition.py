"""The composition stage: exact masks, exact likelihood, exact sampling."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch

from groundstate.crystals.crystal import Crystal
from groundstate.crystals.models.compact.composition import (
    CompositionNetwork,
    allowed_moves,
    composition_loss,
    sample_compositions,
)
from groundstate.crystals.models.compact.model import CompactModel
from groundstate.crystals.models.settings import TrainCrystals
from groundstate.errors import GroundstateError

USABLE = torch.arange(119) > 0


def network(depth: int = 6, max_atoms: int = 12, **options: int) -> CompositionNetwork:
    torch.manual_seed(0)
    model = CompositionNetwork(depth, max_atoms, 32, 1, options.get("conditions", 0), 0.0)
    torch.nn.init.normal_(model.queries[1].weight, std=0.3)  # a fresh one is uniform; tests want preferences
    return model.eval()


def free(model: CompositionNetwork) -> Callable:
    """The logits of a model without conditions."""
    return lambda counts, total: model(counts, total, None)


def uniform(rows: int, steps: int = 12, seed: int = 0) -> torch.Tensor:
    return torch.rand(rows, steps, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_allowed_moves_are_those_after_which_the_total_is_reachable() -> None:
    """Against a brute-force search over what the other elements can hold."""
    usable = torch.zeros(119, dtype=torch.bool)
    usable[[3, 8, 26]] = True
    depth = 3
    for chosen in itertools.chain.from_iterable(itertools.combinations((3, 8, 26), k) for k in range(3)):
        free = {3, 8, 26} - set(chosen)
        for remaining in range(1, 3 * len(free) + 1):
            flags = torch.zeros(1, 119, dtype=torch.bool)
            flags[0, list(chosen)] = True
            moves = allowed_moves(flags, torch.tensor([remaining]), usable, depth)[0]
            reachable = {
                (element, count)
                for element in free
                for count in range(1, depth + 1)
                if 0 <= remaining - count <= depth * (len(free) - 1)
            }
            found = {(int(e), int(c) + 1) for e, c in moves.nonzero()}
            assert found == reachable


def test_sampled_compositions_obey_total_depth_and_elements() -> None:
    usable = torch.zeros(119, dtype=torch.bool)
    usable[[3, 8, 15, 26]] = True
    total = torch.arange(1000) % 12 + 1
    counts = sample_compositions(free(network(depth=3)), 3, total, usable, uniform(1000))
    assert torch.equal(counts.sum(-1), total)
    assert int(counts.max()) <= 3
    assert int(counts[:, ~usable].sum()) == 0


def test_samples_follow_the_probabilities_of_the_network() -> None:
    model = network(depth=2, max_atoms=2)
    usable = torch.zeros(119, dtype=torch.bool)
    usable[[8, 26]] = True
    rows = 20_000
    counts = sample_compositions(free(model), 2, torch.full((rows,), 2), usable, uniform(rows))
    with torch.no_grad():
        logits = model(torch.zeros(1, 119, dtype=torch.long), torch.tensor([2]), None)[0]
    first = torch.softmax(torch.stack([logits[8, 0], logits[8, 1], logits[26, 0], logits[26, 1]]), 0)
    expected = {"O2": first[1], "Fe2": first[3], "FeO": first[0] + first[2]}
    found = {"O2": counts[:, 8] == 2, "Fe2": counts[:, 26] == 2, "FeO": counts[:, 8] == 1}
    for name, share in expected.items():
        assert abs(found[name].double().mean() - share) < 5 * (0.25 / rows) ** 0.5, name


def test_top_p_draws_from_the_likeliest_moves_in_their_proportions() -> None:
    shares = torch.zeros(119, 1)
    shares[[3, 8, 11, 26], 0] = torch.tensor([0.5, 0.3, 0.15, 0.05])
    rows = 20_000
    counts = sample_compositions(
        lambda counts, total: shares.log().expand(len(counts), -1, -1),
        1,
        torch.ones(rows, dtype=torch.long),
        shares[:, 0] > 0,
        uniform(rows),
        top_p=0.79,  # 0.5 is too little, 0.8 enough
    )
    found = counts.double().mean(0)
    assert found[[11, 26]].sum() == 0
    assert abs(found[3] - 0.5 / 0.8) < 5 * (0.25 / rows) ** 0.5


def test_loss_is_the_mean_over_subsets_written_out() -> None:
    """Two species: half of the draws start from nothing, half from one of the two."""
    model = network()
    counts = torch.zeros(1, 119, dtype=torch.long)
    counts[0, 12], counts[0, 8] = 2, 3
    total = torch.tensor([5])

    def log_probability(part: torch.Tensor, element: int, count: int) -> torch.Tensor:
        moves = allowed_moves(part > 0, total - part.sum(-1), USABLE, 6)
        logits = model(part, total, None).masked_fill(~moves, -torch.inf)
        return torch.log_softmax(logits.flatten(), 0)[element * 6 + count - 1]

    empty, only_mg, only_o = torch.zeros_like(counts), counts.clone(), counts.clone()
    only_mg[0, 8], only_o[0, 12] = 0, 0
    with torch.no_grad():
        first = -(log_probability(empty, 12, 2) + log_probability(empty, 8, 3)) / 2
        second = -(log_probability(only_mg, 8, 3) + log_probability(only_o, 12, 2)) / 2
        rows = 4000
        drawn = torch.rand(rows, 120, generator=torch.Generator().manual_seed(3))
        loss = composition_loss(model, counts.repeat(rows, 1), None, drawn)
    assert abs(loss - (first + second) / 2) < 0.05 * abs(first - second) + 1e-3


def test_training_learns_a_small_set_by_heart() -> None:
    torch.manual_seed(0)
    model = CompositionNetwork(3, 5, 64, 1, 0, 0.0)
    known = torch.zeros(4, 119, dtype=torch.long)
    for row, (a, b) in enumerate(((38, 22), (56, 22), (11, 41), (19, 73))):
        known[row, [a, b, 8]] = torch.tensor([1, 1, 3])
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    generator = torch.Generator().manual_seed(0)
    for _ in range(120):
        loss = composition_loss(model, known.repeat(16, 1), None, torch.rand(64, 120, generator=generator))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    counts = sample_compositions(free(model), 3, torch.full((200,), 5), USABLE, uniform(200))
    hits = (counts[:, None] == known).all(-1).any(-1)
    assert hits.double().mean() > 0.9
    assert (counts[:, None] == known).all(-1).any(0).all()


def test_a_condition_is_learned() -> None:
    torch.manual_seed(0)
    model = CompositionNetwork(2, 2, 64, 1, 1, 0.0)
    known = torch.zeros(2, 119, dtype=torch.long)
    known[0, 11], known[1, 26] = 2, 2
    conditions = torch.tensor([[[-1.0, 1.0]], [[1.0, 1.0]]])
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    generator = torch.Generator().manual_seed(0)
    for step in range(60):
        given = conditions.repeat(16, 1, 1) * (step % 4 > 0)
        loss = composition_loss(model, known.repeat(16, 1), given, torch.rand(32, 120, generator=generator))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    counts = sample_compositions(
        lambda counts, total: model(counts, total, conditions[:1]),
        2,
        torch.full((200,), 2),
        USABLE,
        uniform(200),
    )
    assert (counts[:, 11] == 2).double().mean() > 0.9


def test_compositions_are_learned_from_the_crystals_that_are_named_alone(tmp_path) -> None:
    def crystal(name: str, *numbers: int) -> Crystal:
        places = np.linspace(0.1, 0.9, 3 * len(numbers)).reshape(-1, 3)
        return Crystal(name, np.array(numbers), places, np.eye(3) * 5)

    crystals = [crystal("a", 38, 22, 8, 8, 8), crystal("b", 11, 17), crystal("c", 12, 8)]
    ids = tmp_path / "ids.csv"
    ids.write_text("material_id,formula\na,SrTiO3\nz,MgO\n")
    compact = {"width": 16, "layers": 1, "composition_width": 16, "composition_layers": 1}
    settings = TrainCrystals(compact={**compact, "composition_ids": str(ids)})
    model = CompactModel.build("unimat-compact", crystals, settings)
    assert model.size_weights.nonzero()[:, 0].tolist() == [5]
    assert "composition_ids" not in model.config["compact"]
    encoded = model.encode(crystals)
    choice = CompactModel.encode_choice(crystals, settings)
    one = {key: values[:1] for key, values in encoded.items()}
    few = [one, {key: values[1:] for key, values in (encoded | choice).items()}]
    losses = []
    for batch in few:
        model.zero_grad()
        model.eval()
        parts = model.loss(batch, torch.Generator().manual_seed(0))[1]
        parts["composition"].backward()
        losses.append(sum(float(p.grad.abs().sum()) for p in model.parameters() if p.grad is not None))
    assert losses[0] > 0  # SrTiO3 teaches
    assert losses[1] == 0  # the others do not
    ids.write_text("nothing\n")
    with pytest.raises(GroundstateError, match=r"ids.csv names none of 3 crystals of a part \(a, b, c\)"):
        CompactModel.encode_choice(crystals, settings)
    missing = TrainCrystals(compact={**compact, "composition_ids": str(tmp_path / "no.csv")})
    with pytest.raises(GroundstateError, match=r"composition_ids: .*no.csv"):
        CompactModel.encode_choice(crystals, missing)
