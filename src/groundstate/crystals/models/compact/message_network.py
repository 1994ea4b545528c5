"""The structure stage's network of messages: every pair of atoms has features of its own, through all layers.

A message is made from both atoms and from where all periodic images of one lie about the other: sums of
radial functions, and of the vectors to the images weighted by them, that know no border of the cell. The
noise of a site is read from the pairs too, as forces along these vectors, so that a site at which they
cancel, a special position, is one that the network can name exactly.
"""

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from groundstate.crystals.models.compact.network import (
    NoisyCrystals,
    TemplateTensors,
    cell_from_log,
    coordinate_sigma,
    neighbour_distance,
    pair_waves,
    visible,
)
from groundstate.crystals.models.compact.structure_network import DEVIATION_INPUT, deviation_features
from groundstate.crystals.models.embedding import ElementEmbedding, start_at_zero, wave_features
from groundstate.diffusion import wrap

FREQUENCIES = 6
RADIAL, NEAREST, FARTHEST = 8, 0.2, 2.0  # radial functions and their centres, in distances of neighbours
SHARPNESS = 8.0
BEYOND = 3.2  # all radial functions are below 1e-5 from here on
PAIR_INPUT = 6 * FREQUENCIES + 4 * RADIAL
HEADS = 4
SMALLEST_GAIN = 0.02  # added to the noise that forces are divided by


def radial_functions(distance: Tensor) -> Tensor:
    """Return Gaussians about equally spaced centres of distances (..., images): (..., radial, images).

    Each is the one before times one factor, so that two exponentials do for all.
    """
    step, middle = (FARTHEST - NEAREST) / (RADIAL - 1), RADIAL // 2
    shifted = distance.clamp(max=BEYOND) - (NEAREST + middle * step)
    factor = torch.exp(2 * SHARPNESS * step * shifted)
    centre = torch.exp(-SHARPNESS * shifted.square())
    above, below = [centre], [centre]
    for _ in range(RADIAL - middle - 1):
        above.append(above[-1] * factor)
    for _ in range(middle):
        below.append(below[-1] / factor)
    places = torch.arange(-middle, RADIAL - middle, device=distance.device, dtype=distance.dtype) * step
    return torch.stack(below[:0:-1] + above, -2) * torch.exp(-SHARPNESS * places.square())[:, None]


class Pairs:
    """Where the images of each atom lie about each other; sums over the 27 cells around the nearest one.

    Attributes
    ----------
    sin, cos
        (batch, n, n, 3, frequencies) waves of the differences of fractional coordinates, atom j less atom i.
    strength
        (batch, n, n, radial) sum of the radial functions.
    shifts
        (batch, n, n, radial, 3) sum of the vectors weighted by them, in periods.
    """

    def __init__(self, frac_coords: Tensor, cell: Tensor, scale: Tensor) -> None:
        self.sin, self.cos = pair_waves(frac_coords, FREQUENCIES)
        offsets = frac_coords.new_tensor(list(itertools.product((-1, 0, 1), repeat=3)))
        difference = wrap(frac_coords[:, None] - frac_coords[:, :, None])
        images = difference[..., None, :] + offsets
        metric = cell / scale[:, None, None]
        squares = torch.einsum("bijox,bxy->bijoy", images, metric).square().sum(-1)
        own = torch.eye(frac_coords.shape[1], device=squares.device)[..., None] * (
            offsets.square().sum(-1) == 0
        )
        distance = (squares + 1e-12).sqrt() + BEYOND * own  # an atom is no neighbour of itself
        radial = radial_functions(distance)
        self.strength = radial.sum(-1)
        self.shifts = radial @ images
        self.vectors = torch.einsum("bijkx,bxy->bijky", self.shifts, metric)

    def features(self) -> Tensor:
        """Return (batch, n, n, 68) numbers of order one."""
        return torch.cat(
            [self.sin.flatten(3), self.cos.flatten(3), self.strength.log1p(), self.vectors.flatten(3)], -1
        )


def _feed(width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, 2 * width), nn.SiLU(), nn.Linear(2 * width, width))


