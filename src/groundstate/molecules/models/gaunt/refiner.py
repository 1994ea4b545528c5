"""An E(3)-equivariant network that refines a start geometry; it begins as the identity.

Atoms carry signals on the sphere (degrees up to lmax, many channels). In every layer neighbours exchange
messages by a Gaunt tensor product of their signals with the harmonics of the edge, each atom multiplies what
it received with itself (a second Gaunt product: angles between neighbours), and a coordinate step follows:
pairs up to three bonds apart say how far their distance is off and how stiff they are, and all springs are
solved at once.
"""

from typing import cast

import torch
from e3nn import o3
from torch import Tensor, nn

from groundstate.gaunt import DegreeLinear, GauntTensorProduct
from groundstate.molecules.models.gaunt.elastic import elastic_step
from groundstate.molecules.models.graphs.graph import PAIR_FEATURES, GraphBatch
from groundstate.molecules.models.graphs.perceptron import perceptron

NEAREST, RADIUS = 0.8, 5.0  # angstrom: range of the radial basis
LONGEST_STEP = 0.5  # angstrom: displacements are bent to stay below it
UNIT = 0.1  # angstrom, or 0.1 spring constants x angstrom: the size of a learned correction
MEAN_NEIGHBOURS = 4.0
STIFFNESS = (1.0, 0.35, 0.05)  # before training, for bonded, 1-3 and 1-4 pairs
DRAG = 0.02


class Refiner(nn.Module):
    """Start geometry and graph to a better geometry.

    Parameters
    ----------
    atom_features
        Width of ``GraphBatch.atoms``.
    channels, lmax
        Signals per atom and their highest degree.
    features
        Invariant numbers per atom.
    layers
        Rounds of messages, each with a coordinate step.
    radial
        Gaussians of the distance.
    """

    def __init__(
        self, atom_features: int, channels: int, features: int, lmax: int, layers: int, radial: int
    ) -> None:
        super().__init__()
        self.lmax, self.channels = lmax, channels
        self.embed = perceptron(atom_features, features, features)
        self.signal = nn.Linear(features, channels)
        self.layers = nn.ModuleList(RefinerLayer(channels, features, lmax, radial) for _ in range(layers))
        self.register_buffer("centres", torch.linspace(NEAREST, RADIUS, radial), persistent=False)

    def forward(self, batch: GraphBatch, positions: Tensor) -> list[Tensor]:
        """Compute geometries (N, 3) after each layer, from ``positions`` (N, 3), angstrom."""
        scalars = self.embed(batch.atoms)
        degree_zero = self.signal(scalars)[:, None]
        higher = degree_zero.new_zeros(len(scalars), (self.lmax + 1) ** 2 - 1, self.channels)
        signals = torch.cat([degree_zero, higher], dim=1)
        geometries = []
        for layer in self.layers:
            scalars, signals, positions = layer(scalars, signals, positions, batch, self.centres)
            geometries.append(positions)
        return geometries


