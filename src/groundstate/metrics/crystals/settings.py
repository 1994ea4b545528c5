"""Settings of the scores of generated crystals."""

from typing import Literal

from pydantic import Field

from groundstate.settings import Settings


class ScoreCrystals(Settings):
    """What generated crystals are compared with."""

    cutoffs: Literal["mp_20", "perov_5", "carbon_24"] = Field(
        "mp_20",
        description="coverage cut-offs of the literature (structure, composition): mp_20 (0.4, 10), "
        "perov_5 and carbon_24 (0.2, 4)",
    )
    max_reference: int | None = Field(
        None, ge=2, description="compare with a seeded choice of this many test crystals; null: all"
    )
    baseline_crystals: int = Field(
        1000, ge=0, description="crystals of each baseline (replay, random composition, ...); 0 for none"
    )
    energy_potential: str | None = Field(
        None,
        description="potential (`sevennet-0`, `chgnet`, ...) whose formation energies are compared with the "
        "reference's; null: none",
    )
