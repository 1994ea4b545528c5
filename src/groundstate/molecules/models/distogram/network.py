"""A network from the graph of the heavy atoms to the probability of every distance."""

import torch
from torch import Tensor, nn

from groundstate.molecules.models.distogram.graph import BETWEEN, HeavyBatch
from groundstate.molecules.models.graphs.perceptron import perceptron

NEAREST, FARTHEST = 2.0, 20.0  # angstrom: the bins are as wide as they are far, so that drugs fit, too
HEADS = 8
NOWHERE = -1e4
TRIANGLES = 3.0  # paths over a third atom are summed, then divided by this


class Distogram(nn.Module):
    """Atoms and pairs in turns: attention that pairs bias, products of atoms, triangles of pairs.

    What it gives is symmetric in the two atoms of a pair. It sees the places of neighbours in the canonical
    order: with them go the hands of stereo centres, and which of two mirror images a data set takes.

    Parameters
    ----------
    atom_features
        Width of ``HeavyBatch.atoms``.
    features, pair_features
        Numbers per atom (a multiple of ``HEADS``) and per pair.
    layers
        Rounds.
    bins
        Distances that are told apart, between ``NEAREST`` and ``FARTHEST`` in equal steps of the logarithm.
    dropout
        Share of what a round adds that is left out while it learns.
    """

    def __init__(
        self,
        atom_features: int,
        features: int,
        pair_features: int,
        layers: int,
        bins: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.bins = bins
        self.atoms = nn.Linear(atom_features, features)
        self.pairs = nn.Linear(BETWEEN, pair_features)
        self.rounds = nn.ModuleList(Round(features, pair_features, dropout) for _ in range(layers))
        self.out = nn.Sequential(
            nn.LayerNorm(pair_features), perceptron(pair_features, 2 * pair_features, bins + 1)
        )

    def forward(self, batch: HeavyBatch) -> tuple[Tensor, Tensor]:
        """Compute log-probabilities (m, n, n, bins), and logits (m, n, n) of a torsion above zero."""
        atoms, pairs = self.atoms(batch.atoms), self.pairs(batch.between)
        for one in self.rounds:
            atoms, pairs = one(atoms, pairs, batch.there)
        found = self.out(pairs + pairs.transpose(1, 2))
        return found[..., :-1].log_softmax(-1), found[..., -1]

    def log_likelihood(self, logarithms: Tensor, distances: Tensor) -> Tensor:
        """Read log-probabilities (..., bins) at ``distances`` (...), angstrom, between two bins."""
        step = torch.log(torch.tensor(FARTHEST / NEAREST)) / (self.bins - 1)
        place = (torch.log(distances.clamp_min(NEAREST) / NEAREST) / step).clamp_max(self.bins - 1.001)
        lower = place.floor().long()
        share = (place - lower)[..., None]
        near = torch.stack([lower, lower + 1], dim=-1)
        found = logarithms.expand(*distances.shape, -1).gather(-1, near)
        return (torch.cat([1 - share, share], dim=-1) * found).sum(-1)


class Round(nn.Module):
    """One round; what it adds is zero before training."""

    def __init__(self, features: int, pair_features: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.atom_norm, self.pair_norm = nn.LayerNorm(features), nn.LayerNorm(pair_features)
        self.asked = nn.Linear(features, 3 * features)
        self.bias = nn.Linear(pair_features, HEADS)
        self.heard = nn.Linear(features, features)
        self.update_norm, self.update = nn.LayerNorm(features), perceptron(features, 2 * features, features)
        self.left, self.right = nn.Linear(features, pair_features), nn.Linear(features, pair_features)
        self.path_norm = nn.LayerNorm(pair_features)
        self.leg = nn.Linear(pair_features, pair_features)
        self.path = nn.Linear(pair_features, pair_features)
        self.pair_update_norm = nn.LayerNorm(pair_features)
        self.pair_update = perceptron(pair_features, 2 * pair_features, pair_features)
        for last in (self.heard, self.update[-1], self.path, self.pair_update[-1]):
            assert isinstance(last, nn.Linear)
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, atoms: Tensor, pairs: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
        """Update atoms (m, n, features) and pairs (m, n, n, pair_features), both symmetric as they came."""
        rows, width, features = atoms.shape
        asked = self.asked(self.atom_norm(atoms)).view(rows, width, 3, HEADS, features // HEADS)
        query, key, value = asked.permute(2, 0, 3, 1, 4)
        bias = self.bias(self.pair_norm(pairs)).permute(0, 3, 1, 2)
        bias = bias.masked_fill(~there[:, None, None], NOWHERE)
        heard = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        atoms = atoms + self.dropout(self.heard(heard.transpose(1, 2).reshape(rows, width, features)))
        atoms = atoms + self.dropout(self.update(self.update_norm(atoms)))
        left, right = self.left(atoms), self.right(atoms)
        pairs = pairs + left[:, :, None] * right[:, None] + right[:, :, None] * left[:, None]
        legs = self.leg(self.path_norm(pairs)) * there[:, None, :, None]
        legs = legs.permute(0, 3, 1, 2)
        pairs = pairs + self.path((legs @ legs.transpose(2, 3)).permute(0, 2, 3, 1) / TRIANGLES)
        return atoms, pairs + self.dropout(self.pair_update(self.pair_update_norm(pairs)))
