"""Networks from a molecule to one number: SchNet over distances or bonds, and the refiner's Gaunt layers.

SchNet: Schuett et al., J. Chem. Phys. 148, 241722 (2018), with the integer features of Molecule3D in the
place of the element, as in arXiv 2110.01717.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch_geometric.nn.models.schnet import GaussianSmearing, InteractionBlock, ShiftedSoftplus

from groundstate.molecules.models.dagnn.features import ATOM_SIZES, BOND_SIZES, IntegerBatch, join
from groundstate.molecules.models.dagnn.network import IntegerEmbedding
from groundstate.molecules.models.gaunt.refiner import Refiner
from groundstate.molecules.models.graphs.graph import ATOM_FEATURES, GraphBatch, MoleculeGraph, collate
from groundstate.molecules.property.examples import PropertyExample


class PropertyBatch(NamedTuple):
    """What a network sees of several molecules, and what it should say."""

    graph: IntegerBatch
    distances: Tensor | None  # (P,) of the graph's pairs
    points: GraphBatch | None  # for the Gaunt network
    positions: Tensor | None  # (N, 3)
    target: Tensor  # (molecules,)


class SchNetProperty(nn.Module):
    """SchNet; without a geometry messages pass along bonds and bond features take the place of distances."""

    def __init__(
        self, channels: int, interactions: int, gaussians: int, cutoff: float, graph_only: bool
    ) -> None:
        super().__init__()
        self.cutoff = cutoff
        self.atoms = IntegerEmbedding(ATOM_SIZES, channels)
        expand = (
            IntegerEmbedding(BOND_SIZES, gaussians)
            if graph_only
            else GaussianSmearing(0.0, cutoff, gaussians)
        )
        self.graph_only, self.expand = graph_only, expand
        self.interactions = nn.ModuleList(
            InteractionBlock(channels, gaussians, channels, cutoff) for _ in range(interactions)
        )
        self.read_out = nn.Sequential(
            nn.Linear(channels, channels // 2), ShiftedSoftplus(), nn.Linear(channels // 2, 1)
        )

    def forward(self, batch: PropertyBatch) -> Tensor:
        """Predict the standardised property, (molecules,)."""
        graph = batch.graph
        if self.graph_only:
            edges, seen = graph.edges, self.expand(graph.bonds)
            lengths = torch.zeros_like(seen[:, 0])
        else:
            distances = cast(Tensor, batch.distances)
            near = distances < self.cutoff
            pairs, length = graph.pairs[:, near], distances[near]
            edges, lengths = torch.cat([pairs, pairs.flip(0)], dim=1), torch.cat([length, length])
            seen = self.expand(lengths)
        atoms = self.atoms(graph.atoms)
        for block in self.interactions:
            atoms = atoms + block(atoms, edges, lengths, seen)
        return _summed(self.read_out(atoms), graph)


class GauntProperty(nn.Module):
    """The layers of the geometry refiner at a geometry that stays where it is."""

    def __init__(
        self, elements: int, channels: int, lmax: int, features: int, layers: int, radial: int
    ) -> None:
        super().__init__()
        self.trunk = Refiner(elements + ATOM_FEATURES, channels, features, lmax, layers, radial)
        self.read_out = nn.Sequential(nn.Linear(features, features), nn.SiLU(), nn.Linear(features, 1))

    def forward(self, batch: PropertyBatch) -> Tensor:
        """Predict the standardised property, (molecules,)."""
        trunk, points = self.trunk, cast(GraphBatch, batch.points)
        scalars = trunk.embed(points.atoms)
        degree_zero = trunk.signal(scalars)[:, None]
        higher = degree_zero.new_zeros(len(scalars), (trunk.lmax + 1) ** 2 - 1, trunk.channels)
        signals = torch.cat([degree_zero, higher], dim=1)
        for layer in trunk.layers:
            scalars, signals, _ = layer(scalars, signals, batch.positions, points, trunk.centres)
        return _summed(self.read_out(scalars), batch.graph)


def _summed(values: Tensor, graph: IntegerBatch) -> Tensor:
    return values.new_zeros(graph.molecules).index_add(0, graph.molecule, values[:, 0])


def build(config: dict[str, Any]) -> nn.Module:
    """Build the untrained network of a checkpoint's config."""
    if config["network"] == "gaunt":
        return GauntProperty(len(config["elements"]), **config["sizes"])
    return SchNetProperty(**config["sizes"], graph_only=config["geometry"] == "graph")


def batch_of(examples: Sequence[PropertyExample], config: dict[str, Any]) -> PropertyBatch:
    """Join examples for the network of ``config``; its ``mean`` and ``deviation`` standardise the targets."""
    graph = join([example.graph for example in examples])
    target = torch.tensor([(one.target - config["mean"]) / config["deviation"] for one in examples])
    if config["geometry"] == "graph":
        return PropertyBatch(graph, None, None, None, target)
    positions = torch.from_numpy(
        np.concatenate([cast(np.ndarray, one.positions) for one in examples]).astype(np.float32)
    )
    if config["network"] == "gaunt":
        points = collate([cast(MoleculeGraph, one.points) for one in examples])
        return PropertyBatch(graph, None, points, positions, target)
    if examples[0].distances is None:
        distances = (positions[graph.pairs[0]] - positions[graph.pairs[1]]).norm(dim=-1)
    else:
        tables = [cast(np.ndarray, one.distances) for one in examples]
        distances = torch.from_numpy(np.concatenate(tables).astype(np.float32))
    return PropertyBatch(graph, distances, None, None, target)
