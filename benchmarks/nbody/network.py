"""A steerable message-passing network for particles, with Gaunt or Clebsch-Gordan products.

Brandstetter, Hesselink, van der Pol, Bekkers, Welling, "Geometric and Physical Quantities Improve E(3)
Equivariant Message Passing" (ICLR 2022): harmonics of the edges steer the messages, harmonics of a particle's
surroundings its update. Here every pair of particles is an edge, and the positions move on from layer to
layer, as in EGNN; the published network leaves them where they are.
"""

import torch
from e3nn import o3
from torch import Tensor, nn

from groundstate.gaunt import DegreeLinear, GauntTensorProduct, spherical_harmonics

PRODUCTS = ("gaunt", "clebsch-gordan")
RADII = (0.1, 0.3, 1.0)  # lengths that soften the inverse distances
LENGTH, SPEED = 1.5, 0.6  # typical components of a position and a velocity from their means


def irreps_of(channels: int, lmax: int, gates: int = 0) -> o3.Irreps:
    """``channels`` copies of every degree with parity (-1)^l, and so many scalars more."""
    copies = [channels + gates] + [channels] * lmax
    return o3.Irreps([(copies[degree], (degree, (-1) ** degree)) for degree in range(lmax + 1)])


class Steer(nn.Module):
    """Product of features with harmonics, mixing of copies, gate: one steerable layer of a perceptron."""

    def __init__(self, make: str, channels: int, lmax: int) -> None:
        super().__init__()
        self.make, self.channels, self.lmax = make, channels, lmax
        features, harmonics = irreps_of(channels, lmax), o3.Irreps.spherical_harmonics(lmax)
        out = irreps_of(channels, lmax, lmax * channels)
        if make == "gaunt":
            self.product = GauntTensorProduct(
                features, harmonics, features, layout="ir_mul", method="fastest"
            )
            self.mix = DegreeLinear(features, out, layout="ir_mul")
        else:
            paths = [
                (i, j, ir)
                for i, (_, one) in enumerate(features)
                for j, (_, two) in enumerate(harmonics)
                for ir in one * two
                if ir in features
            ]
            middle = o3.Irreps([(channels, ir) for *_, ir in paths])
            terms = [(i, j, k, "uvu", True) for k, (i, j, _) in enumerate(paths)]
            self.product = o3.TensorProduct(features, harmonics, middle, terms)
            self.mix = o3.Linear(middle, out)
        self.bias = nn.Parameter(torch.zeros(out[0].mul))

    def forward(self, x: Tensor, harmonics: Tensor) -> Tensor:
        """Features (..., (lmax + 1)^2 * channels) of such features and harmonics (..., (lmax + 1)^2)."""
        x = self.mix(self.product(x, harmonics))
        scalars = x[..., : len(self.bias)] + self.bias
        scalars, gates = scalars.split([self.channels, self.lmax * self.channels], -1)
        parts, start, gates = [nn.functional.silu(scalars)], len(self.bias), torch.sigmoid(gates)
        for degree, gate in enumerate(gates.split(self.channels, -1), 1):
            size = (2 * degree + 1) * self.channels
            part = x[..., start : start + size]
            if self.make == "gaunt":
                part = part.unflatten(-1, (-1, self.channels)) * gate.unsqueeze(-2)
            else:
                part = part.unflatten(-1, (self.channels, -1)) * gate.unsqueeze(-1)
            parts.append(part.flatten(-2))
            start += size
        return torch.cat(parts, -1)


class Layer(nn.Module):
    """Messages of all pairs, update of the particles."""

    def __init__(self, make: str, channels: int, lmax: int, pair_scalars: int, depth: int = 1) -> None:
        super().__init__()
        features = irreps_of(channels, lmax)
        self.receive, self.send, self.keep, self.take, self.out = (
            linear(make, features, features) for _ in range(5)
        )
        self.pair = nn.Sequential(nn.Linear(pair_scalars, channels), nn.SiLU(), nn.Linear(channels, channels))
        self.messages = nn.ModuleList([Steer(make, channels, lmax) for _ in range(depth)])
        self.updates = nn.ModuleList([Steer(make, channels, lmax) for _ in range(depth)])
        self.channels = channels

    def forward(self, h: Tensor, pair: Tensor, edges: Tensor, nodes: Tensor, others: Tensor) -> Tensor:
        """Return new features (b, n, f).

        From features, scalars ``pair`` of pairs (b, n, n, s), harmonics ``edges`` of pairs (b, n, n, k) and
        ``nodes`` of particles (b, n, k); ``others`` (n, n) is zero on the diagonal.
        """
        m = (self.receive(h).unsqueeze(2) + self.send(h).unsqueeze(1)) / 2**0.5
        m = torch.cat([m[..., : self.channels] + self.pair(pair), m[..., self.channels :]], -1)
        for steer in self.messages:
            m = steer(m, edges)
        total = torch.einsum("bijf,ij->bif", m, others) / (len(others) - 1) ** 0.5
        u = (self.keep(h) + self.take(total)) / 2**0.5
        for steer in self.updates:
            u = steer(u, nodes)
        return h + self.out(u)


