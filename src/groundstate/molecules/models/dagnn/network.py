"""The network of the Molecule3D paper: DeeperGCN encoder with a virtual node, DAGNN propagation, a head.

The paper's heads see the two atoms of a pair and not what is between them. With ``pairs`` the distance head
reads the number of bonds between the two as well, and the coordinate head looks for the points whose
distances are nearest to such distances.

Sources: Xu et al., arXiv 2110.01717; Li et al., DeeperGCN, arXiv 2006.07739; Liu, Gao and Ji, Towards Deeper
Graph Neural Networks, KDD 2020.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from groundstate.molecules.models.dagnn.features import ATOM_SIZES, BOND_SIZES, FARTHEST, IntegerBatch

Head = Literal["distance", "coordinates"]
TYPICAL = 3.0  # angstrom: distances of an untrained distance head, so that its ReLU starts open


class IntegerEmbedding(nn.Module):
    """Integer features (rows, k) to vectors (rows, width): the sum of one embedding a feature."""

    first: Tensor

    def __init__(self, sizes: Sequence[int], width: int) -> None:
        super().__init__()
        self.table = nn.Embedding(sum(sizes), width)
        nn.init.xavier_uniform_(self.table.weight)
        first = torch.tensor([sum(sizes[:column]) for column in range(len(sizes))])
        self.register_buffer("first", first, persistent=False)

    def forward(self, values: Tensor) -> Tensor:
        """Look the vectors up."""
        return self.table(values + self.first).sum(1)


class DeeperGCN(nn.Module):
    """Residual pre-activation blocks of softmax-aggregating graph convolutions, with a virtual node."""

    def __init__(self, width: int, layers: int, dropout: float) -> None:
        # six seconds to import: only for those who use it
        from torch_geometric.nn import GENConv

        super().__init__()
        self.atoms = IntegerEmbedding(ATOM_SIZES, width)
        self.bonds = nn.ModuleList(IntegerEmbedding(BOND_SIZES, width) for _ in range(layers))
        self.convolutions = nn.ModuleList(
            GENConv(width, width, aggr="softmax", learn_t=True, norm="batch", num_layers=2)
            for _ in range(layers)
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for _ in range(layers))
        self.virtual = nn.Parameter(torch.zeros(1, width))
        self.of_virtual = nn.ModuleList(
            nn.Sequential(
                nn.Linear(width, width), nn.BatchNorm1d(width), nn.ReLU(),
                nn.Linear(width, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(dropout),
            )
            for _ in range(layers - 1)
        )  # fmt: skip
        self.dropout = nn.Dropout(dropout)

    def forward(self, batch: IntegerBatch) -> Tensor:
        """Vectors (N, width) of the atoms."""
        virtual = self.virtual.expand(batch.molecules, -1)
        vectors = self.atoms(batch.atoms) + virtual[batch.molecule]
        vectors = self.convolutions[0](vectors, batch.edges, self.bonds[0](batch.bonds))
        for layer in range(1, len(self.convolutions)):
            inner = self.dropout(torch.relu(self.norms[layer - 1](vectors)))
            pooled = torch.zeros_like(virtual).index_add(0, batch.molecule, inner)
            virtual = self.of_virtual[layer - 1](pooled + virtual)
            inner = inner + virtual[batch.molecule]
            change = self.convolutions[layer](inner, batch.edges, self.bonds[layer](batch.bonds))
            vectors = vectors + change
        return self.dropout(self.norms[-1](vectors))


class AdaptivePropagation(nn.Module):
    """DAGNN: what an atom sees after 0 to ``hops`` averages over its neighbourhood, each weighed by a gate.

    Averages are by the adjacency with self loops, normalised on both sides by the root of the degrees.
    """

    def __init__(self, width: int, hops: int) -> None:
        super().__init__()
        self.hops, self.gate = hops, nn.Linear(width, 1)

    def forward(self, vectors: Tensor, edges: Tensor) -> Tensor:
        """(N, width) to (N, width)."""
        source, target = edges
        degree = vectors.new_ones(len(vectors)).index_add(0, target, vectors.new_ones(len(target)))
        root = degree.rsqrt()[:, None]
        seen = [vectors]
        for _ in range(self.hops):
            scaled = seen[-1] * root
            seen.append(scaled.index_add(0, target, scaled.index_select(0, source)) * root)
        stack = torch.stack(seen, dim=1)
        return (torch.sigmoid(self.gate(stack)) * stack).sum(1)


class DistanceHead(nn.Module):
    """Distances of pairs from the vectors of their atoms; with ``pairs`` from the bonds between them too."""

    def __init__(self, width: int, pairs: bool) -> None:
        super().__init__()
        self.separations = nn.Embedding(FARTHEST + 1, width) if pairs else None
        self.hidden = nn.Sequential(nn.Linear(width, width), nn.SiLU()) if pairs else nn.Identity()
        self.last = nn.Linear(width, 1)
        nn.init.constant_(self.last.bias, TYPICAL)

    def forward(self, vectors: Tensor, batch: IntegerBatch) -> Tensor:
        """(N, width) to (P,), angstrom."""
        first, second = batch.pairs
        joined = torch.maximum(vectors.index_select(0, first), vectors.index_select(0, second))
        if self.separations is not None:
            joined = joined + self.separations(batch.separations)
        return torch.relu(self.last(self.hidden(joined))).squeeze(-1)


class Scaling(nn.Module):
    """Points with given distances, as well as they can be had: majorization of the stress (SMACOF).

    The steps are differentiable and begin at points that depend on the graph alone, so that a molecule's
    points do not feel its batch. Source: de Leeuw, Applications of convex analysis to multidimensional
    scaling, 1977.
    """

    STEPS = 30

    def forward(self, distances: Tensor, batch: IntegerBatch) -> Tensor:
        """(P,) to (N, 3); all pairs of a molecule count alike."""
        sizes = torch.bincount(batch.molecule, minlength=batch.molecules)
        width = int(sizes.max())
        place = (
            torch.arange(len(batch.molecule), device=sizes.device) - (sizes.cumsum(0) - sizes)[batch.molecule]
        )
        first, second = batch.pairs
        where = (batch.molecule[first], place[first], place[second])
        table = distances.new_zeros(batch.molecules, width, width).index_put(where, distances)
        bonds = distances.new_zeros(table.shape).index_put(where, batch.separations.to(distances))
        table, bonds = table + table.mT, bonds + bonds.mT
        points = self._start(bonds)
        for _ in range(self.STEPS):
            square = (points[:, :, None] - points[:, None]).square().sum(-1)
            ratio = torch.where(table > 0, table * (square + 1e-6).rsqrt(), 0.0)
            points = (ratio.sum(-1, keepdim=True) * points - ratio @ points) / sizes[:, None, None]
        return points[batch.molecule, place]

    @staticmethod
    def _start(bonds: Tensor) -> Tensor:
        """Bonds (molecules, n, n) to three landmarks, and a little of each atom's number: (molecules, n, 3).

        Landmarks: the atom that is farthest from atom 0, the farthest from that, the farthest from both.
        """
        rows = torch.arange(len(bonds), device=bonds.device)
        seen, axes = bonds[:, 0], []
        for _ in range(3):
            axes.append(bonds[rows, seen.argmax(-1)])
            seen = axes[-1] if len(axes) == 1 else torch.minimum(seen, axes[-1])
        number = torch.arange(bonds.shape[1], device=bonds.device, dtype=bonds.dtype)[:, None]
        turns = torch.tensor([1.0, 2.0, 3.0], device=bonds.device).sqrt()
        return torch.stack(axes, -1) + 0.5 * torch.sin(2.4 * number * turns)


class Dagnn(nn.Module):
    """Graph to interatomic distances: free ones (``distance``) or those of points (``coordinates``)."""

    def __init__(
        self, width: int, layers: int, hops: int, dropout: float, head: Head, pairs: bool = False
    ) -> None:
        super().__init__()
        self.encoder = DeeperGCN(width, layers, dropout)
        self.propagation = AdaptivePropagation(width, hops)
        free = head == "distance" or pairs
        self.head = DistanceHead(width, pairs) if free else nn.Linear(width, 3)
        self.scaling = Scaling() if pairs and head == "coordinates" else None

    def forward(self, batch: IntegerBatch) -> tuple[Tensor, Tensor | None]:
        """Distances (P,) of ``batch.pairs`` in angstrom, and the points (N, 3) if the head makes points."""
        vectors = self.propagation(self.encoder(batch), batch.edges)
        if isinstance(self.head, DistanceHead):
            distances = self.head(vectors, batch)
            if self.scaling is None:
                return distances, None
            points = self.scaling(distances, batch)
        else:
            points = self.head(vectors)
        first, second = batch.pairs
        difference = points.index_select(0, first) - points.index_select(0, second)
        # atoms that the graph cannot tell apart fall on one point, where a root has no gradient
        return difference.square().sum(-1).clamp_min(1e-12).sqrt(), points
