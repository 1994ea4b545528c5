"""Settings of crystal training and generation."""

from typing import Any, Literal

from pydantic import Field, model_validator

from groundstate.settings import Settings
from groundstate.training.settings import TrainingSettings

MAX_SAMPLING_STEPS = 100_000
MAX_CRYSTALS = 10_000_000  # of one generation
# Settings that a model does not read; a model that is not here (a plug-in) may read all.
_UNREAD: dict[str, dict[str, Any]] = {
    "unimat-compact": {"unimat": True},
    "unimat": {"compact": True},
    **{name: {"compact": True, "unimat": {"width"}} for name in ("unimat-64", "unimat-128", "unimat-256")},
}


class Compact(Settings):
    """``unimat-compact``: composition on the count grid, then structure over the present atoms."""

    width: int = Field(128, ge=16, le=4096, multiple_of=8, description="features per atom token")
    layers: int = Field(4, ge=1, le=128, description="layers of the structure stage")
    heads: int = Field(4, ge=1, le=256, description="heads of `attention`; must divide width")
    network: Literal["attention", "messages"] = Field(
        "attention",
        description="network of the structure stage: attention over atoms, or messages between all pairs",
    )
    places: Literal["relative", "absolute"] = Field(
        "relative",
        description="what is seen of sites: differences, or coordinates and order too (one structure type)",
    )
    templates: int = Field(
        0, ge=0, le=100, description="templates of each crystal that the structure stage learns from; 0: none"
    )
    template_dropout: float = Field(
        0.3, ge=0, le=1, description="share of crystals whose structure is learned without template"
    )
    composition_width: int = Field(
        256, ge=16, le=8192, multiple_of=8, description="features of the composition stage"
    )
    composition_layers: int = Field(3, ge=1, le=128, description="residual layers of the composition stage")
    composition_dropout: float = Field(0.1, ge=0, lt=1, description="dropout of the composition stage")
    composition_ids: str | None = Field(
        None,
        description="file with ids of the crystals whose compositions and sizes are learned (text or CSV, "
        "first column, .gz too); structures are learned from all; null: all",
    )
    symmetry_width: int = Field(
        0,
        ge=0,
        le=4096,
        description="features of the symmetry stage, which draws space group and orbits of each composition "
        "before its structure; 0: no such stage",
    )
    symmetry_dropout: float = Field(0.3, ge=0, lt=1, description="dropout of the symmetry stage")
    symmetry_top_p: float = Field(
        0.9, gt=0, le=1, description="share of the probability that the symmetry stage draws from"
    )
    sampling_steps: int = Field(40, ge=2, le=MAX_SAMPLING_STEPS, description="denoising steps of a sample")
    sampler: Literal["ancestral", "ddim", "second_order"] = Field(
        "ancestral", description="how a denoising step is made"
    )
    temperature: float = Field(
        1.0, gt=0, le=1, description="factor of the noise of ancestral steps; below 1: likelier, less various"
    )
    pull: float = Field(
        1.0,
        ge=1,
        le=10,
        description="factor of ancestral steps towards the predicted sites; above 1: likelier",
    )
    volume: Literal["drawn", "expected"] = Field(
        "drawn",
        description="volume of a sample without template: as drawn, or that of its elements in crystals",
    )
    composition_top_p: float = Field(
        1.0, gt=0, le=1, description="share of the probability that the composition stage draws from: no tail"
    )

    @model_validator(mode="after")
    def _messages_are_relative(self) -> "Compact":
        if self.network == "messages" and self.places == "absolute":
            raise ValueError("places: `messages` see differences alone; take `attention` for absolute places")
        return self


class Unimat(Settings):
    """``unimat``: the paper's U-Net over the whole grid; the defaults are the paper's, the width a toy's.

    ``unimat-64``, ``-128`` and ``-256`` are the same with the widths of the paper's three sizes.
    """

    width: int = Field(
        16,
        ge=8,
        le=1024,
        multiple_of=8,
        description="base channels of `unimat`; the paper has 64, 128 and 256",
    )
    blocks: int = Field(3, ge=1, le=64, description="residual blocks per level")
    dropout: float = Field(0.1, ge=0, lt=1, description="dropout of the residual blocks")
    convolution: Literal["factorised", "full"] = Field(
        "factorised", description="kernels (1, 3, 3), or (3, 3, 3) over the atoms of an element too"
    )
    encoding: Literal["null", "presence"] = Field(
        "null", description="empty slots at -1, or a fourth channel that says whether there is an atom"
    )
    absent_weight: float = Field(
        0.05, gt=0, le=1000, description="loss weight of coordinates without atom (presence)"
    )
    target: Literal["eps", "v", "x0"] = Field("eps", description="what the network predicts")
    min_snr_gamma: float | None = Field(
        None, gt=0, le=1e6, description="min-SNR weight of the loss; null for none"
    )
    self_conditioning: bool = Field(False, description="let the network see its last prediction")
    skip_scaling: Literal["none", "constant", "learned"] = Field(
        "none", description="scaling of the long skips (ScaleLong)"
    )
    skip_constant: float = Field(0.7, gt=0, le=1, description="factor from one skip to the next inner one")
    augment_cells: bool = Field(False, description="draw another primitive cell of the crystal at each step")
    sampling_steps: int = Field(256, ge=2, le=MAX_SAMPLING_STEPS, description="denoising steps of a sample")
    sampler: Literal["ancestral", "ddim", "second_order"] = Field(
        "ancestral", description="how a denoising step is made"
    )
    interpolation: float = Field(
        0.1, ge=0, le=1, description="place of the ancestral log-variance between its bounds"
    )


class TrainCrystals(Settings):
    """Training of a crystal model; the section of the model that is trained applies."""

    conditions: list[str] = Field([], description="properties of the records that can guide generation")
    condition_dropout: float = Field(0.2, ge=0, le=1, description="share of crystals trained unconditionally")
    compact: Compact = Compact()
    unimat: Unimat = Unimat()
    training: TrainingSettings = TrainingSettings(
        max_steps=900, batch_size=64, learning_rate=2e-3, ema_decay=0.99, checkpoint_every=100
    )


def model_settings(model: str, settings: TrainCrystals) -> dict[str, Any]:
    """Return the settings that ``model`` reads, as JSON values: a change of others retrains it not.

    What is left out has its default in the training. A plug-in gets all.
    """
    return settings.model_dump(mode="json", exclude=_UNREAD.get(model))


class GenerateCrystals(Settings):
    """How many crystals to draw from a trained model."""

    num: int = Field(256, ge=1, le=MAX_CRYSTALS, description="crystals to generate")
    batch_size: int = Field(
        32, ge=1, le=10**6, description="crystals that are computed at once; no effect on results"
    )