class ParticleNetwork(nn.Module):
    """Positions of charged particles one unit of time later.

    ``layers`` rounds of messages, ``depth`` steered layers in a message and in an update (SEGNN has two).
    It sees differences of positions and velocities and products of charges alone: translations, a common
    velocity and the exchange of charges change nothing but what they must.
    """

    others: Tensor

    def __init__(
        self,
        product: str = "gaunt",
        channels: int = 32,
        lmax: int = 1,
        layers: int = 4,
        depth: int = 1,
        particles: int = 5,
    ) -> None:
        super().__init__()
        self.make, self.channels, self.lmax = product, channels, lmax
        pair_scalars = 3 + 2 * len(RADII)
        self.embed = nn.Parameter(torch.randn(3, channels))
        self.vectors = nn.Parameter(torch.randn(2, channels))
        self.layers = nn.ModuleList(
            [Layer(product, channels, lmax, pair_scalars, depth) for _ in range(layers)]
        )
        self.read = nn.ModuleList([nn.Linear(channels, 2, bias=False) for _ in range(layers)])
        for read in self.read:
            nn.init.zeros_(read.weight)
        self.register_buffer("others", 1 - torch.eye(particles), persistent=False)

    def forward(self, x: Tensor, v: Tensor, q: Tensor) -> Tensor:
        """Return positions (b, n, 3) of positions, velocities (b, n, 3) and charges (b, n)."""
        products = q.unsqueeze(2) * q.unsqueeze(1)
        mean = v.mean(1, keepdim=True)
        v, drift = v - mean, mean
        x = x - (centre := x.mean(1, keepdim=True))
        h = self.start(x, v, products)
        step = 1 / len(self.layers)
        for layer, read in zip(self.layers, self.read, strict=True):
            pair, edges, nodes = self.geometry(x, v, products)
            h = layer(h, pair, edges, nodes, self.others)
            change = read(self.vectors_of(h))
            change = change - change.mean(1, keepdim=True)  # nothing pushes the whole
            x = x + step * v + change[..., 0]
            v = v + change[..., 1]
        return x + centre + drift

    def start(self, x: Tensor, v: Tensor, products: Tensor) -> Tensor:
        """Features of particles by themselves."""
        x, v = x / LENGTH, v / SPEED
        size = torch.stack([v.norm(dim=-1), x.norm(dim=-1), torch.ones_like(x[..., 0])], -1) / 3
        vectors = torch.stack([x, v], -1) @ self.vectors / 2**0.5  # (b, n, 3, c)
        if self.make != "gaunt":
            vectors = vectors.transpose(-1, -2)
        rest = ((self.lmax + 1) ** 2 - 4) * self.channels
        return nn.functional.pad(torch.cat([size @ self.embed, vectors.flatten(-2)], -1), (0, rest))

    def vectors_of(self, h: Tensor) -> Tensor:
        """Vectors (b, n, 3, c) of features, in the order x, y, z."""
        part = h[..., self.channels : 4 * self.channels]
        if self.make == "gaunt":
            return part.unflatten(-1, (3, self.channels))
        return part.unflatten(-1, (self.channels, 3)).transpose(-1, -2)

    def geometry(self, x: Tensor, v: Tensor, products: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Scalars of pairs, harmonics of pairs (component normalisation), harmonics of particles."""
        apart = x.unsqueeze(2) - x.unsqueeze(1)
        fast = v.unsqueeze(2) - v.unsqueeze(1)
        distance = (apart.square().sum(-1) + 1e-12).sqrt()
        inverse = torch.stack([1 / (distance + radius) for radius in RADII], -1)
        radial = (apart * fast).sum(-1) / (distance + RADII[0])
        scalars = [distance / LENGTH, products, radial]
        pair = torch.cat([torch.stack(scalars, -1), inverse, inverse * products.unsqueeze(-1)], -1)
        edges = (4 * torch.pi) ** 0.5 * spherical_harmonics(self.lmax, apart)
        nodes = torch.einsum("bijk,ij->bik", edges, self.others) / (len(self.others) - 1)
        nodes = nodes + (4 * torch.pi) ** 0.5 * spherical_harmonics(self.lmax, v)
        return pair, edges, nodes / 2


def linear(make: str, irreps_in: o3.Irreps, irreps_out: o3.Irreps) -> nn.Module:
    """Map of the copies of every degree, in the layout of the make."""
    if make == "gaunt":
        return DegreeLinear(irreps_in, irreps_out, layout="ir_mul")
    return o3.Linear(irreps_in, irreps_out)
