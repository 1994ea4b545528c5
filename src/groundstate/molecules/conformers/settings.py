"""What the embedding is told."""

from typing import Literal

from pydantic import Field

from groundstate.settings import Settings


class EmbedConformers(Settings):
    """Make start geometries with RDKit: ETKDGv3, then MMFF94."""

    num_conformers: int = Field(default=1, ge=1, description="Start geometries per molecule")
    seed: int = Field(default=0, ge=0, description="Seed of the embedding; each conformer derives its own")
    max_iterations: int = Field(
        default=20,
        ge=1,
        description="Embedding attempts per conformer, each for the usual and the random start",
    )
    time_limit: float = Field(
        default=30.0,
        gt=0,
        description="Seconds an embedding call may take before the fallback geometry is used",
    )
    force_field_steps: int = Field(default=500, ge=0, description="Most MMFF94 minimisation steps")
    potential: Literal["aimnet2", "gfn2-xtb"] | None = Field(
        default=None,
        description="Molecular potential whose energies of the minima a model learns beside the references; "
        "null: none. They cost some milliseconds a conformer",
    )
