"""``unimat``: the paper's representation, network and process, with its options.

The noisy state of a crystal is one vector: the grid (L, 9, 18, C) and six standardised cell parameters.
The cell enters the network as six channels that are equal everywhere, and leaves it as a mean over the grid.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from pydantic import ConfigDict
from torch import Tensor

from groundstate.crystals.crystal import Crystal
from groundstate.crystals.lattice import cell_parameters, closed_cell
from groundstate.crystals.models.base import Batch, CrystalConfig, CrystalModel, Request, Streams
from groundstate.crystals.models.grid import CELL_OF, NUMBER_AT, PeriodicGrid, slots
from groundstate.crystals.models.settings import TrainCrystals, Unimat
from groundstate.crystals.models.unimat.augment import another_cell, shift, shuffled_slots
from groundstate.crystals.models.unimat.unet import UNet
from groundstate.diffusion import (
    alpha_sigma,
    cosine_log_snr,
    log_snr_steps,
    min_snr_weight,
    regression_target,
    sample,
    to_clean,
)

# Standardised cell parameters beyond this are not in the data; predictions are clipped as coordinates are.
CELL_RANGE = 4.0
# Rows of a padded batch of samples.
ROWS = 8


class UnimatConfig(CrystalConfig):
    """What ``unimat`` is rebuilt from."""

    model_config = ConfigDict(extra="forbid")

    unimat: Unimat


class UnimatModel(CrystalModel):
    """The 3D U-Net over the whole grid."""

    schema = UnimatConfig
    width: ClassVar[int | None] = None  # of the settings where None
    cell_mean: Tensor
    cell_deviation: Tensor
    table: Tensor
    cell_of: Tensor

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        settings = Unimat.model_validate(config["unimat"])
        self.settings = settings
        lowest = -0.25 if settings.encoding == "presence" else 0.0
        self.grid = PeriodicGrid(self.depth, settings.encoding, lowest=lowest)
        state = self.grid.channels + 6
        self.network = UNet(
            inputs=state * (2 if settings.self_conditioning else 1) + 2,  # two channels say what is asked for
            outputs=state,
            width=settings.width,
            blocks=settings.blocks,
            conditions=len(self.conditions),
            dropout=settings.dropout,
            convolution=settings.convolution,
            skip_scaling=settings.skip_scaling,
            skip_constant=settings.skip_constant,
        )
        self.register_buffer("cell_mean", torch.zeros(6))
        self.register_buffer("cell_deviation", torch.ones(6))
        self.register_buffer("table", torch.as_tensor(NUMBER_AT > 0), persistent=False)
        self.register_buffer("cell_of", torch.as_tensor(CELL_OF).clamp(min=0), persistent=False)

    @classmethod
    def own_config(cls, settings: TrainCrystals) -> dict[str, Any]:
        """See ``CrystalModel.own_config``."""
        width = cls.width or settings.unimat.width
        return {"unimat": settings.unimat.model_dump() | {"width": width}}

    def encode_rest(self, crystals: Sequence[Crystal], lattices: Tensor) -> dict[str, Tensor]:
        """See ``CrystalModel.encode_rest``; the grid itself is filled batch by batch, after augmentation."""
        ranks = torch.zeros(len(crystals), self.max_atoms, dtype=torch.long)
        for row, crystal in zip(ranks, crystals, strict=True):
            row[: len(crystal.atomic_numbers)] = torch.as_tensor(slots(crystal.atomic_numbers))
        return {"slots": ranks, "lattice": lattices.float()}

    def fit_statistics(self, encoded: dict[str, Tensor]) -> None:
        """See ``CrystalModel.fit_statistics``."""
        parameters = _parameters(encoded["lattice"])
        self.cell_mean.copy_(parameters.mean(0))
        self.cell_deviation.copy_(parameters.std(0).clamp(min=0.1))

    def state(self, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the clean state (batch, size) and which slots hold an atom (batch, L, 9, 18)."""
        numbers, points = batch["atomic_numbers"], batch["frac_coords"]
        grid = numbers.new_zeros(len(numbers), *self.grid.shape, dtype=points.dtype)
        grid[...] = self._empty_slot()
        which, atom = (numbers > 0).nonzero(as_tuple=True)
        row, column = self.cell_of[numbers[which, atom]].unbind(-1)
        place = (which, batch["slots"][which, atom], row, column)
        lowest = self.grid.lowest
        inside = torch.remainder(points[which, atom] - lowest, 1.0)
        grid[(*place, slice(0, 3))] = torch.where(inside < 1.0, inside, 0.0) + lowest
        present = torch.zeros(grid.shape[:-1], dtype=torch.bool, device=grid.device)
        present[place] = True
        if self.grid.encoding == "presence":
            grid[..., 3] = present.to(grid.dtype) * 2 - 1
        cell = (_parameters(batch["lattice"]) - self.cell_mean) / self.cell_deviation
        return torch.cat([grid.flatten(1), cell], 1), present

    def _empty_slot(self) -> Tensor:
        values = [-1.0] * 3 if self.grid.encoding == "null" else [0.0, 0.0, 0.0, -1.0]
        return torch.tensor(values, device=self.cell_mean.device)

    def _predict(
        self, state: Tensor, log_snr: Tensor, asked: Tensor, clean: Tensor | None, conditions: Tensor | None
    ) -> Tensor:
        """Apply the network to flat states; ``asked`` (batch, 2, L, 9, 18), ``clean`` its last prediction."""
        channels = [self._volume(state), asked]
        if self.settings.self_conditioning:
            channels.append(torch.zeros_like(channels[0]) if clean is None else self._volume(clean))
        output = self.network(torch.cat(channels, 1), log_snr, conditions)
        grid = output[:, : self.grid.channels].permute(0, 2, 3, 4, 1).flatten(1)
        return torch.cat([grid, output[:, self.grid.channels :].mean((2, 3, 4))], 1)

    def _volume(self, state: Tensor) -> Tensor:
        grid = state[:, :-6].reshape(-1, *self.grid.shape).permute(0, 4, 1, 2, 3)
        cell = state[:, -6:, None, None, None].expand(-1, -1, *grid.shape[2:])
        return torch.cat([grid, cell], 1)

    def loss(self, batch: dict[str, Tensor], generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the weighted squared error of the target over the grid and the cell."""
        settings, device = self.settings, batch["frac_coords"].device
        batch = dict(batch)
        if self.training:
            if settings.augment_cells:
                batch["frac_coords"], batch["lattice"] = another_cell(
                    batch["frac_coords"], batch["lattice"], generator
                )
            batch["frac_coords"] = shift(batch["frac_coords"], generator)
            batch["slots"] = shuffled_slots(batch["slots"], batch["atomic_numbers"], generator)
        clean, present = self.state(batch)
        size = len(clean)
        time = (torch.arange(size) + torch.rand(size, generator=generator)) / size
        log_snr = cosine_log_snr(time[torch.randperm(size, generator=generator)]).to(device)
        noise = torch.randn(clean.shape, generator=generator).to(device)
        alpha, sigma = (factor[:, None] for factor in alpha_sigma(log_snr))
        noisy = alpha * clean + sigma * noise
        draws = torch.rand(size, 3, generator=generator).to(device)
        asked = self._asked(present, draws[:, 0] < 0.25, draws[:, 0] > 0.75)
        conditions = self.property_scale(batch["properties"], draws[:, 1] >= self.config["condition_dropout"])
        earlier = None
        if settings.self_conditioning:
            with torch.no_grad():
                first = self._predict(noisy, log_snr, asked, None, conditions)
                guess = self._clip(to_clean(first, noisy, log_snr, settings.target))
            earlier = guess * (draws[:, 2:3] < 0.5)
        output = self._predict(noisy, log_snr, asked, earlier, conditions)
        error = (output - regression_target(clean, noise, log_snr, settings.target)).square()
        if settings.min_snr_gamma is not None:
            error = error * min_snr_weight(log_snr, settings.target, settings.min_snr_gamma)[:, None]
        weight = self._slot_weights(present)
        grid = (error[:, :-6].reshape(weight.shape) * weight).sum() / weight.sum()
        cell = error[:, -6:].mean()
        return grid + cell, {"grid": grid, "cell": cell}

    def _slot_weights(self, present: Tensor) -> Tensor:
        """Return the grid's weights: none where no element is, little for absent coordinates."""
        weight = present.new_ones((*present.shape, self.grid.channels), dtype=torch.float32)
        if self.grid.encoding == "presence":
            weight[..., :3] = torch.where(present[..., None], 1.0, self.settings.absent_weight)
        return weight * self.table[:, :, None]

    def _asked(self, present: Tensor, by_element: Tensor, by_slot: Tensor) -> Tensor:
        """Return condition channels, elements and slots: asked for +1, not -1, nothing said 0."""
        elements = present.any(1, keepdim=True).expand_as(present)
        said = torch.stack([elements, present], 1) * 2.0 - 1.0
        given = torch.stack([by_element | by_slot, by_slot], 1)[:, :, None, None, None]
        return said * given

    def _clip(self, clean: Tensor) -> Tensor:
        grid = clean[:, :-6].clamp(-1.0, 1.0)
        return torch.cat([grid, clean[:, -6:].clamp(-CELL_RANGE, CELL_RANGE)], 1)

    def plan(self, request: Request, count: int, seed: int) -> list[Batch]:
        """Take samples in their order; see ``CrystalModel.plan``."""
        groups = [list(range(count))[start : start + ROWS] for start in range(0, count, ROWS)]
        return [Batch(f"{g[0]:06d}", g, list(range(len(g))), ROWS, {}) for g in groups]

    def _masks(self, request: Request, indices: list[int]) -> tuple[Tensor, Tensor, Tensor]:
        """Return slots that must hold an atom, slots that may, and the condition channels of each sample."""
        must = torch.zeros(len(indices), *self.grid.shape[:3], dtype=torch.bool)
        may = must.clone()
        if request.formulas:
            for row, index in zip(must, indices, strict=True):
                for number, amount in request.formulas[index % len(request.formulas)].items():
                    row[:amount, *CELL_OF[number]] = True
            may = must.clone()
        else:
            for number in request.elements or self.config["elements"]:
                may[:, :, *CELL_OF[number]] = True
        by_element, by_slot = (
            torch.full((len(indices),), given)
            for given in (request.elements is not None, bool(request.formulas))
        )
        return must, may, self._asked(may, by_element, by_slot)

    @torch.no_grad()
    def sample(self, batch: Batch, request: Request, seed: int, steps: int | None) -> list[Crystal]:
        """See ``CrystalModel.sample``; what is forbidden is held empty at every step."""
        settings, device = self.settings, self.cell_mean.device
        sample_of = dict(zip(batch.rows, batch.indices, strict=True))
        indices = [sample_of.get(row, batch.indices[0]) for row in range(batch.size)]
        must, may, asked = self._masks(request, indices)
        streams = Streams(seed, "structure", batch)
        size = int(np.prod(self.grid.shape)) + 6

        def noise() -> Tensor:
            return streams.draw(torch.randn, size).to(device)

        denoise = self._denoiser(request, asked.to(device), ~may.to(device))
        log_snrs = log_snr_steps(steps or settings.sampling_steps).to(device)
        final = sample(denoise, noise(), log_snrs, settings.sampler, noise, settings.interpolation)
        final = final.double().cpu()
        return [self._decode(final[row], must[row], may[row], request) for row in batch.rows]

    def _denoiser(
        self, request: Request, asked: Tensor, forbidden: Tensor
    ) -> Callable[[Tensor, Tensor], Tensor]:
        """Return ``denoise(x, log_snr)`` with guidance, self-conditioning and the hard mask inside."""
        earlier: list[Tensor | None] = [None]
        target, empty = self.settings.target, self._empty_slot()

        def denoise(state: Tensor, log_snr: Tensor) -> Tensor:
            output = self.guide(
                request, lambda conditions: self._predict(state, log_snr, asked, earlier[0], conditions)
            )
            clean = self._clip(to_clean(output, state, log_snr, target))
            grid = clean[:, :-6].reshape(-1, *self.grid.shape)
            grid = torch.where(forbidden[..., None], empty, grid)
            clean = torch.cat([grid.flatten(1), clean[:, -6:]], 1)
            earlier[0] = clean
            return clean

        return denoise

    def _decode(self, state: Tensor, must: Tensor, may: Tensor, request: Request) -> Crystal:
        """Return a crystal with an allowed number of atoms; out of range the fullest slots win."""
        grid = state[:-6].reshape(self.grid.shape)
        level = grid[..., 3] if self.grid.encoding == "presence" else grid[..., :3].mean(-1) + 0.5
        level = level.masked_fill(~may, -torch.inf).masked_fill(must, torch.inf)
        low, high = request.atoms or (1, self.max_atoms)
        count = int((level > 0).sum().clamp(low, high)) if not request.formulas else int(must.sum())
        chosen = level.flatten().topk(count).indices
        slot, row, column = np.unravel_index(chosen.sort().values.numpy(), level.shape)
        cell = state[-6:].numpy() * self.cell_deviation.double().cpu().numpy() + self.cell_mean.cpu().numpy()
        points = torch.remainder(grid[slot, row, column, :3], 1.0).numpy()
        return Crystal("", NUMBER_AT[row, column], points, closed_cell(cell))


class Unimat64(UnimatModel):
    """UniMat's small size."""

    width = 64


class Unimat128(UnimatModel):
    """UniMat's medium size."""

    width = 128


class Unimat256(UnimatModel):
    """UniMat's large size."""

    width = 256


def _parameters(lattice: Tensor) -> Tensor:
    """Return six cell parameters of (batch, 3, 3)."""
    return torch.as_tensor(cell_parameters(lattice.double().cpu().numpy())).to(lattice)
