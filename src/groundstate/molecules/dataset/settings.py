"""What the molecule stages are told."""

from typing import Literal

from pydantic import Field, model_validator

from groundstate.settings import Settings

MAX_ATOMS = 500  # hydrogens included; the largest of Molecule3D has 233
Fragments = Literal["refuse", "largest"]


class PrepareMolecules(Settings):
    """Read molecules into records and split them."""

    max_molecules: int | None = Field(
        default=None, ge=1, description="Use a seeded random sample of this many inputs; null uses all"
    )
    sample_seed: int = Field(default=0, ge=0, description="Seed of the random sample")
    split_seed: int = Field(default=0, ge=0, description="Seed of the random split")
    train_fraction: float = Field(default=0.6, gt=0, lt=1, description="Share of the molecules to train on")
    validation_fraction: float = Field(default=0.2, ge=0, lt=1, description="Share kept for validation")
    max_atoms: int = Field(
        default=MAX_ATOMS, ge=1, description="Reject molecules with more atoms than this, hydrogens included"
    )
    fragments: Fragments = Field(
        default="refuse",
        description="Salts and mixtures: reject them, or keep the largest molecule; the record's `stripped` "
        "then says what was taken off",
    )
    undefined_stereo: Literal["refuse", "keep"] = Field(
        default="refuse",
        description="Molecules without a geometry whose stereo is open: reject, or keep and let the "
        "embedding draw one",
    )

    @model_validator(mode="after")
    def _room_for_a_test_part(self) -> "PrepareMolecules":
        if self.train_fraction + self.validation_fraction >= 1:
            raise ValueError(
                "train_fraction + validation_fraction must stay below 1: the rest is the test part"
            )
        return self
