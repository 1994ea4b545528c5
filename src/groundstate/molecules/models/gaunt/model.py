"""The ``gaunt`` model: rank the candidates of a molecule, refine the best; as the registry wants it."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.spatial.distance import pdist
from torch import Tensor, nn

from groundstate.molecules.conformers.candidates import Candidates, Guess
from groundstate.molecules.models.examples import Example
from groundstate.molecules.models.gaunt.graph import ATOM_FEATURES, GraphBatch, MoleculeGraph, collate, padded
from groundstate.molecules.models.gaunt.ranker import CandidateBatch, Ranker, collate_candidates
from groundstate.molecules.models.gaunt.ranking_loss import log_softmax_within, ranking_loss
from groundstate.molecules.models.gaunt.refinement_loss import Target, refinement_loss
from groundstate.molecules.models.gaunt.refiner import Refiner
from groundstate.molecules.models.settings import TrainGeometry

RANKING_WEIGHT = 0.1  # of the ranking loss, beside distances in angstrom
SHOWN = 12  # candidates of a molecule in a training step
PAIRS_AT_ONCE = 200_000  # pairs of candidates that a prediction holds


class GauntModel(nn.Module):
    """A ranker and a refiner, trained together on the same molecules; they share no weights."""

    def __init__(self, atom_features: int, refiner: dict[str, int], ranker: dict[str, int]) -> None:
        super().__init__()
        self.refiner = Refiner(atom_features, **refiner)
        self.ranker = Ranker(atom_features, **ranker)


class GauntBatch(NamedTuple):
    """What a training step sees."""

    graph: GraphBatch
    start: Tensor  # (N, 3): one candidate of each molecule, to be refined
    target: Target
    candidates: CandidateBatch
    errors: Tensor  # (C,) mean absolute error of the candidates' distances


def config(settings: TrainGeometry, elements: list[int]) -> dict[str, Any]:
    """Sizes of the networks and the elements they know."""
    sizes = settings.gaunt.model_dump()
    ranker = sizes.pop("ranker")
    return {"elements": elements, "refiner": sizes, "ranker": ranker}


def build(config: dict[str, Any]) -> GauntModel:
    """An untrained model."""
    return GauntModel(len(config["elements"]) + ATOM_FEATURES, config["refiner"], config["ranker"])


def batch(examples: Sequence[Example], generator: torch.Generator | None) -> GauntBatch:
    """Join examples; one candidate of each, drawn or (without a generator) the first, is to be refined."""
    graph = collate([example.graph for example in examples])
    shown = [_shown(example.errors, generator) for example in examples]
    which = [
        0 if generator is None else int(numbers[torch.randint(len(numbers), (), generator=generator)])
        for numbers in shown
    ]
    chosen = [example.candidates.positions[number] for example, number in zip(examples, which, strict=True)]
    start, reference = _joined(chosen), _joined([example.reference for example in examples])
    topology = torch.zeros(graph.molecules, graph.width, graph.width, dtype=torch.int16)
    for row, example in enumerate(examples):
        size = len(example.graph.topology)
        topology[row, :size, :size] = torch.from_numpy(example.graph.topology)
    target = Target(padded(reference, graph), padded(start, graph), topology)
    pairs = list(zip(examples, shown, strict=True))
    candidates = collate_candidates(
        [example.graph for example in examples],
        graph,
        [[example.candidates.positions[number] for number in numbers] for example, numbers in pairs],
        [example.candidates.hints[numbers] for example, numbers in pairs],
    )
    errors = np.concatenate([example.errors[numbers] for example, numbers in pairs])
    errors = torch.from_numpy(errors.astype(np.float32))
    return GauntBatch(graph, start, target, candidates, errors)


def _shown(errors: np.ndarray, generator: torch.Generator | None) -> np.ndarray:
    """Numbers of the candidates that a step sees: the best one and so many others."""
    if generator is None or len(errors) <= SHOWN:
        return np.arange(len(errors))
    order = torch.randperm(len(errors), generator=generator).numpy()
    best = int(errors.argmin())
    return np.sort(np.concatenate([[best], order[order != best][: SHOWN - 1]]))


def loss(
    network: GauntModel, batch: GauntBatch, generator: torch.Generator
) -> tuple[Tensor, dict[str, Tensor]]:
    """Distance loss of the refiner and ranking loss of the ranker; draws nothing."""
    geometries = network.refiner(batch.graph, batch.start)
    total, parts = refinement_loss([padded(geometry, batch.graph) for geometry in geometries], batch.target)
    scores = network.ranker(batch.graph, batch.candidates)
    molecules = batch.candidates.molecules
    ranking, chosen = ranking_loss(scores, batch.errors, batch.candidates.molecule, molecules)
    parts |= {"ranking": ranking.detach(), "chosen_mae": chosen}
    return total + RANKING_WEIGHT * ranking, parts


def predict(
    network: GauntModel, graphs: Sequence[MoleculeGraph], candidates: Sequence[Candidates], keep: int
) -> list[list[Guess]]:
    """Rank the candidates of each molecule, refine the first ``keep``; mirror images count once."""
    chosen: list[tuple[int, Ranked]] = []
    for number, order in enumerate(rank(network, graphs, candidates)):
        different: dict[int, Ranked] = {}
        for one in order:
            different.setdefault(candidates[number].rows[one.number]["conformer"], one)
        chosen += [(number, one) for one in list(different.values())[:keep]]
    starts = [candidates[number].positions[one.number] for number, one in chosen]
    guesses: list[list[Guess]] = [[] for _ in graphs]
    refined = refine(network, [graphs[number] for number, _ in chosen], starts)
    for (number, one), positions in zip(chosen, refined, strict=True):
        guesses[number].append(Guess(positions, one.number, one.chance, one.risk))
    return guesses


class Ranked(NamedTuple):
    """One candidate of a molecule."""

    number: int
    chance: float  # that it is the nearest one
    risk: float  # expected mean absolute difference of its heavy atoms' distances from the nearest one's


def rank(
    network: GauntModel, graphs: Sequence[MoleculeGraph], candidates: Sequence[Candidates]
) -> list[list[Ranked]]:
    """Order the candidates of each molecule by the error that is to be expected of them.

    The one to take is not always the likeliest: a candidate between several likely ones can be less wrong.
    """
    ranked = []
    for part in _parts(graphs, candidates):
        geometries = [one.positions for one in candidates[part]]
        graph = collate(graphs[part])
        data = collate_candidates(graphs[part], graph, geometries, [one.hints for one in candidates[part]])
        with torch.no_grad():
            graph, data = _moved(network, graph), _moved(network, data)
            chances = log_softmax_within(network.ranker(graph, data), data.molecule, data.molecules).exp()
        shares = chances.double().cpu().split([len(one) for one in geometries])
        for one, some, chance in zip(graphs[part], geometries, shares, strict=True):
            ranked.append(by_risk(one, some, chance.numpy()))
    return ranked


def by_risk(graph: MoleculeGraph, geometries: Sequence[np.ndarray], chance: np.ndarray) -> list[Ranked]:
    between = np.array([pdist(geometry) for geometry in geometries])
    apart = np.abs(between[:, None] - between[None]).sum(-1) / max(between.shape[1], 1)
    heavy = np.triu(np.outer(graph.heavy, graph.heavy), 1)[np.triu_indices(len(graph.atoms), 1)]
    between = between[:, heavy]
    heavy_apart = np.abs(between[:, None] - between[None]).sum(-1) / max(between.shape[1], 1)
    order = np.argsort(apart @ chance, kind="stable")
    risk = heavy_apart @ chance
    return [Ranked(int(number), float(chance[number]), float(risk[number])) for number in order]


def _parts(graphs: Sequence[MoleculeGraph], candidates: Sequence[Candidates]) -> Iterable[slice]:
    """Cut molecules into parts with at most ``PAIRS_AT_ONCE`` pairs (one molecule may have more)."""
    begin = pairs = 0
    for number, (graph, one) in enumerate(zip(graphs, candidates, strict=True)):
        size = len(graph.atoms) ** 2 // 2 * len(one.positions)
        if number > begin and pairs + size > PAIRS_AT_ONCE:
            yield slice(begin, number)
            begin, pairs = number, 0
        pairs += size
    yield slice(begin, len(graphs))


def refine(
    network: GauntModel, graphs: Sequence[MoleculeGraph], starts: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Refine one geometry a molecule; runs where the network's weights are."""
    graph = _moved(network, collate(graphs))
    with torch.no_grad():
        refined = network.refiner(graph, _joined(starts).to(graph.atoms.device))[-1]
    return [part.double().cpu().numpy() for part in refined.split([len(start) for start in starts])]


def _moved(network: nn.Module, batch: NamedTuple) -> NamedTuple:
    device = next(network.parameters()).device
    return type(batch)(*(value.to(device) if isinstance(value, Tensor) else value for value in batch))


def _joined(parts: Sequence[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.concatenate(parts).astype(np.float32))
