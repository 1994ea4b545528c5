"""The structure stage's network: attention over atoms and a lattice token, on periodic pair features.

Differences of fractional coordinates enter through sines and cosines and as the shortest vector in the
current cell, so that a shift of all atoms, or of one atom by a whole period, changes nothing. With absolute
places the coordinates themselves and the slot of each atom among those of its element enter too: where files
keep one origin and list equivalent sites in one order, that is most of what there is to learn.

A template, another crystal of the same content that lies in the same frame, can be given: its pairs, how far
each pair is from the template's, its elements and its cell enter beside the crystal's own.
"""

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
    waves,
)
from groundstate.crystals.models.embedding import ElementEmbedding, start_at_zero, wave_features
from groundstate.diffusion import wrap

FREQUENCIES = 4
RADIAL = 12
PAIR_INPUT = 6 * FREQUENCIES + 3 + RADIAL
DEVIATION_INPUT = 12  # of a pair from the template's: in cells, as waves, and in units of the noise
FARTHEST = 3.0  # units of the noise; beyond, a deviation says no more


def ranks(atomic_numbers: Tensor) -> Tensor:
    """Count how many atoms of the same element stand before each atom; (batch, n) -> (batch, n)."""
    same = atomic_numbers[:, :, None] == atomic_numbers[:, None, :]
    return same.tril(-1).sum(-1)


def pair_features(frac_coords: Tensor, cell: Tensor, scale: Tensor) -> Tensor:
    """Return periodic features of every ordered pair: (batch, n, n, 39).

    ``cell`` (batch, 3, 3) turns differences into vectors; ``scale`` (batch,) is the typical distance of
    neighbours (cube root of the volume per atom), in which vectors and radial functions are measured.
    """
    difference = wrap(frac_coords[:, None, :, :] - frac_coords[:, :, None, :])
    between = (one.flatten(-2) for one in pair_waves(frac_coords, FREQUENCIES))
    vectors = torch.einsum("bijx,bxy->bijy", difference, cell) / scale[:, None, None, None]
    distance = (vectors.square().sum(-1) + 1e-12).sqrt()
    centres = torch.linspace(0, 2.75, RADIAL, device=distance.device, dtype=distance.dtype)
    radial = torch.exp(-8 * (distance[..., None] - centres).square())
    return torch.cat([*between, vectors, radial], -1)


def deviation_features(frac_coords: Tensor, template: Tensor, sigma: Tensor) -> Tensor:
    """Return how far every pair is from the template's, (batch, n, n, 12), with noise ``sigma`` (batch,)."""
    difference = wrap(frac_coords - template)
    deviation = wrap(difference[:, None, :, :] - difference[:, :, None, :])
    angles = 2 * math.pi * deviation
    scaled = deviation / (math.sqrt(2) * sigma[:, None, None, None])
    return torch.cat([deviation, angles.sin(), angles.cos(), FARTHEST * torch.tanh(scaled / FARTHEST)], -1)


