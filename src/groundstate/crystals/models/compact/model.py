"""``unimat-compact``: what atoms first, on the count grid, then how they lie to each other, then where.

The grid's empty cells are never computed on: they take part through the row and column vectors only.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from groundstate.crystals.crystal import MAX_NUMBER, Crystal
from groundstate.crystals.lattice import cell_from_log_metric, standard_orientation
from groundstate.crystals.models.base import Batch, Request, Streams
from groundstate.crystals.models.compact.composition import (
    sample_compositions,
)
from groundstate.crystals.models.compact.crowding import is_crowded
from groundstate.crystals.models.compact.network import NoisyCrystals, TemplateTensors
from groundstate.crystals.models.compact.stages import CompactStages
from groundstate.crystals.models.compact.structure_stage import (
    denoising_error,
    sample_structures,
)
from groundstate.crystals.models.compact.symmetry import Symmetry
from groundstate.crystals.models.compact.symmetry_stage import (
    draw_symmetric,
)
from groundstate.crystals.models.templates import (
    template_rows,
)
from groundstate.crystals.templates.elements import expected_volume

# Rows of a padded batch: crystals of a common size share large ones, those of a rare size waste little.
FEWEST_ROWS, MOST_ROWS = 8, 64
# A sample with atoms on one another is noised to this time and denoised again, as often at most, with half
# the pull of before: what crowds atoms.
BEGIN_AGAIN, ATTEMPTS = 0.9, 3


class CompactModel(CompactStages):
    """Draws compositions, then the symmetry of each where that was learned, then structures."""

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
        given = request.templates
        samples = zip(batch.rows, batch.payload["sample"].tolist(), strict=True)
        chosen = {row: given[sample % len(given)] for row, sample in samples} if given else {}
        told = template_rows(chosen, numbers)
        template = None
        if told is not None:
            template = self.cell_scale.template(*(one.to(device) for one in (*told, counts)))
        start = None if request.noise is None else template
        numbers, counts = numbers.to(device), counts.to(device)
        seen = template if self.settings.templates else None
        symmetric = self.symmetry is not None and request.symmetry and template is None

        def draw(
            rows: Tensor, part: Batch, attempt: str, start: TemplateTensors | None, begin: float, pull: float
        ) -> tuple[Tensor, Tensor]:
            shown = None if seen is None else seen.rows(rows, number)
            streams = Streams(seed, f"structure{attempt}", part)
            places = streams.draw(torch.rand, number, 3).to(device)
            symmetry = self._symmetry(part, counts[rows], seed, attempt, places) if symmetric else None
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
                places,
                lambda: streams.draw(torch.randn, number + 2, 3).to(device),
                steps or self.settings.sampling_steps,
                self.settings.sampler,
                self.settings.temperature,
                pull,
                start,
                begin,
                symmetry,
            )

        everyone = torch.arange(batch.size, device=device)
        pull = self.settings.pull
        metric, frac = draw(everyone, batch, "", start, request.noise or 1.0, pull)
        for attempt in range(ATTEMPTS if start is None else 0):
            crowded, pull = is_crowded(numbers, metric, frac), max(1.0, pull / 2)
            for row, index in zip(batch.rows, batch.indices, strict=True):
                if crowded[row]:  # alone: what becomes of a crystal must not depend on those beside it
                    rows, alone = everyone[row : row + 1], Batch("", [index], [0], 1, {})
                    own = None if symmetric else self._own(numbers, metric, frac, counts, rows)
                    metric[rows], frac[rows] = draw(rows, alone, f" {attempt}", own, BEGIN_AGAIN, pull)
        cells = standard_orientation(cell_from_log_metric(metric.double().cpu().numpy()))
        points, species = frac.double().cpu().numpy(), numbers.cpu().numpy()
        if template is None and self.settings.volume == "expected":
            wanted = np.array([expected_volume(row) for row in species])
            cells *= np.cbrt(wanted / np.linalg.det(cells))[:, None, None]
        return [Crystal("", species[row], points[row] % 1.0, cells[row]) for row in batch.rows]

    def _own(
        self, numbers: Tensor, metric: Tensor, frac: Tensor, counts: Tensor, rows: Tensor
    ) -> TemplateTensors:
        """Return samples as what they are begun again from."""
        lattice = self.cell_scale.standardised(metric[rows], self.cell_scale.offset(counts[rows]))
        return TemplateTensors(numbers[rows], frac[rows], metric[rows], lattice, lattice[:, 0])

    def _symmetry(
        self, part: Batch, counts: Tensor, seed: int, attempt: str, places: Tensor
    ) -> Symmetry | None:
        """Draw what the samples of a batch keep; ``places`` (batch, n, 3) change to such as obey it."""
        if self.symmetry is None:
            return None
        drawn = draw_symmetric(
            self.symmetry,
            counts,
            self.cell_scale.volumes(counts),
            lambda again: Streams(seed, f"symmetry{attempt} {again}", part),
            part.rows,
            self.settings.symmetry_top_p,
        )
        for row, crystal in enumerate(drawn):
            if crystal is not None:
                places[row] = torch.as_tensor(crystal.frac_coords).to(places)
        return Symmetry.of(drawn, places.shape[1], places.device)
