"""``unimat-compact``: what atoms first, on the count grid, then where they are, over the atoms alone.

The grid's empty cells are never computed on: they take part through the row and column vectors only.
Cells are Niggli-reduced; their log metric, less the volume that the composition suggests, is one token.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from groundstate.crystals.composition import CompositionNetwork, composition_loss, sample_compositions
from groundstate.crystals.conditions import PropertyScale
from groundstate.crystals.crystal import MAX_NUMBER, Crystal
from groundstate.crystals.lattice import cell_from_log_metric, log_metric, niggli, standard_orientation
from groundstate.crystals.models.base import Batch, CrystalModel, Request, sample_stream
from groundstate.crystals.requests import check_limits
from groundstate.crystals.structure_network import StructureNetwork
from groundstate.crystals.train_settings import Compact, TrainCrystals
from groundstate.diffusion import (
    add_torus_noise,
    alpha_sigma,
    ancestral_step,
    cosine_log_snr,
    ddim_step,
    regression_target,
    to_clean,
    torus_sigma,
    torus_step,
)

# The lattice is decided before the sites: its log-SNR is shifted up.
LATTICE_SHIFT = 3.0
CLIP = 12.0
# From a hundredth of the cell, below which nothing is learned in minutes, to where differences of coordinates
# are uniform to within 2 %; only differences enter the network.
SMALLEST, LARGEST = 0.01, 0.35
# Random subsets of each composition in one training step; a subset costs next to nothing beside a structure.
SUBSETS = 2
SIZE_GROUPS = 4


class CompactModel(CrystalModel):
    """Composition and structure stages with the statistics that make their inputs of order one."""

    name = "unimat-compact"
    fixed_rows = 16

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        settings = Compact.model_validate(config["compact"])
        self.settings = settings
        self.max_atoms, self.depth = config["max_atoms"], config["depth"]
        self.conditions: list[str] = config["conditions"]
        self.composition = CompositionNetwork(
            self.depth,
            self.max_atoms,
            settings.composition_width,
            settings.composition_layers,
            len(self.conditions),
            settings.composition_dropout,
        )
        self.structure = StructureNetwork(
            settings.width,
            settings.layers,
            settings.heads,
            self.max_atoms,
            len(self.conditions),
        )
        self.property_scale = PropertyScale(self.conditions)
        self.register_buffer("atom_volumes", torch.ones(MAX_NUMBER + 1))
        self.register_buffer("lattice_mean", torch.zeros(6))
        self.register_buffer("lattice_deviation", torch.ones(6))
        self.register_buffer("size_weights", torch.zeros(self.max_atoms + 1))

    @classmethod
    def build(cls, crystals: Sequence[Crystal], settings: TrainCrystals) -> "CompactModel":
        """A fresh model for cells as large as those of ``crystals``; see ``CrystalModel.build``."""
        counts = _counts(crystals)
        config = {
            "kind": "crystals",
            "model": cls.name,
            "max_atoms": int(counts.sum(1).max()),
            "depth": int(counts.max()),
            "elements": np.flatnonzero(counts.sum(0)).tolist(),
            "compact": settings.compact.model_dump(),
            "conditions": settings.conditions,
            "condition_dropout": settings.condition_dropout,
        }
        model = cls(config)
        volumes = np.array([abs(np.linalg.det(crystal.lattice)) for crystal in crystals])
        model.atom_volumes.copy_(torch.as_tensor(fit_atom_volumes(counts, volumes)))
        sizes = np.bincount(counts.sum(1), minlength=model.max_atoms + 1)
        model.size_weights.copy_(torch.as_tensor(sizes / sizes.sum()))
        encoded = model.encode(crystals)
        raw = encoded["log_metric"] - model.volume_offset(encoded["counts"])
        model.lattice_mean.copy_(raw.mean(0))
        # The floor keeps a set of one cell shape (cubic perovskites) from being scaled up to noise.
        model.lattice_deviation.copy_(raw.std(0).clamp(min=0.02))
        model.property_scale.fit(encoded["properties"])
        return model

    def fits(self, crystal: Crystal) -> bool:
        """See ``CrystalModel.fits``."""
        most = np.bincount(crystal.atomic_numbers).max()
        return len(crystal.atomic_numbers) <= self.max_atoms and most <= self.depth

    def encode(self, crystals: Sequence[Crystal]) -> dict[str, Tensor]:
        """See ``CrystalModel.encode``; atoms are padded to the largest cell, atomic number 0 is padding."""
        numbers = torch.zeros(len(crystals), self.max_atoms, dtype=torch.long)
        frac = torch.zeros(len(crystals), self.max_atoms, 3)
        metrics = torch.zeros(len(crystals), 6)
        for index, crystal in enumerate(crystals):
            lattice, points = niggli(crystal.lattice, crystal.frac_coords)
            count = len(points)
            numbers[index, :count] = torch.as_tensor(crystal.atomic_numbers)
            frac[index, :count] = torch.as_tensor(points, dtype=torch.float32)
            metrics[index] = torch.as_tensor(log_metric(lattice), dtype=torch.float32)
        return {
            "atomic_numbers": numbers,
            "frac_coords": frac,
            "log_metric": metrics,
            "counts": torch.as_tensor(_counts(crystals)),
            "properties": self.property_scale.table(crystals),
        }

    def volume_offset(self, counts: Tensor) -> Tensor:
        """What the composition says about the log metric: a third of the log volume on the diagonal."""
        volume = (counts * self.atom_volumes).sum(-1).clamp(min=1.0)
        return functional.pad((volume.log() / 3)[:, None].expand(-1, 3), (0, 3))

    def loss(self, batch: dict[str, Tensor], generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Composition likelihood bound + velocity error of the lattice + noise error of the coordinates."""
        counts, device = batch["counts"], batch["counts"].device
        known = torch.rand(len(counts), generator=generator) >= self.config["condition_dropout"]
        conditions = self.property_scale(batch["properties"], known.to(device))
        repeated = counts.repeat(SUBSETS, 1)
        uniform = torch.rand(len(repeated), MAX_NUMBER + 2, generator=generator).to(device)
        repeated_conditions = None if conditions is None else conditions.repeat(SUBSETS, 1, 1)
        composition = composition_loss(self.composition, repeated, repeated_conditions, uniform)
        lattice, sites = self._structure_loss(batch, conditions, generator)
        parts = {"composition": composition, "lattice": lattice, "sites": sites}
        return composition + lattice + sites, parts

    def _structure_loss(
        self, batch: dict[str, Tensor], conditions: Tensor | None, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        numbers, frac, counts = batch["atomic_numbers"], batch["frac_coords"], batch["counts"]
        device, size = numbers.device, len(numbers)
        # One number from each of ``size`` equal slices: less variance than independent times.
        time = (torch.arange(size) + torch.rand(size, generator=generator)) / size
        time = time[torch.randperm(size, generator=generator)].to(device)
        noise = torch.randn(frac.shape, generator=generator).to(device)
        lattice_noise = torch.randn(size, 6, generator=generator).to(device)
        offset = self.volume_offset(counts)
        clean = (batch["log_metric"] - offset - self.lattice_mean) / self.lattice_deviation
        log_snr = cosine_log_snr(time, CLIP, LATTICE_SHIFT)
        alpha, sigma = (factor[:, None] for factor in alpha_sigma(log_snr))
        lattice = alpha * clean + sigma * lattice_noise
        wanted = regression_target(clean, lattice_noise, log_snr, "v")
        noisy = add_torus_noise(frac, noise, torus_sigma(time, SMALLEST, LARGEST))
        mask = numbers > 0
        atoms = mask.sum(-1)
        lattice_error = site_error = 0.0
        # Crystals of like size share a forward pass, so that little is computed on padding.
        for rows in atoms.argsort().chunk(min(SIZE_GROUPS, size)):
            longest = int(atoms[rows].max())
            present = mask[rows, :longest]
            velocity, predicted = self.structure(
                numbers[rows, :longest],
                noisy[rows, :longest],
                lattice[rows],
                self._expected_log_metric(lattice[rows], alpha[rows], offset[rows]),
                time[rows],
                None if conditions is None else conditions[rows],
                present,
            )
            weight = present[..., None] / atoms[rows, None, None]
            target = noise[rows, :longest]
            target = target - (target * weight).sum(1, keepdim=True)
            site_error = site_error + ((predicted - target).square() * weight).sum() / (3 * size)
            lattice_error = lattice_error + (velocity - wanted[rows]).square().sum() / (6 * size)
        return lattice_error, site_error

    def _expected_log_metric(self, lattice: Tensor, alpha: Tensor, offset: Tensor) -> Tensor:
        return self.lattice_mean + self.lattice_deviation * alpha * lattice + offset

    def check_request(self, request: Request) -> None:
        """See ``CrystalModel.check_request``."""
        check_limits(request, self.max_atoms, self.depth, self.conditions)

    @torch.no_grad()
    def plan(self, request: Request, count: int, seed: int) -> list[Batch]:
        """Draw all compositions, then put crystals of one size together; see ``CrystalModel.plan``."""
        compositions = self._compositions(request, count, seed)
        by_size: dict[int, list[int]] = {}
        for index, total in enumerate(compositions.sum(-1).tolist()):
            by_size.setdefault(total, []).append(index)
        batches = []
        for size, members in sorted(by_size.items()):
            for start in range(0, len(members), self.fixed_rows):
                indices = members[start : start + self.fixed_rows]
                payload = {"counts": compositions[indices]}
                key = f"{size:03d}-{start // self.fixed_rows:05d}"
                batches.append(Batch(key, indices, list(range(len(indices))), payload))
        return batches

    def _compositions(self, request: Request, count: int, seed: int) -> Tensor:
        if request.formula is not None:
            counts = torch.zeros(count, MAX_NUMBER + 1, dtype=torch.long)
            for number, amount in request.formula.items():
                counts[:, number] = amount
            return counts
        device = self.size_weights.device
        usable = torch.zeros(MAX_NUMBER + 1, dtype=torch.bool)
        usable[list(request.elements or self.config["elements"])] = True
        low, high = request.atoms or (1, self.max_atoms)
        high = min(high, int(usable.sum()) * self.depth)
        weights = self.size_weights[low : high + 1].double().cpu()
        if weights.sum() == 0:  # sizes that the training set lacks, but that were asked for
            weights = torch.ones_like(weights)
        edges = weights.cumsum(0) / weights.sum()
        done = []
        for start in range(0, count, self.fixed_rows):
            streams = [sample_stream(seed, start + row, "composition") for row in range(self.fixed_rows)]
            numbers = torch.stack(
                [torch.rand(self.max_atoms + 1, dtype=torch.float64, generator=stream) for stream in streams]
            )
            total = low + torch.searchsorted(edges, numbers[:, 0].contiguous(), right=True).clamp(
                max=len(edges) - 1
            )
            conditions = self.property_scale.wanted(request.conditions, self.fixed_rows)
            done.append(
                sample_compositions(
                    self.composition,
                    total.to(device),
                    usable.to(device),
                    numbers[:, 1:].to(device),
                    conditions,
                    request.guidance if request.conditions else 0.0,
                ).cpu()
            )
        return torch.cat(done)[:count] if done else torch.zeros(0, MAX_NUMBER + 1, dtype=torch.long)

    @torch.no_grad()
    def sample(self, batch: Batch, request: Request, seed: int, steps: int | None) -> list[Crystal]:
        """See ``CrystalModel.sample``."""
        device = self.size_weights.device
        steps = steps or self.settings.sampling_steps
        counts = torch.zeros(self.fixed_rows, MAX_NUMBER + 1, dtype=torch.long)
        counts[:] = batch.payload["counts"][0]  # rows without a sample hold some crystal of the right size
        counts[batch.rows] = batch.payload["counts"]
        number = int(counts[0].sum())
        elements = torch.arange(MAX_NUMBER + 1)
        numbers = torch.stack([elements.repeat_interleave(row) for row in counts]).to(device)
        streams = {
            row: sample_stream(seed, index, "structure")
            for row, index in zip(batch.rows, batch.indices, strict=True)
        }

        def noise(kind: str) -> Tensor:
            drawn = torch.zeros(self.fixed_rows, number + 2, 3)
            for row, stream in streams.items():
                draw = torch.rand if kind == "uniform" else torch.randn
                drawn[row] = draw(number + 2, 3, generator=stream)
            return drawn.to(device)

        frac = noise("uniform")[:, 2:]
        lattice = noise("normal")[:, :2].flatten(1)
        offset = self.volume_offset(counts.to(device))
        conditions = self.property_scale.wanted(request.conditions, self.fixed_rows)
        times = torch.linspace(1, 0, steps + 1, dtype=torch.float64)
        log_snrs, sigmas = cosine_log_snr(times, CLIP, LATTICE_SHIFT), torus_sigma(times, SMALLEST, LARGEST)
        sigmas[-1] = 0.0
        for step in range(steps):
            log_snr, following = (log_snrs[i].to(device, torch.float32) for i in (step, step + 1))
            sigma, sigma_next = (sigmas[i].to(device, torch.float32) for i in (step, step + 1))
            alpha, _ = alpha_sigma(log_snr)
            metric = self._expected_log_metric(lattice, alpha, offset)
            time = times[step].to(device, torch.float32).expand(self.fixed_rows)
            velocity, predicted = self._guided(request, numbers, frac, lattice, metric, time, conditions)
            clean = to_clean(velocity, lattice, log_snr.expand(self.fixed_rows), "v")
            if step == steps - 1:
                lattice = clean
                frac = torus_step(frac, predicted, sigma, sigma_next)
            elif self.settings.sampler == "ddim":
                lattice = ddim_step(lattice, clean, log_snr, following)
                frac = torus_step(frac, predicted, sigma, sigma_next)
            else:
                fresh = noise("normal")
                lattice = ancestral_step(
                    lattice, clean, log_snr, following, fresh[:, :2].flatten(1), interpolation=0.0
                )
                frac = torus_step(frac, predicted, sigma, sigma_next, fresh[:, 2:])
        metric = self._expected_log_metric(lattice, torch.ones((), device=device), offset)
        cells = standard_orientation(cell_from_log_metric(metric.double().cpu().numpy()))
        points, species = frac.double().cpu().numpy(), numbers.cpu().numpy()
        return [Crystal("", species[row], points[row] % 1.0, cells[row]) for row in batch.rows]

    def _guided(self, request: Request, *inputs: Tensor | None) -> tuple[Tensor, Tensor]:
        """Velocity and noise, moved away from what the network says without conditions."""
        *state, conditions = inputs
        output = self.structure(*state, conditions)
        if not request.conditions or request.guidance == 0:
            return output
        free = self.structure(*state, torch.zeros_like(conditions))
        velocity, noise = (torch.lerp(b, a, 1 + request.guidance) for a, b in zip(output, free, strict=True))
        return velocity, noise


def _counts(crystals: Sequence[Crystal]) -> np.ndarray:
    counts = np.zeros((len(crystals), MAX_NUMBER + 1), dtype=np.int64)
    for row, crystal in zip(counts, crystals, strict=True):
        np.add.at(row, crystal.atomic_numbers, 1)
    return counts


def fit_atom_volumes(counts: np.ndarray, volumes: np.ndarray) -> np.ndarray:
    """Volume that an atom of each element takes up, (119,) cubic angstrom, from cells and their counts.

    Ridge regression of the relative error towards the mean volume per atom, which is what an element without
    data gets.
    """
    mean = volumes.sum() / counts.sum()
    relative = counts * mean / volumes[:, None]
    residual = 1.0 - relative.sum(1)
    solution = np.linalg.solve(relative.T @ relative + np.eye(counts.shape[1]), relative.T @ residual)
    return mean * np.clip(1.0 + solution, 0.2, 5.0)
