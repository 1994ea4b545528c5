"""What ``unimat-compact`` learns: the stages, what they read of crystals, and their losses."""

from collections.abc import Sequence
from typing import Any

import torch
from pydantic import ConfigDict
from torch import Tensor

from groundstate.crystals.crystal import MAX_NUMBER, Crystal
from groundstate.crystals.lattice import log_metric
from groundstate.crystals.models.base import CrystalConfig, CrystalModel, count_atoms
from groundstate.crystals.models.compact.cell_scale import CellScale
from groundstate.crystals.models.compact.composition import CompositionNetwork, composition_loss, named_in
from groundstate.crystals.models.compact.message_network import MessageNetwork
from groundstate.crystals.models.compact.structure_network import StructureNetwork
from groundstate.crystals.models.compact.structure_stage import structure_loss
from groundstate.crystals.models.compact.symmetry_network import SymmetryNetwork
from groundstate.crystals.models.compact.symmetry_stage import encode_orbits, orbit_tensors, symmetry_loss
from groundstate.crystals.models.settings import Compact, TrainCrystals
from groundstate.crystals.models.templates import FindTemplates, draw_variants, encode_templates

# Random subsets of each composition in one training step; a subset costs less than a structure.
SUBSETS = 2


class CompactConfig(CrystalConfig):
    """What ``unimat-compact`` is rebuilt from."""

    model_config = ConfigDict(extra="forbid")

    compact: Compact


class CompactStages(CrystalModel):
    """Composition, symmetry and structure stages, with the statistics that make their inputs of order one."""

    schema = CompactConfig
    stages = {"composition.": ("composition",), "structure.": ("lattice", "sites")}  # noqa: RUF012 -- replaced, never changed
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
        width, dropout = settings.symmetry_width, settings.symmetry_dropout
        self.symmetry = SymmetryNetwork(width, self.max_atoms, dropout) if width else None
        if width:
            self.stages = {**self.stages, "symmetry.": ("symmetry",)}
        self.register_buffer("size_weights", torch.zeros(self.max_atoms + 1, dtype=torch.float64))

    @property
    def learns_symmetry(self) -> bool:
        """See ``CrystalModel.learns_symmetry``."""
        return self.symmetry is not None

    @classmethod
    def own_config(cls, settings: TrainCrystals) -> dict[str, Any]:
        """See ``CrystalModel.own_config``."""
        return {"compact": settings.compact.model_dump(exclude={"composition_ids"})}

    @classmethod
    def encode_choice(cls, crystals: Sequence[Crystal], settings: TrainCrystals) -> dict[str, Tensor]:
        """See ``CrystalModel.encode_choice``."""
        path = settings.compact.composition_ids
        chosen = {} if path is None else {"composes": named_in(path, crystals)}
        return chosen | (encode_orbits(crystals) if settings.compact.symmetry_width else {})

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
        if self.symmetry is not None:
            self.symmetry.fit(orbit_tensors(encoded), self.cell_scale.volumes(counts))
        composing = counts[encoded.get("composes", torch.ones(len(counts))) > 0]
        sizes = torch.bincount(composing.sum(1), minlength=self.max_atoms + 1)
        self.size_weights.copy_(sizes / sizes.sum())

    def loss(self, batch: dict[str, Tensor], generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the sum of the losses of all stages, and the parts."""
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
        if self.symmetry is not None:
            volumes = self.cell_scale.volumes(counts)
            parts["symmetry"] = symmetry_loss(self.symmetry, counts, orbit_tensors(batch), volumes)
        return sum(parts.values(), torch.zeros((), device=device)), parts
