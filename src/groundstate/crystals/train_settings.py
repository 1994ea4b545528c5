"""Settings of crystal training and generation."""

from typing import Literal

from pydantic import Field

from groundstate.settings import Settings
from groundstate.training_settings import TrainingSettings


class Compact(Settings):
    """``unimat-compact``: composition on the count grid, then structure over the present atoms."""

    width: int = Field(128, ge=16, multiple_of=8, description="features of an atom token")
    layers: int = Field(4, ge=1, description="attention layers of the structure stage")
    heads: int = Field(4, ge=1, description="attention heads; must divide width")
    composition_width: int = Field(256, ge=16, multiple_of=8, description="features of the composition stage")
    composition_layers: int = Field(3, ge=1, description="residual layers of the composition stage")
    composition_dropout: float = Field(0.1, ge=0, lt=1, description="dropout of the composition stage")
    sampling_steps: int = Field(40, ge=2, description="denoising steps of a sample")
    sampler: Literal["ancestral", "ddim"] = Field("ancestral", description="how a denoising step is made")


class TrainCrystals(Settings):
    """Training of a crystal model; the section of the model that is trained applies."""

    model: Literal["unimat-compact"] = Field(
        "unimat-compact", description="model that is trained where none is named"
    )
    conditions: list[str] = Field([], description="properties of the records that can guide generation")
    condition_dropout: float = Field(0.2, ge=0, le=1, description="share of crystals trained unconditionally")
    compact: Compact = Compact()
    training: TrainingSettings = TrainingSettings(
        max_steps=1000, batch_size=64, learning_rate=1e-3, ema_decay=0.99, checkpoint_every=100
    )


class GenerateCrystals(Settings):
    """How many crystals to draw from a trained model."""

    num: int = Field(256, ge=1, description="crystals to generate")
    batch_size: int = Field(32, ge=1, description="crystals that are computed at once; no effect on results")
