"""A network that says which candidate geometry of a molecule is nearest to its ground state.

The graph is read once a molecule. It gives every pair of atoms a context, and every candidate only adds its
distances and torsions: a sum of learned pair potentials, then a second round in which atoms know their
surroundings. What counts is the difference between candidates of one molecule, so only that is trained.

Beside the scores it gives energies: those of the force field, corrected towards a molecular potential whose
energies it was trained on. How far energies decide a score is for the molecule (and its convention) to say.

Unlike the refiner it sees the hand of a geometry and how its atoms are numbered: where a data set numbers
equivalent atoms by a rule, candidates differ by nothing else.
"""

from collections.abc import Sequence
from typing import NamedTuple, cast

import numpy as np
import torch
from torch import Tensor, nn

from groundstate.molecules.models.graphs.graph import PAIR_FEATURES, PLACES, GraphBatch, MoleculeGraph
from groundstate.molecules.models.graphs.perceptron import perceptron

NEAREST, RADIUS = 0.8, 8.0  # angstrom: range of the radial basis
FARTHEST = 9  # bonds between two atoms that are told apart
MEAN_NEIGHBOURS = 6.0
PAIR_SUM = 10.0
TURNS = 3  # multiples of a torsion angle
HINTS = 2  # force field energy above the lowest, share of the conformers that ended in this minimum
HINT_ENERGY = 10.0  # kcal/mol: unit of the first hint


class CandidateBatch(NamedTuple):
    """Candidates of several molecules side by side; C candidates with A atoms and Q pairs in all."""

    positions: Tensor  # (A, 3)
    hints: Tensor  # (C, HINTS)
    atom: Tensor  # (A,) atom of the graph batch
    candidate: Tensor  # (A,) candidate of the atom
    first: Tensor  # (Q,) atom of this batch
    second: Tensor  # (Q,)
    pair: Tensor  # (Q,) pair of the molecule
    torsions: Tensor  # (T, 4) atoms of this batch
    turned: Tensor  # (T,) which of the Q pairs the ends of the torsion are
    ends: Tensor  # (pairs of the molecules, 2) atoms of the graph batch
    separation: Tensor  # (pairs of the molecules,) bonds between them, less one, at most FARTHEST - 1
    near: Tensor  # (P,) which of these pairs each pair of the graph batch is
    middle: Tensor  # (1-4 pairs, 2) atoms of the graph batch between the ends
    across: Tensor  # (1-4 pairs,) which of these pairs that is
    molecule: Tensor  # (C,) molecule of each candidate
    molecules: int


