"""What the molecule stages are told."""

from typing import Literal

from pydantic import Field, model_validator

from groundstate.settings import Settings


class PrepareMolecules(Settings):
    """Read molecules into records and split them."""

    max_molecules: int | None = Field(
        default=None, ge=1, description="Use a seeded random sample of this many inputs; null uses all"
    )
    sample_seed: int = Field(default=0, ge=0, description="Seed of the random sample")
    split_seed: int = Field(default=0, ge=0, description="Seed of the random split")
    train_fraction: float = Field(default=0.6, gt=0, lt=1, description="Share of the molecules to train on")
    validation_fraction: float = Field(default=0.2, ge=0, lt=1, description="Share kept for validation")

    undefined_stereo: Literal["refuse", "keep"] = Field(
        default="refuse",
        description="SMILES with an unmarked stereo centre or double bond: reject it, or keep it and let the "
        "embedding draw one",
    )

    @model_validator(mode="after")
    def _room_for_a_test_part(self) -> "PrepareMolecules":
        if self.train_fraction + self.validation_fraction >= 1:
            raise ValueError(
                "train_fraction + validation_fraction must stay below 1: the rest is the test part"
            )
        return self


class EmbedConformers(Settings):
    """Make start geometries with RDKit: ETKDGv3, then MMFF94."""

    num_conformers: int = Field(default=1, ge=1, description="Conformers a molecule")
    seed: int = Field(default=0, ge=0, description="Seed of the embedding; each conformer derives its own")
    max_iterations: int = Field(
        default=20,
        ge=1,
        description="Embedding attempts a conformer, each for the usual and the random start",
    )
    time_limit: float = Field(
        default=30.0,
        gt=0,
        description="Seconds an embedding call may take before the fallback geometry is used",
    )
    force_field_steps: int = Field(default=500, ge=0, description="Most MMFF94 minimisation steps")