class _Layer(nn.Module):
    """Pre-norm attention with pair bias and pair values, then a feed-forward part; modulated by the time."""

    def __init__(self, width: int, heads: int, pair_width: int) -> None:
        super().__init__()
        self.heads = heads
        self.modulate = nn.Linear(width, 6 * width)
        self.inputs = nn.Linear(width, 3 * width)
        self.bias = nn.Linear(pair_width, heads)
        self.outputs = nn.Linear(width + heads * pair_width, width)
        self.feed = nn.Sequential(nn.Linear(width, 4 * width), nn.SiLU(), nn.Linear(4 * width, width))
        start_at_zero(self.modulate)
        with torch.no_grad():  # gates start open
            self.modulate.bias[2 * width : 3 * width] = 1.0
            self.modulate.bias[5 * width :] = 1.0

    def forward(self, tokens: Tensor, pairs: Tensor, time: Tensor, mask: Tensor | None) -> Tensor:
        batch, length, width = tokens.shape
        shift_a, scale_a, gate_a, shift_f, scale_f, gate_f = self.modulate(time)[:, None].chunk(6, -1)
        normal = functional.layer_norm(tokens, (width,)) * (1 + scale_a) + shift_a
        query, key, value = (
            self.inputs(normal).reshape(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        )
        scores = query @ key.mT / math.sqrt(query.shape[-1]) + self.bias(pairs).permute(0, 3, 1, 2)
        if mask is not None:
            scores = scores.masked_fill(~mask[:, None, None, :], -torch.inf)
        weights = scores.softmax(-1)
        mixed = (weights @ value).transpose(1, 2).flatten(2)
        seen = torch.einsum("bhij,bijp->bihp", weights, pairs).flatten(2)
        tokens = tokens + gate_a * self.outputs(torch.cat([mixed, seen], -1))
        normal = functional.layer_norm(tokens, (width,)) * (1 + scale_f) + shift_f
        return tokens + gate_f * self.feed(normal)


class StructureNetwork(nn.Module):
    """Predicts the velocity of the lattice and the noise of the fractional coordinates.

    Parameters
    ----------
    conditions
        Number of properties; each enters as (standardised value or 0, given or not).
    absolute
        Whether places and slots are inputs, or only differences.
    templated
        Whether a template can be an input.
    """

    def __init__(
        self,
        width: int,
        layers: int,
        heads: int,
        max_atoms: int,
        conditions: int,
        absolute: bool,
        templated: bool = False,
    ) -> None:
        super().__init__()
        self.absolute, self.templated = absolute, templated
        pair_width = width // 4
        self.elements = ElementEmbedding(width)
        if absolute:
            self.slots = nn.Embedding(max_atoms, width)
            self.places = nn.Linear(6 * FREQUENCIES, width)
        self.lattice = nn.Linear(6, width)
        self.number = nn.Embedding(max_atoms + 1, width)
        self.time = nn.Sequential(nn.Linear(64, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        self.condition = nn.Linear(2 * conditions, 64) if conditions else None
        inputs = PAIR_INPUT + 1
        if templated:
            inputs += PAIR_INPUT + DEVIATION_INPUT + 1
            self.template_elements = ElementEmbedding(width)
            self.template_lattice = nn.Linear(7, width)
        self.pairs = nn.Sequential(
            nn.Linear(inputs, 2 * pair_width), nn.SiLU(), nn.Linear(2 * pair_width, pair_width)
        )
        self.layers = nn.ModuleList(_Layer(width, heads, pair_width) for _ in range(layers))
        self.lattice_head = nn.Linear(width, 6)
        self.coordinate_head = nn.Linear(width, 3 * (1 + 2 * FREQUENCIES) if absolute else 3)
        for head in (self.lattice_head, self.coordinate_head):
            start_at_zero(head)

    def forward(self, noisy: NoisyCrystals) -> tuple[Tensor, Tensor]:
        """See ``Network``."""
        atomic_numbers, frac_coords, lattice, log_metric, time, conditions, mask, template = noisy
        count = (
            frac_coords.new_full((len(frac_coords),), frac_coords.shape[1]) if mask is None else mask.sum(-1)
        )
        cell = cell_from_log(log_metric)
        scale = neighbour_distance(log_metric, count)
        features = pair_features(frac_coords, cell, scale)
        if self.templated:
            features = torch.cat([features, self._template_pairs(frac_coords, time, count, template)], -1)
        # The first row and column belong to the lattice token; a flag tells them from real pairs.
        features = functional.pad(functional.pad(features, (0, 1), value=1.0), (0, 0, 1, 0, 1, 0))
        pairs = self.pairs(features)
        wave = wave_features(time, 64)
        if self.condition is not None and conditions is not None:
            wave = wave + self.condition(conditions.flatten(1))
        moment = self.time(wave)
        first = self.lattice(lattice) + self.number(count.long())
        atoms = self.elements(atomic_numbers)
        if self.absolute:
            sin, cos = (one.flatten(-2) for one in waves(frac_coords, FREQUENCIES))
            atoms = atoms + self.places(torch.cat([sin, cos], -1)) + self.slots(ranks(atomic_numbers))
        if template is not None:
            given = template.given[:, None]
            first = first + self.template_lattice(torch.cat([template.lattice * given, given], -1))
            atoms = atoms + self.template_elements(template.numbers) * given[..., None]
        elif self.templated:
            first = first + self.template_lattice.bias  # what a template that is not given adds
        tokens = torch.cat([first[:, None], atoms], 1)
        full = None if mask is None else functional.pad(mask, (1, 0), value=True)
        for layer in self.layers:
            tokens = layer(tokens, pairs, moment, full)
        tokens = functional.layer_norm(tokens, tokens.shape[-1:])
        noise = self.coordinate_head(tokens[:, 1:])
        if self.absolute:
            # A Fourier series in the atom's own coordinates: the form of a site's score under much noise.
            one = torch.ones_like(sin[..., :3, None])
            series = torch.cat([one, sin.unflatten(-1, (3, -1)), cos.unflatten(-1, (3, -1))], -1)
            noise = (noise.unflatten(-1, (3, -1)) * series).sum(-1)
        weight = torch.ones_like(noise[..., :1]) if mask is None else mask[..., None].to(noise.dtype)
        return self.lattice_head(tokens[:, 0]), visible(self, noise, weight)

    def _template_pairs(
        self, frac_coords: Tensor, time: Tensor, count: Tensor, template: TemplateTensors | None
    ) -> Tensor:
        """Return what the template says of every pair, and a flag: zeros where there is none."""
        batch, length, _ = frac_coords.shape
        if template is None:
            return frac_coords.new_zeros(batch, length, length, PAIR_INPUT + DEVIATION_INPUT + 1)
        scale = neighbour_distance(template.log_metric, count)
        own = pair_features(template.frac_coords, cell_from_log(template.log_metric), scale)
        sigma = coordinate_sigma(self, time).expand(batch)
        between = deviation_features(frac_coords, template.frac_coords, sigma)
        flag = torch.ones_like(own[..., :1])
        return torch.cat([own, between, flag], -1) * template.given[:, None, None, None]
