"""The ``gaunt`` model: rank the candidate geometries of a molecule, refine the best."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from scipy.spatial.distance import pdist
from torch import Tensor

from groundstate.molecules.conformers.candidates import Candidates, candidates_of, centred
from groundstate.molecules.conformers.hydrogen_numbering import NO_RULES, numbering_rules
from groundstate.molecules.models.base import GeometryModel, Prediction, moved
from groundstate.molecules.models.calibration import calibrate
from groundstate.molecules.models.examples import Molecule, TrainingPart
from groundstate.molecules.models.gaunt.graph import (
    ATOM_FEATURES,
    GraphBatch,
    MoleculeGraph,
    collate,
    graph_of,
    padded,
)
from groundstate.molecules.models.gaunt.ranker import CandidateBatch, Ranker, collate_candidates
from groundstate.molecules.models.gaunt.ranking_loss import log_softmax_within, ranking_loss
from groundstate.molecules.models.gaunt.refinement_loss import Target, refinement_loss
from groundstate.molecules.models.gaunt.refiner import Refiner
from groundstate.molecules.models.settings import TrainGeometry

RANKING_WEIGHT = 0.1  # of the ranking loss, beside distances in angstrom
CANDIDATES_PER_STEP = 12  # of each molecule, in training
PAIRS_AT_ONCE = 200_000  # pairs of candidates that a prediction holds


class GauntExample(NamedTuple):
    """One molecule to learn from; positions in angstrom, about their mean."""

    graph: MoleculeGraph
    candidates: Candidates
    reference: np.ndarray  # (n, 3)
    errors: np.ndarray  # (candidates,) mean absolute error of the distances


class GauntBatch(NamedTuple):
    """What a training step sees."""

    graph: GraphBatch
    start: Tensor  # (N, 3): one candidate of each molecule, to be refined
    target: Target
    candidates: CandidateBatch
    errors: Tensor  # (C,) mean absolute error of the candidates' distances


class RankedCandidate(NamedTuple):
    """One candidate of a molecule."""

    number: int
    probability: float  # that it is the nearest one
    # mean absolute difference of its heavy atoms' distances from the nearest one's, angstrom
    expected_error: float


class GauntModel(GeometryModel):
    """A ranker and a refiner, trained together on the same molecules; they share no weights."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        atom_features = len(config["elements"]) + ATOM_FEATURES
        self.refiner = Refiner(atom_features, **config["refiner"])
        self.ranker = Ranker(atom_features, **config["ranker"])

    @classmethod
    def own_config(cls, molecules: TrainingPart, settings: TrainGeometry) -> dict[str, Any]:
        """Give the sizes of the networks, and how the training part numbers its hydrogens."""
        sizes = settings.gaunt.model_dump()
        ranker = sizes.pop("ranker")
        numbering = numbering_rules(molecules.records) if settings.hydrogen_numbering else NO_RULES
        return {"hydrogen_numbering": numbering, "refiner": sizes, "ranker": ranker}

    def example(self, molecule: Molecule, reference: np.ndarray) -> GauntExample | None:
        """Make graph, candidates and their errors; None for a molecule without a sound start geometry."""
        if super().example(molecule, reference) is None:
            return None
        candidates = self._candidates(molecule)
        if candidates.failed is not None:
            return None
        reference = centred(reference)
        distances = pdist(reference)
        errors = [
            np.abs(pdist(one) - distances).sum() / max(len(distances), 1) for one in candidates.positions
        ]
        graph = graph_of(molecule.mol, self.config["elements"])
        return GauntExample(graph, candidates, reference, np.array(errors))

    def batch(self, examples: Sequence[GauntExample], generator: torch.Generator | None) -> GauntBatch:
        """Join examples; one candidate of each, drawn or (in validation) the first, is to be refined."""
        graph = collate([example.graph for example in examples])
        numbers = [_drawn_candidates(example.errors, generator) for example in examples]
        refined = [
            0 if generator is None else int(some[torch.randint(len(some), (), generator=generator)])
            for some in numbers
        ]
        chosen = [
            example.candidates.positions[number] for example, number in zip(examples, refined, strict=True)
        ]
        start, reference = _joined(chosen), _joined([example.reference for example in examples])
        topology = torch.zeros(graph.molecules, graph.width, graph.width, dtype=torch.int16)
        for row, example in enumerate(examples):
            size = len(example.graph.topology)
            topology[row, :size, :size] = torch.from_numpy(example.graph.topology)
        target = Target(padded(reference, graph), padded(start, graph), topology)
        pairs = list(zip(examples, numbers, strict=True))
        candidates = collate_candidates(
            [example.graph for example in examples],
            graph,
            [[example.candidates.positions[number] for number in some] for example, some in pairs],
            [example.candidates.hints[some] for example, some in pairs],
        )
        errors = np.concatenate([example.errors[some] for example, some in pairs])
        return GauntBatch(graph, start, target, candidates, torch.from_numpy(errors.astype(np.float32)))

    def loss(self, batch: GauntBatch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Add the distance loss of the refiner and the ranking loss of the ranker; draws nothing."""
        geometries = self.refiner(batch.graph, batch.start)
        total, parts = refinement_loss([padded(one, batch.graph) for one in geometries], batch.target)
        scores = self.ranker(batch.graph, batch.candidates)
        molecules = batch.candidates.molecules
        ranking, chosen = ranking_loss(scores, batch.errors, batch.candidates.molecule, molecules)
        parts |= {"ranking": ranking.detach(), "chosen_mae": chosen}
        return total + RANKING_WEIGHT * ranking, parts

    def calibrate(self, examples: Sequence[GauntExample]) -> dict[str, Any] | None:
        """Fit an isotonic regression of the errors of heavy atoms' distances on the expected ones."""
        graphs, candidates = [one.graph for one in examples], [one.candidates for one in examples]
        expected, errors = [], []
        for one, (prediction,) in zip(examples, self._predict(graphs, candidates, 1), strict=True):
            heavy = one.graph.heavy
            between = np.abs(pdist(prediction.positions[heavy]) - pdist(one.reference[heavy]))
            errors.append(between.sum() / max(len(between), 1))
            expected.append(cast(float, prediction.expected_error))
        return calibrate(expected, errors)

    def predict(self, molecules: Sequence[Molecule], keep: int) -> list[list[Prediction]]:
        """Rank the candidates of each molecule, refine the first ``keep``; mirror images count once."""
        graphs = [graph_of(molecule.mol, self.config["elements"]) for molecule in molecules]
        return self._predict(graphs, [self._candidates(molecule) for molecule in molecules], keep)

    def _predict(
        self, graphs: Sequence[MoleculeGraph], candidates: Sequence[Candidates], keep: int
    ) -> list[list[Prediction]]:
        chosen: list[tuple[int, RankedCandidate]] = []
        for number, order in enumerate(self.rank(graphs, candidates)):
            different: dict[int, RankedCandidate] = {}
            for one in order:
                different.setdefault(candidates[number].rows[one.number]["conformer"], one)
            chosen += [(number, one) for one in list(different.values())[:keep]]
        starts = [candidates[number].positions[one.number] for number, one in chosen]
        refined = self.refine([graphs[number] for number, _ in chosen], starts)
        predictions: list[list[Prediction]] = [[] for _ in graphs]
        for (number, one), start, positions in zip(chosen, starts, refined, strict=True):
            some = candidates[number]
            properties = {
                "origin": some.rows[one.number]["origin"],
                "candidate_probability": f"{one.probability:.3f}",
            }
            failed = some.failed and f"the start geometry is not sound: {some.failed}"
            predictions[number].append(
                Prediction(start if failed else positions, properties, failed, start, one.expected_error)
            )
        return predictions

    def _candidates(self, molecule: Molecule) -> Candidates:
        return candidates_of(molecule.mol, molecule.starts, self.config["hydrogen_numbering"])

    def rank(
        self, graphs: Sequence[MoleculeGraph], candidates: Sequence[Candidates]
    ) -> list[list[RankedCandidate]]:
        """Order the candidates of each molecule by the error that is to be expected of them.

        The one to take is not always the likeliest: one between several likely ones can be less wrong.
        """
        ranked = []
        for part in _parts(graphs, candidates):
            geometries = [one.positions for one in candidates[part]]
            graph = collate(graphs[part])
            data = collate_candidates(
                graphs[part], graph, geometries, [one.hints for one in candidates[part]]
            )
            with torch.no_grad():
                graph, data = moved(graph, self.device), moved(data, self.device)
                logarithms = log_softmax_within(self.ranker(graph, data), data.molecule, data.molecules)
            shares = logarithms.exp().double().cpu().split([len(one) for one in geometries])
            for one, some, share in zip(graphs[part], geometries, shares, strict=True):
                ranked.append(by_expected_error(one, some, share.numpy()))
        return ranked

    def refine(self, graphs: Sequence[MoleculeGraph], starts: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Refine one geometry (n, 3) of each molecule, in angstrom."""
        graph = moved(collate(graphs), self.device)
        with torch.no_grad():
            refined = self.refiner(graph, _joined(starts).to(self.device))[-1]
        return [part.double().cpu().numpy() for part in refined.split([len(start) for start in starts])]


def _drawn_candidates(errors: np.ndarray, generator: torch.Generator | None) -> np.ndarray:
    """Numbers of the candidates that a step sees: the best one and so many others."""
    if generator is None or len(errors) <= CANDIDATES_PER_STEP:
        return np.arange(len(errors))
    order = torch.randperm(len(errors), generator=generator).numpy()
    best = int(errors.argmin())
    return np.sort(np.concatenate([[best], order[order != best][: CANDIDATES_PER_STEP - 1]]))


def by_expected_error(
    graph: MoleculeGraph, geometries: Sequence[np.ndarray], probabilities: np.ndarray
) -> list[RankedCandidate]:
    """Order geometries (n, 3) by their distance from all, weighted by ``probabilities`` (candidates,)."""
    between = np.array([pdist(geometry) for geometry in geometries])
    apart = np.abs(between[:, None] - between[None]).sum(-1) / max(between.shape[1], 1)
    heavy = np.triu(np.outer(graph.heavy, graph.heavy), 1)[np.triu_indices(len(graph.atoms), 1)]
    between = between[:, heavy]
    heavy_apart = np.abs(between[:, None] - between[None]).sum(-1) / max(between.shape[1], 1)
    order = np.argsort(apart @ probabilities, kind="stable")
    expected = heavy_apart @ probabilities
    return [RankedCandidate(int(k), float(probabilities[k]), float(expected[k])) for k in order]


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


def _joined(parts: Sequence[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.concatenate(parts).astype(np.float32))
