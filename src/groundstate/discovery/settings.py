"""What a discovery is told."""

from pydantic import Field, model_validator

from groundstate.settings import Settings
from groundstate.stability.settings import ScoreStability

MOST = 1000  # of one source for a formula; as many can be drawn for each one of a model's


class Discover(Settings):
    """Proposals, the chain that judges them, and where they are placed."""

    max_atoms: int = Field(32, ge=1, le=200, description="Most atoms of a proposed cell.")
    formulas: int = Field(20, ge=1, description="Formulas that are tried in a chemical system.")
    templates: int = Field(
        20, ge=0, le=MOST, description="Crystals by template substitution for each formula."
    )
    random: int = Field(0, ge=0, le=MOST, description="Random crystals for each formula.")
    symmetric: int = Field(
        0, ge=0, le=MOST, description="Random crystals with a space group's symmetry for each formula."
    )
    diffusion: int = Field(
        8, ge=0, le=MOST, description="Crystals of the checkpoint for each formula, if one is given."
    )
    draws: int = Field(
        10,
        ge=1,
        le=MOST,
        description="Crystals drawn for each that the checkpoint or symmetric search proposes: the lowest in "
        "energy as drawn are proposed.",
    )
    diffusion_from_templates: int = Field(
        0, ge=0, le=MOST, description="Crystals of the checkpoint for each formula that begin from templates."
    )
    noise: float | None = Field(
        0.5,
        gt=0,
        le=1,
        description="Time of the diffusion to which those templates are noised; null: they are shown alone.",
    )
    short_steps: int = Field(25, ge=1, description="FIRE steps of a short relaxation.")
    short: int = Field(
        4, ge=1, description="Short relaxations for each full one, where the budget is in relaxations."
    )
    best: int = Field(5, ge=1, description="Crystals of a formula that are relaxed to the end.")
    symprec: float = Field(
        0.1, gt=0, le=1, description="Distance (angstrom) within which a symmetry is taken for one."
    )
    stability: ScoreStability = ScoreStability(workers=0, max_steps=300)

    @model_validator(mode="after")
    def _all_is_shown(self) -> "Discover":
        for key in ("controls", "dft"):
            if getattr(self.stability, key):
                raise ValueError(
                    f"stability.{key}: the table of a discovery has no place for it; leave it out, and give "
                    "the discovery's relaxed.extxyz to `score stability`"
                )
        return self