class _Layer(nn.Module):
    """Messages between all pairs, attended to, change atoms and pairs; the mean of the atoms the crystal."""

    def __init__(self, width: int, pair_width: int) -> None:
        super().__init__()
        self.modulate = nn.Linear(width, 4 * width + pair_width)
        self.ends = nn.Linear(width, 2 * pair_width)
        self.edge = nn.Linear(pair_width, pair_width, bias=False)
        self.logits = nn.Linear(pair_width, HEADS)
        self.update = nn.Linear(pair_width, pair_width)
        self.outputs = nn.Linear(HEADS * pair_width, width)
        self.feed = _feed(width)
        self.crystal = nn.Sequential(nn.Linear(2 * width, width), nn.SiLU(), nn.Linear(width, width))
        start_at_zero(self.modulate)

    def forward(
        self, atoms: Tensor, pairs: Tensor, crystal: Tensor, mask: Tensor | None, share: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        width = atoms.shape[-1]
        changes = self.modulate(functional.silu(crystal))[:, None]
        shift_m, scale_m, shift_f, scale_f = changes[..., : 4 * width].chunk(4, -1)
        normal = functional.layer_norm(atoms, (width,)) * (1 + scale_m) + shift_m
        receiver, sender = self.ends(normal).chunk(2, -1)
        sender = sender + changes[..., 4 * width :]
        message = functional.silu(receiver[:, :, None] + sender[:, None] + self.edge(pairs))
        logits = self.logits(message)
        if mask is not None:
            logits = logits.masked_fill(~mask[:, None, :, None], -torch.inf)
        atoms = atoms + self.outputs((logits.softmax(2).mT @ message).flatten(2))
        normal = functional.layer_norm(atoms, (width,))
        atoms = atoms + self.feed(normal * (1 + scale_f) + shift_f)
        seen = torch.cat([(normal * share).sum(1), functional.layer_norm(crystal, (width,))], -1)
        return atoms, pairs + self.update(message), crystal + self.crystal(seen)


class MessageNetwork(nn.Module):
    """Predicts the velocity of the lattice and the noise of the fractional coordinates.

    It sees differences of places alone.
    """

    absolute = False

    def __init__(
        self, width: int, layers: int, max_atoms: int, conditions: int, templated: bool = False
    ) -> None:
        super().__init__()
        self.templated = templated
        pair_width = width // 2
        self.elements = ElementEmbedding(width)
        self.lattice = nn.Linear(6, width)
        self.number = nn.Embedding(max_atoms + 1, width)
        self.time = nn.Linear(64, width)
        self.content = nn.Linear(width, width)
        self.condition = nn.Linear(2 * conditions, 64) if conditions else None
        self.pairs = nn.Linear(PAIR_INPUT, pair_width)
        if templated:
            self.template_elements = ElementEmbedding(width)
            self.template_lattice = nn.Linear(7, width, bias=False)
            self.template_pairs = nn.Linear(PAIR_INPUT + DEVIATION_INPUT + 1, pair_width)
        self.mix = nn.Sequential(nn.SiLU(), nn.Linear(pair_width, pair_width))
        self.layers = nn.ModuleList(_Layer(width, pair_width) for _ in range(layers))
        self.lattice_feed = _feed(width)
        self.lattice_head = nn.Linear(width, 6)
        self.coordinate_head = nn.Linear(width, 3)
        self.force_head = nn.Sequential(nn.SiLU(), nn.Linear(pair_width, RADIAL + FREQUENCIES))
        for head in (self.lattice_head, self.coordinate_head, self.force_head[-1]):
            start_at_zero(head)

    def forward(self, noisy: NoisyCrystals) -> tuple[Tensor, Tensor]:
        """See ``Network``."""
        atomic_numbers, frac_coords, lattice, log_metric, time, conditions, mask, template = noisy
        batch, length, _ = frac_coords.shape
        present = frac_coords.new_ones(batch, length) if mask is None else mask.to(frac_coords.dtype)
        count = present.sum(-1)
        sigma = coordinate_sigma(self, time).expand(batch)
        seen = Pairs(frac_coords, cell_from_log(log_metric), neighbour_distance(log_metric, count))
        pairs = self.pairs(seen.features())
        wave = wave_features(time, 64)
        if self.condition is not None and conditions is not None:
            wave = wave + self.condition(conditions.flatten(1))
        atoms, share = self.elements(atomic_numbers), (present / count[:, None])[..., None]
        crystal = self.time(wave) + self.lattice(lattice) + self.number(count.long())
        crystal = crystal + self.content((atoms * share).sum(1))
        if template is not None and self.templated:
            given = template.given[:, None]
            crystal = crystal + self.template_lattice(torch.cat([template.lattice * given, given], -1))
            atoms = atoms + self.template_elements(template.numbers) * given[..., None]
            if bool(template.given.any()):
                pairs = pairs + self._template_pairs(frac_coords, sigma, count, template)
        pairs = self.mix(pairs)
        for layer in self.layers:
            atoms, pairs, crystal = layer(atoms, pairs, crystal, mask, share)
        atoms, crystal = (functional.layer_norm(one, one.shape[-1:]) for one in (atoms, crystal))
        velocity = self.lattice_head(crystal + self.lattice_feed(crystal))
        noise = self.coordinate_head(atoms) + self._forces(seen, pairs, present, sigma)
        return velocity, visible(self, noise, present[..., None])

    def _template_pairs(
        self, frac_coords: Tensor, sigma: Tensor, count: Tensor, template: TemplateTensors
    ) -> Tensor:
        """Return what the template says of every pair."""
        scale = neighbour_distance(template.log_metric, count)
        own = Pairs(template.frac_coords, cell_from_log(template.log_metric), scale).features()
        between = deviation_features(frac_coords, template.frac_coords, sigma)
        features = torch.cat([own, between, torch.ones_like(own[..., :1])], -1)
        return self.template_pairs(features) * template.given[:, None, None, None]

    def _forces(self, seen: Pairs, pairs: Tensor, present: Tensor, sigma: Tensor) -> Tensor:
        """Return (batch, n, 3) forces along the vectors of pairs, as noise."""
        size = self.force_head(pairs) * present[:, None, :, None]
        radial, periodic = size.split([RADIAL, FREQUENCIES], -1)
        order = torch.arange(1, FREQUENCIES + 1, device=sigma.device, dtype=sigma.dtype)
        along = (radial[..., None, :] @ seen.shifts)[..., 0, :]
        along = along + (seen.sin @ (periodic / (2 * math.pi * order))[..., None])[..., 0]
        gain = (0.1 / (sigma + SMALLEST_GAIN) / present.sum(-1).sqrt())[:, None, None]
        return gain * along.sum(2)
