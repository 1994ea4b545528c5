"""Molecules to learn from, and what a training step sees of them."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from rdkit import Chem
from torch import Tensor

from groundstate.molecules.conformers.candidates import Candidates
from groundstate.molecules.models.gaunt.ranker import CandidateBatch, collate_candidates
from groundstate.molecules.models.gaunt.refinement_loss import Target
from groundstate.molecules.models.graphs.graph import GraphBatch, MoleculeGraph, collate, padded

CANDIDATES_PER_STEP = 12  # of each molecule, in training
PAIRS_AT_ONCE = 200_000  # pairs of candidates that a prediction holds


class GauntExample(NamedTuple):
    """One molecule to learn from; positions in angstrom, about their mean."""

    mol: Chem.Mol
    graph: MoleculeGraph
    candidates: Candidates
    reference: np.ndarray  # (n, 3); not a number for hydrogens that the record lacks
    errors: np.ndarray  # (candidates,) mean absolute error of the distances
    energies: np.ndarray  # (candidates,) of a molecular potential, kcal/mol; not a number where unknown
    convention: str | None = None


class GauntBatch(NamedTuple):
    """What a training step sees."""

    graph: GraphBatch
    start: Tensor  # (N, 3): one candidate of each molecule, to be refined
    target: Target
    candidates: CandidateBatch
    errors: Tensor  # (C,) mean absolute error of the candidates' distances
    energies: Tensor  # (C,) of a molecular potential, kcal/mol from the lowest; not a number where unknown


def potential_energies(candidates: Candidates) -> np.ndarray:
    """Give the energies of a molecular potential above the lowest, kcal/mol; not a number where unknown."""
    known = [row.get("potential_energy") for row in candidates.rows]
    energies = np.array([np.nan if one is None else one for one in known], float)
    return energies - (np.nanmin(energies) if np.isfinite(energies).any() else 0.0)


def batch_of(examples: Sequence[GauntExample], generator: torch.Generator | None) -> GauntBatch:
    """Join examples; one candidate of each, drawn or (without ``generator``) the first, is to be refined."""
    graph = collate([example.graph for example in examples])
    numbers = [_drawn_candidates(example.errors, generator) for example in examples]
    refined = [
        0 if generator is None else int(some[torch.randint(len(some), (), generator=generator)])
        for some in numbers
    ]
    chosen = [example.candidates.positions[number] for example, number in zip(examples, refined, strict=True)]
    start = joined(chosen)
    reference = joined([np.nan_to_num(example.reference) for example in examples])
    topology = torch.zeros(graph.molecules, graph.width, graph.width, dtype=torch.int16)
    for row, example in enumerate(examples):
        size, known = len(example.graph.topology), np.isfinite(example.reference).all(-1)
        # 0: no pair, for the loss
        pairs_known = example.graph.topology * np.outer(known, known)
        topology[row, :size, :size] = torch.from_numpy(pairs_known)
    target = Target(padded(reference, graph), padded(start, graph), topology)
    pairs = list(zip(examples, numbers, strict=True))
    candidates = collate_candidates(
        [example.graph for example in examples],
        graph,
        [[example.candidates.positions[number] for number in some] for example, some in pairs],
        [example.candidates.hints[some] for example, some in pairs],
    )
    errors = np.concatenate([example.errors[some] for example, some in pairs])
    energies = np.concatenate([example.energies[some] for example, some in pairs])
    return GauntBatch(
        graph,
        start,
        target,
        candidates,
        torch.from_numpy(errors.astype(np.float32)),
        torch.from_numpy(energies.astype(np.float32)),
    )


def _drawn_candidates(errors: np.ndarray, generator: torch.Generator | None) -> np.ndarray:
    """Numbers of the candidates that a step sees: the best one and so many others."""
    if generator is None or len(errors) <= CANDIDATES_PER_STEP:
        return np.arange(len(errors))
    order = torch.randperm(len(errors), generator=generator).numpy()
    best = int(errors.argmin())
    return np.sort(np.concatenate([[best], order[order != best][: CANDIDATES_PER_STEP - 1]]))


def joined(parts: Sequence[np.ndarray]) -> Tensor:
    """Join positions (n, 3) to one table in single precision."""
    return torch.from_numpy(np.concatenate(parts).astype(np.float32))


def parts_of(graphs: Sequence[MoleculeGraph], candidates: Sequence[Candidates]) -> Iterable[slice]:
    """Cut molecules into parts with at most ``PAIRS_AT_ONCE`` pairs (one molecule may have more)."""
    begin = pairs = 0
    for number, (graph, one) in enumerate(zip(graphs, candidates, strict=True)):
        size = len(graph.atoms) ** 2 // 2 * len(one.positions)
        if number > begin and pairs + size > PAIRS_AT_ONCE:
            yield slice(begin, number)
            begin, pairs = number, 0
        pairs += size
    yield slice(begin, len(graphs))