class Ranker(nn.Module):
    """Scores of candidates; their softmax within a molecule is the probability of each to be the nearest.

    Parameters
    ----------
    atom_features
        Width of ``GraphBatch.atoms``.
    features
        Numbers per atom; half as many per pair.
    rounds
        Rounds of messages on the graph.
    radial
        Gaussians of the distance.
    dropout
        Share of the hidden numbers set to zero in training.
    """

    centres: Tensor

    def __init__(self, atom_features: int, features: int, rounds: int, radial: int, dropout: float) -> None:
        super().__init__()
        self.embed = perceptron(atom_features, features, features)
        self.rounds = nn.ModuleList(GraphRound(features, dropout) for _ in range(rounds))
        self.together = nn.Linear(features, 2 * features)
        self.apart = nn.Embedding(FARTHEST, 2 * features)
        self.near = nn.Linear(PAIR_FEATURES, 2 * features, bias=False)
        self.between = nn.Linear(features, 2 * features, bias=False)
        channels = max(features // 2, 1)
        self.context = nn.Linear(2 * features, 3 * channels)
        self.filters = nn.Linear(radial, 3 * channels, bias=False)
        self.turns = nn.Linear(2 * TURNS, 3 * channels, bias=False)
        self.dropout = nn.Dropout(dropout)
        self.first_round = perceptron(features + channels, features, features, dropout)
        self.sent = nn.Linear(features, channels, bias=False)
        self.second_round = perceptron(features + channels, features, features, dropout)
        self.of_atom = nn.Linear(features, 2, bias=False)
        self.of_pair = nn.Linear(channels, 2, bias=False)
        self.of_hints = perceptron(features, features, HINTS + 1)
        nn.init.zeros_(self.of_atom.weight)
        nn.init.zeros_(self.of_pair.weight)
        last = cast(nn.Linear, self.of_hints[-1])
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.register_buffer("centres", torch.linspace(NEAREST, RADIUS, radial), persistent=False)

    def forward(self, graph: GraphBatch, batch: CandidateBatch) -> tuple[Tensor, Tensor]:
        """Compute scores (C,), and energies (C,) in kcal/mol from any zero of each molecule."""
        atoms = self.embed(graph.atoms)
        for one in self.rounds:
            atoms = one(atoms, graph)
        left, right = (
            self.together(atoms).index_select(0, batch.ends.flatten()).view(-1, 2, self.width).unbind(1)
        )
        near = left.new_zeros(left.shape).index_copy(0, batch.near, self.near(graph.pair_features))
        between = self.between(atoms).index_select(0, batch.middle.flatten()).view(-1, 2, self.width).sum(1)
        near = near.index_add(0, batch.across, between)
        pairs = nn.functional.silu(left + right + left * right + near + self.apart(batch.separation))
        context = self.context(self.dropout(pairs)).index_select(0, batch.pair)
        trust = self.of_hints(_molecule_means(atoms, graph)).index_select(0, batch.molecule)

        ends = batch.positions.index_select(0, batch.second), batch.positions.index_select(0, batch.first)
        distance = (ends[0] - ends[1]).norm(dim=-1)
        gap = self.centres[1] - self.centres[0]
        basis = torch.exp(-(((distance[:, None] - self.centres) / gap) ** 2))
        shape = self.filters(basis).index_add(0, batch.turned, self.turns(torsion_waves(batch)))
        energies, first, second = (context * shape).chunk(3, dim=-1)

        state = atoms.index_select(0, batch.atom)
        received = self._gather(first, first, batch)
        state = state + self.first_round(torch.cat([state, received], dim=-1))
        sent = self.sent(state)
        received = self._gather(
            second * sent.index_select(0, batch.second), second * sent.index_select(0, batch.first), batch
        )
        state = state + self.second_round(torch.cat([state, received], dim=-1))

        owner = batch.candidate.index_select(0, batch.first)
        sums = state.new_zeros(len(batch.hints), 2).index_add(0, batch.candidate, self.of_atom(state))
        sums = sums.index_add(0, owner, self.of_pair(energies) / PAIR_SUM)
        energy = HINT_ENERGY * (batch.hints[:, 0] + sums[:, 1])
        told = torch.cat([batch.hints, energy.detach()[:, None] / HINT_ENERGY], dim=-1)
        return sums[:, 0] + (trust * told).sum(-1), energy

    @property
    def width(self) -> int:
        """Hidden numbers per pair of atoms."""
        return self.together.out_features

    def _gather(self, to_first: Tensor, to_second: Tensor, batch: CandidateBatch) -> Tensor:
        total = to_first.new_zeros(len(batch.positions), to_first.shape[1])
        return (
            total.index_add(0, batch.first, to_first).index_add(0, batch.second, to_second) / MEAN_NEIGHBOURS
        )


def _molecule_means(atoms: Tensor, graph: GraphBatch) -> Tensor:
    """Average features (N, features) over the atoms of each molecule."""
    molecule = graph.slots // graph.width
    total = atoms.new_zeros(graph.molecules, atoms.shape[1]).index_add(0, molecule, atoms)
    count = torch.bincount(molecule, minlength=graph.molecules)
    return total / count[:, None]


def torsion_waves(batch: CandidateBatch) -> Tensor:
    """Compute cosine and sine of one to ``TURNS`` times each torsion (T, 2 TURNS); sines have a hand."""
    ends = batch.positions.index_select(0, batch.torsions.flatten()).view(-1, 4, 3)
    before, axis, after = (ends[:, 1:] - ends[:, :-1]).unbind(1)
    one, other = torch.linalg.cross(before, axis), torch.linalg.cross(axis, after)
    sine = (torch.linalg.cross(one, other) * nn.functional.normalize(axis, dim=-1)).sum(-1)
    angle = torch.atan2(sine, (one * other).sum(-1))
    angles = angle[:, None] * torch.arange(1, TURNS + 1, dtype=angle.dtype, device=angle.device)
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


class GraphRound(nn.Module):
    """Atoms hear those up to three bonds away; how neighbours are numbered is heard too."""

    def __init__(self, features: int, dropout: float) -> None:
        super().__init__()
        self.of_pair = nn.Linear(PAIR_FEATURES, features)
        self.of_places = nn.Linear(2 * PLACES, features, bias=False)
        self.of_receiver = nn.Linear(features, features, bias=False)
        self.of_sender = nn.Linear(features, features, bias=False)
        self.update = perceptron(2 * features, features, features, dropout)

    def forward(self, atoms: Tensor, graph: GraphBatch) -> Tensor:
        """Update the features (N, features)."""
        pair, receiver, sender = (
            self.of_pair(graph.pair_features),
            self.of_receiver(atoms),
            self.of_sender(atoms),
        )
        received = torch.zeros_like(atoms)
        for ends, places in (
            ((graph.first, graph.second), graph.places),
            ((graph.second, graph.first), graph.places.roll(PLACES, 1)),
        ):
            message = pair + self.of_places(places) + receiver.index_select(0, ends[0])
            message = nn.functional.silu(message + sender.index_select(0, ends[1]))
            received = received.index_add(0, ends[0], message)
        return atoms + self.update(torch.cat([atoms, received / MEAN_NEIGHBOURS], dim=-1))


def collate_candidates(
    graphs: Sequence[MoleculeGraph],
    graph: GraphBatch,
    candidates: Sequence[Sequence[np.ndarray]],
    hints: Sequence[np.ndarray],
) -> CandidateBatch:
    """Join the candidate geometries (n, 3) of molecules, ``graph`` being their collated graphs."""
    positions, atom, owner, first, second, pair, torsions, turned = [], [], [], [], [], [], [], []
    ends, separation, molecule, place, middle, across = [], [], [], [], [], []
    atoms = pairs = rows = count = done = 0
    for number, (one, geometries) in enumerate(zip(graphs, candidates, strict=True)):
        size = len(one.atoms)
        i, j = np.triu_indices(size, 1)
        ends.append(np.stack([i, j], axis=1) + atoms)
        separation.append(np.minimum(one.topology[i, j], FARTHEST) - 1)
        of_pair = np.full((size, size), -1)
        of_pair[i, j] = np.arange(len(i))
        place.append(of_pair[one.pairs[:, 0], one.pairs[:, 1]] + pairs)
        turning = of_pair[one.torsions[:, 0], one.torsions[:, 3]]
        middle.append(one.torsions[:, 1:3] + atoms)
        across.append(turning + pairs)
        for geometry in geometries:
            positions.append(geometry)
            atom.append(np.arange(size) + atoms)
            owner.append(np.full(size, count))
            first.append(i + rows)
            second.append(j + rows)
            pair.append(np.arange(len(i)) + pairs)
            torsions.append(one.torsions + rows)
            turned.append(turning + done)
            molecule.append(number)
            rows, count, done = rows + size, count + 1, done + len(i)
        atoms, pairs = atoms + size, pairs + len(i)

    def join(parts: Sequence[np.ndarray], dtype: type = np.int64) -> Tensor:
        return torch.from_numpy(np.concatenate(parts).astype(dtype))

    return CandidateBatch(
        positions=join(positions, np.float32),
        hints=join(hints, np.float32),
        atom=join(atom),
        candidate=join(owner),
        first=join(first),
        second=join(second),
        pair=join(pair),
        torsions=join(torsions),
        turned=join(turned),
        ends=join(ends),
        separation=join(separation),
        near=join(place)[graph.order],
        middle=join(middle),
        across=join(across),
        molecule=torch.tensor(molecule),
        molecules=len(graphs),
    )
