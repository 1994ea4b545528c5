"""Settings of the crystal stages that need no network."""

from pydantic import Field, model_validator

from groundstate.settings import Settings

MAX_ATOMS = 1000  # of one cell: what all pairs of atoms can be computed for


class PrepareCrystals(Settings):
    """What becomes a crystal record, and how the records are split."""

    max_crystals: int | None = Field(
        None, ge=3, le=10**9, description="keep a seeded random choice of this many; null keeps all"
    )
    max_atoms: int = Field(20, ge=1, le=MAX_ATOMS, description="reject cells with more atoms than this")
    max_atoms_per_element: int = Field(
        20,
        ge=1,
        le=MAX_ATOMS,
        description="reject cells with more atoms of one element than this (L of the grid)",
    )
    validation_fraction: float = Field(
        0.1, ge=0, lt=1, description="share of the records that stops training"
    )
    test_fraction: float = Field(0.1, ge=0, lt=1, description="share of the records that is only scored")
    split_seed: int = Field(
        0, ge=0, le=2**63 - 1, description="seed of the choice and of the split by reduced formula"
    )
    exclude_ids: str | None = Field(
        None, description="file with ids to leave out (text or CSV, first column, .gz too); null for none"
    )

    @model_validator(mode="after")
    def _parts_leave_training(self) -> "PrepareCrystals":
        if self.validation_fraction + self.test_fraction >= 1:
            raise ValueError("validation_fraction and test_fraction must sum to less than 1")
        return self
