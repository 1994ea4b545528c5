"""``unimat-compact``: what atoms first, on the count grid, then where they are, over the atoms alone.

The grid's empty cells are never computed on: they take part through the row and column vectors only.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from pydantic import ConfigDict
from torch import Tensor

from groundstate.crystals.crystal import MAX_NUMBER, Crystal
from groundstate.crystals.lattice import cell_from_log_metric, log_metric, niggli, standard_orientation
from groundstate.crystals.models.base import Batch, CrystalConfig, CrystalModel, Request, Streams, count_atoms
from groundstate.crystals.models.compact.composition import (
    CompositionNetwork,
    composition_loss,
    named_in,
    sample_compositions,
)
from groundstate.crystals.models.compact.crowding import is_crowded
from groundstate.crystals.models.compact.message_network import MessageNetwork
from groundstate.crystals.models.compact.network import NoisyCrystals, TemplateTensors
from groundstate.crystals.models.compact.structure_network import StructureNetwork
from groundstate.crystals.models.compact.structure_stage import (
    CellScale,
    denoising_error,
    sample_structures,
    structure_loss,
)
from groundstate.crystals.models.settings import Compact, TrainCrystals
from groundstate.crystals.models.templates import FindTemplates, draw_variants, encode_templates
from groundstate.crystals.templates.elements import expected_volume

# Random subsets of each composition in one training step; a subset costs less than a structure.
SUBSETS = 2
# Rows of a padded batch: crystals of a common size share large ones, those of a rare size waste little.
FEWEST_ROWS, MOST_ROWS = 8, 64
# A sample with atoms on one another is noised to this time and denoised again, as often at most, with half
# the pull of before: what crowds atoms.
BEGIN_AGAIN, ATTEMPTS = 0.9, 3


class CompactConfig(CrystalConfig):
    """What ``unimat-compact`` is rebuilt from."""

    model_config = ConfigDict(extra="forbid")

    compact: Compact


class CompactModel(CrystalModel):
    """Composition and structure stages with the statistics that make their inputs of order one."""

    schema = CompactConfig
    stages = {"composition.": ("composition",), "structure.": ("lattice", "sites")}  # noqa: RUF012 -- declared by the base class
    size_weights: Tensor

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        settings = Compact.model_validate(config["compact"])
        self.settings = settings
        self.composition = CompositionNetwork(
            self.depth,
            self.max_atoms,
            settings.composition_width,
            settings.composition_layers,
            len(self.conditions),
            settings.composition_dropout,
        )
        sizes = settings.width, settings.layers
        limits = self.max_atoms, len(self.conditions)
        absolute, templated = settings.places == "absolute", settings.templates > 0
        self.structure = (
            MessageNetwork(*sizes, *limits, templated)
            if settings.network == "messages"
            else StructureNetwork(*sizes, settings.heads, *limits, absolute, templated)
        )
        self.cell_scale = CellScale()
        self.register_buffer("size_weights", torch.zeros(self.max_atoms + 1, dtype=torch.float64))

    @classmethod
    def own_config(cls, settings: TrainCrystals) -> dict[str, Any]:
        """See ``CrystalModel.own_config``."""
        return {"compact": settings.compact.model_dump(exclude={"composition_ids"})}

    @classmethod
    def encode_choice(cls, crystals: Sequence[Crystal], settings: TrainCrystals) -> dict[str, Tensor]:
        """See ``CrystalModel.encode_choice``."""
        path = settings.compact.composition_ids
        return {} if path is None else {"composes": named_in(path, crystals)}

    def encode_rest(self, crystals: Sequence[Crystal], lattices: Tensor) -> dict[str, Tensor]:
        """See ``CrystalModel.encode_rest``."""
        return {
            "log_metric": torch.as_tensor(log_metric(lattices.numpy()), dtype=torch.float32),
            "counts": torch.as_tensor(count_atoms(crystals)),
        }

    def encode_templates(self, crystals: Sequence[Crystal], find: FindTemplates) -> dict[str, Tensor]:
        """See ``CrystalModel.encode_templates``."""
        if not self.settings.templates:
            return {}
        return encode_templates(crystals, find, self.settings.templates, self.max_atoms)

    def fit_statistics(self, encoded: dict[str, Tensor]) -> None:
        """See ``CrystalModel.fit_statistics``."""
        self.cell_scale.fit(encoded["log_metric"], encoded["counts"])
        counts = encoded["counts"]
        composing = counts[encoded.get("composes", torch.ones(len(counts))) > 0]
        sizes = torch.bincount(composing.sum(1), minlength=self.max_atoms + 1)
        self.size_weights.copy_(sizes / sizes.sum())

    def loss(self, batch: dict[str, Tensor], generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the composition's bound + the lattice's velocity error + the sites' noise error."""
        counts, device = batch["counts"], batch["counts"].device
        kept = torch.rand(len(counts), generator=generator) >= self.config["condition_dropout"]
        conditions = self.property_scale(batch["properties"], kept.to(device))
        repeated = counts.repeat(SUBSETS, 1)
        uniform = torch.rand(len(repeated), MAX_NUMBER + 2, generator=generator).to(device)
        repeated_conditions = None if conditions is None else conditions.repeat(SUBSETS, 1, 1)
        composes = batch["composes"].repeat(SUBSETS) if "composes" in batch else None
        composition = composition_loss(self.composition, repeated, repeated_conditions, uniform, composes)
        template = None
        if "variants" in batch:
            batch = draw_variants(batch, self.settings.template_dropout, generator)
            template = self.cell_scale.template(
                batch["template_atomic_numbers"],
                batch["template_frac_coords"],
                batch["template_log_metric"],
                counts,
            )
        lattice, sites = structure_loss(
            self.structure, self.cell_scale, batch, conditions, generator, template
        )
        parts = {"composition": composition, "lattice": lattice, "sites": sites}
        return composition + lattice + sites, parts

    @torch.no_grad()
    def plan(self, request: Request, count: int, seed: int) -> list[Batch]:
        """Draw all compositions, then put crystals of one size together; see ``CrystalModel.plan``."""
        weights = self._size_weights(request)
        compositions = self._compositions(request, weights, count, seed)
        alike: dict[tuple[int, bool], list[int]] = {}  # begun with places, or without
        for index, total in enumerate(compositions.sum(-1).tolist()):
            placed = bool(request.templates) and request.templates[index % len(request.templates)] is not None
            alike.setdefault((total, placed), []).append(index)
        batches = []
        for (size, placed), members in sorted(alike.items()):
            rows = FEWEST_ROWS
            while rows < min(MOST_ROWS, 256 * float(weights[size])):
                rows *= 2
            for start in range(0, len(members), rows):
                indices = members[start : start + rows]
                payload = {"counts": compositions[indices], "sample": torch.tensor(indices)}
                key = f"{size:03d}{'t' if placed else ''}-{start // rows:05d}"
                batches.append(Batch(key, indices, list(range(len(indices))), rows, payload))
        return batches

    def compositions(self, request: Request, count: int, seed: int) -> list[dict[int, int]]:
        """See ``CrystalModel.compositions``."""
        table = self._compositions(request, self._size_weights(request), count, seed)
        return [{number: int(row[number]) for number in row.nonzero()[:, 0].tolist()} for row in table]

    def _size_weights(self, request: Request) -> Tensor:
        """Return (max_atoms + 1,) probability of each number of atoms in the cell."""
        weights = torch.zeros_like(self.size_weights, device="cpu")
        request = request.origin or request
        if request.formulas:
            for formula in request.formulas:
                weights[sum(formula.values())] += 1 / len(request.formulas)
            return weights
        low, high = request.atoms or (1, self.max_atoms)
        high = min(high, len(self._usable(request)) * self.depth)
        weights[low : high + 1] = self.size_weights[low : high + 1].cpu()
        if weights.sum() == 0:  # sizes that the training set lacks, but that were asked for
            weights[low : high + 1] = 1.0
        return weights / weights.sum()

    def _usable(self, request: Request) -> list[int]:
        return sorted(request.elements or self.config["elements"])

    def _compositions(self, request: Request, weights: Tensor, count: int, seed: int) -> Tensor:
        if request.formulas:
            table = torch.zeros(len(request.formulas), MAX_NUMBER + 1, dtype=torch.long)
            for row, formula in zip(table, request.formulas, strict=True):
                row[list(formula)] = torch.tensor(list(formula.values()))
            return table[torch.arange(count) % len(table)]
        device = self.size_weights.device
        usable = torch.zeros(MAX_NUMBER + 1, dtype=torch.bool, device=device)
        usable[self._usable(request)] = True
        edges, largest = weights.cumsum(0), int(weights.nonzero().max())
        done = []
        for start in range(0, count, MOST_ROWS):
            rows = list(range(MOST_ROWS))
            batch = Batch("", [start + row for row in rows], rows, MOST_ROWS, {})
            streams = Streams(seed, "composition", batch)
            numbers = streams.draw(torch.rand, self.max_atoms + 1, dtype=torch.float64)
            total = torch.searchsorted(edges, numbers[:, 0].contiguous(), right=True).clamp(max=largest)
            sampled = sample_compositions(
                lambda *state: self.guide(request, lambda given: self.composition(*state, given)),
                self.depth,
                total.to(device),
                usable,
                numbers[:, 1:].to(device),
                self.settings.composition_top_p,
            )
            done.append(sampled.cpu())
        return torch.cat(done)[:count]

    def denoising_error(self, crystals: Sequence[Crystal]) -> np.ndarray:
        """See ``CrystalModel.denoising_error``; conditions and templates are not shown."""
        device = self.size_weights.device
        errors = []
        for start in range(0, len(crystals), MOST_ROWS):
            encoded = self.encode(crystals[start : start + MOST_ROWS])
            batch = {name: values.to(device) for name, values in encoded.items()}
            errors.append(denoising_error(self.structure, self.cell_scale, batch).cpu().double().numpy())
        return np.concatenate(errors) if errors else np.zeros(0)

    @torch.no_grad()
    def sample(self, batch: Batch, request: Request, seed: int, steps: int | None) -> list[Crystal]:
        """See ``CrystalModel.sample``."""
        device = self.size_weights.device
        counts = torch.zeros(batch.size, MAX_NUMBER + 1, dtype=torch.long)
        counts[:] = batch.payload["counts"][0]  # rows without a sample hold some crystal of the right size
        counts[batch.rows] = batch.payload["counts"]
        number = int(counts[0].sum())
        elements = torch.arange(MAX_NUMBER + 1)
        numbers = torch.stack([elements.repeat_interleave(row) for row in counts])
        template = self._templates(batch, request, numbers, counts)
        start = None if request.noise is None else template
        numbers, counts = numbers.to(device), counts.to(device)
        seen = template if self.settings.templates else None

        def draw(
            rows: Tensor, streams: Streams, start: TemplateTensors | None, begin: float, pull: float
        ) -> tuple[Tensor, Tensor]:
            shown = None if seen is None else seen.rows(rows, number)
            return sample_structures(
                self.structure,
                lambda frac, cell, metric, time: self.guide(
                    request,
                    lambda given: self.structure(
                        NoisyCrystals(numbers[rows], frac, cell, metric, time, given, None, shown)
                    ),
                ),
                self.cell_scale,
                counts[rows],
                streams.draw(torch.rand, number, 3).to(device),
                lambda: streams.draw(torch.randn, number + 2, 3).to(device),
                steps or self.settings.sampling_steps,
                self.settings.sampler,
                self.settings.temperature,
                pull,
                start,
                begin,
            )

        everyone = torch.arange(batch.size, device=device)
        streams, pull = Streams(seed, "structure", batch), self.settings.pull
        metric, frac = draw(everyone, streams, start, request.noise or 1.0, pull)
        for attempt in range(ATTEMPTS if start is None else 0):
            crowded, pull = is_crowded(numbers, metric, frac), max(1.0, pull / 2)
            for row, index in zip(batch.rows, batch.indices, strict=True):
                if crowded[row]:  # alone: what becomes of a crystal must not depend on those beside it
                    rows = everyone[row : row + 1]
                    alone = Streams(seed, f"structure {attempt}", Batch("", [index], [0], 1, {}))
                    lattice = self.cell_scale.standardised(metric[rows], self.cell_scale.offset(counts[rows]))
                    own = TemplateTensors(numbers[rows], frac[rows], metric[rows], lattice, lattice[:, 0])
                    metric[rows], frac[rows] = draw(rows, alone, own, BEGIN_AGAIN, pull)
        cells = standard_orientation(cell_from_log_metric(metric.double().cpu().numpy()))
        points, species = frac.double().cpu().numpy(), numbers.cpu().numpy()
        if template is None and self.settings.volume == "expected":
            wanted = np.array([expected_volume(row) for row in species])
            cells *= np.cbrt(wanted / np.linalg.det(cells))[:, None, None]
        return [Crystal("", species[row], points[row] % 1.0, cells[row]) for row in batch.rows]

    def _templates(
        self, batch: Batch, request: Request, numbers: Tensor, counts: Tensor
    ) -> TemplateTensors | None:
        """Return the templates of a batch; ``numbers`` of a crystal with one take its order of atoms."""
        given = request.templates
        chosen = [given[sample % len(given)] for sample in batch.payload["sample"].tolist()] if given else []
        if all(template is None for template in chosen):
            return None
        own, frac = torch.zeros_like(numbers), torch.zeros(*numbers.shape, 3)
        metric = torch.zeros(len(numbers), 6)
        for row, template in zip(batch.rows, chosen, strict=True):
            if template is not None:
                lattice, points = niggli(template.crystal.lattice, template.crystal.frac_coords)
                numbers[row] = torch.as_tensor(template.crystal.atomic_numbers)
                own[row] = torch.as_tensor(template.numbers)
                frac[row] = torch.as_tensor(points, dtype=frac.dtype)
                metric[row] = torch.as_tensor(log_metric(lattice), dtype=metric.dtype)
        device = self.size_weights.device
        return self.cell_scale.template(*(one.to(device) for one in (own, frac, metric, counts)))