class RefinerLayer(nn.Module):
    """Messages, self-product, coordinate step."""

    degree: Tensor
    signs: Tensor

    def __init__(self, channels: int, features: int, lmax: int, radial: int) -> None:
        super().__init__()
        self.lmax, self.sizes = lmax, [2 * degree + 1 for degree in range(lmax + 1)]
        degree = torch.repeat_interleave(torch.arange(lmax + 1), torch.tensor(self.sizes))
        self.register_buffer("degree", degree, persistent=False)
        self.register_buffer("signs", (1.0 - 2.0 * (degree % 2))[:, None], persistent=False)
        irreps = o3.Irreps([(channels, (degree, (-1) ** degree)) for degree in range(lmax + 1)])
        edge = o3.Irreps.spherical_harmonics(lmax)
        pair_channels = max(channels // 2, 1)
        probed = o3.Irreps([(pair_channels, irrep) for _, irrep in irreps])
        degrees = lmax + 1

        self.of_pair = nn.Linear(PAIR_FEATURES + radial, features)
        self.of_receiver = nn.Linear(features, features, bias=False)
        self.of_sender = nn.Linear(features, features, bias=False)
        self.channel_weights = nn.Linear(features, channels)
        self.degree_weights = nn.Linear(features, degrees)
        self.sent = DegreeLinear(irreps, irreps, layout="ir_mul")
        self.message = GauntTensorProduct(irreps, edge, irreps, rank=0, layout="ir_mul")

        self.left = DegreeLinear(irreps, irreps, layout="ir_mul")
        self.right = DegreeLinear(irreps, irreps, layout="ir_mul")
        self.product = GauntTensorProduct(irreps, irreps, irreps, rank=0, layout="ir_mul")
        self.of_product = DegreeLinear(irreps, irreps, layout="ir_mul")
        self.of_messages = nn.Linear(features, features)
        self.update = perceptron(2 * features + 2 * channels, features, features + degrees * channels)
        self.kept = DegreeLinear(irreps, irreps, layout="ir_mul")

        self.probe = DegreeLinear(irreps, probed, layout="ir_mul")
        self.correction = perceptron(features + 2 * degrees * pair_channels, features, 2)
        last = cast(nn.Linear, self.correction[-1])
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.pull = nn.Parameter(torch.zeros(channels))
        self.stiffness = nn.Parameter(torch.tensor(STIFFNESS).log())
        self.drag = nn.Parameter(torch.tensor(DRAG).log())

    def forward(
        self, scalars: Tensor, signals: Tensor, positions: Tensor, batch: GraphBatch, centres: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Compute new invariants (N, features), signals (N, (lmax + 1)^2, channels) and positions (N, 3)."""
        first, second, near = batch.first, batch.second, batch.messages
        difference = positions.index_select(0, second) - positions.index_select(0, first)
        distance = difference.norm(dim=-1).clamp_min(1e-3)
        direction = difference / distance[:, None]
        there = o3.spherical_harmonics(
            list(range(self.lmax + 1)), direction, normalize=False, normalization="component"
        )
        back = there * self.signs[:, 0]

        width = centres[1] - centres[0]
        basis = torch.exp(-(((distance[:, None] - centres) / width) ** 2))
        pair = self.of_pair(torch.cat([batch.pair_features, basis], dim=-1))
        receiver, sender = self.of_receiver(scalars), self.of_sender(scalars)
        to_first = nn.functional.silu(pair + receiver.index_select(0, first) + sender.index_select(0, second))
        to_second = nn.functional.silu(
            pair + receiver.index_select(0, second) + sender.index_select(0, first)
        )

        cut = [near, len(first) - near]  # a split has a cheaper gradient than a slice
        edges = torch.cat([to_first.split(cut)[0], to_second.split(cut)[0]])
        target = torch.cat([first[:near], second[:near]])
        source = torch.cat([second[:near], first[:near]])
        harmonics = torch.cat([there.split(cut)[0], back.split(cut)[0]])
        scalars, signals = self._interact(scalars, signals, edges, harmonics, source, target)

        probe = _mix(self.probe, signals)
        of_first, of_second = probe.index_select(0, first), probe.index_select(0, second)
        # what both ends hold along the pair: odd degrees change their sign with its direction
        seen = self._per_degree((of_first + self.signs * of_second) * there[:, :, None])
        match = self._per_degree(of_first * of_second)
        error, logit = self.correction(torch.cat([to_first + to_second, seen, match], dim=-1)).unbind(-1)
        stiffness = (self.stiffness[batch.separation - 1] + 2 * torch.tanh(logit)).exp()
        spring = (UNIT * stiffness * error)[:, None] * direction
        forces = UNIT * (signals[:, 1:4] @ self.pull) if self.lmax else torch.zeros_like(positions)
        forces = forces.index_add(0, second, spring).index_add(0, first, -spring)
        step = elastic_step(forces, stiffness, direction, self.drag.exp(), batch)
        step = step / (1 + (step / LONGEST_STEP).square().sum(-1, keepdim=True)).sqrt()
        return scalars, signals, positions + step

    def _interact(
        self,
        scalars: Tensor,
        signals: Tensor,
        edges: Tensor,
        harmonics: Tensor,
        source: Tensor,
        target: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Send messages by the Gaunt product with the edge, then of what an atom received with itself."""
        atoms, components, channels = signals.shape
        sent = _mix(self.sent, signals).index_select(0, source) * self.channel_weights(edges)[:, None]
        filters = harmonics * self.degree_weights(edges).index_select(1, self.degree)
        message = self.message(sent.flatten(1), filters).view(-1, components, channels)
        received = torch.zeros_like(signals).index_add(0, target, message) / MEAN_NEIGHBOURS
        of_edges = torch.zeros_like(scalars).index_add(0, target, edges) / MEAN_NEIGHBOURS

        # without a bound the products of products grow without one, and a rare molecule overflows
        received = _mix(self.left, received)
        received = received * (1 + received.square().mean((1, 2), keepdim=True)).rsqrt()
        squared = self.product(received.flatten(1), self.right(received.flatten(1)))
        mixed = received + self.of_product(squared).view(atoms, components, channels)
        vectors = mixed[:, 1:4].square().sum(1)
        inputs = torch.cat([scalars, self.of_messages(of_edges), mixed[:, 0], vectors], dim=-1)
        change, gate = self.update(inputs).split([scalars.shape[1], (self.lmax + 1) * channels], dim=1)
        gated = self._weighted(mixed, gate.view(atoms, self.lmax + 1, channels))
        return scalars + change, signals + _mix(self.kept, gated)

    def _weighted(self, signals: Tensor, weights: Tensor) -> Tensor:
        """Multiply signals (rows, (lmax + 1)^2, channels) by weights (rows, degrees, channels)."""
        parts = zip(signals.split(self.sizes, 1), weights.split(1, 1), strict=True)
        return torch.cat([part * weight for part, weight in parts], dim=1)

    def _per_degree(self, products: Tensor) -> Tensor:
        """Sum over the orders of each degree: (rows, (lmax + 1)^2, channels) to (rows, degrees channels)."""
        return torch.cat([part.sum(1) for part in products.split(self.sizes, 1)], dim=-1)


def _mix(linear: DegreeLinear, signals: Tensor) -> Tensor:
    """Mix channels, (rows, (lmax + 1)^2, channels), with other weights for every degree."""
    return linear(signals.flatten(1)).unflatten(1, (signals.shape[1], -1))
