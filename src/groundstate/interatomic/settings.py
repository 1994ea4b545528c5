"""What a potential and its training are told; nothing here imports torch."""

from typing import Literal

from pydantic import Field

from groundstate.settings import Settings
from groundstate.training.settings import TrainingSettings


class PreparePotential(Settings):
    """Read structures with energies and forces, and split them."""

    test_fraction: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="share of the structures kept for the test, where no file is the test part",
    )
    validation_fraction: float = Field(
        0.1, gt=0, lt=1, description="share kept for validation, where no file is the validation part"
    )
    max_train: int | None = Field(
        None, ge=2, description="structures to train on, validation included; null: all; the rest is left out"
    )
    max_test: int | None = Field(None, ge=1, description="structures of the test part; null: all")
    split_seed: int = Field(0, ge=0, description="seed of the split")


class PotentialNetwork(Settings):
    """Sizes of the network: those of MACE (Batatia et al. 2022), with Gaunt products in place of its own."""

    product: Literal["gaunt", "clebsch-gordan"] = Field(
        "gaunt", description="tensor products: Gaunt, or e3nn's Clebsch-Gordan products of the same widths"
    )
    channels: int = Field(32, ge=1, le=1024, description="copies of every irrep")
    lmax: int = Field(3, ge=0, le=8, description="highest degree of the harmonics and of the atomic basis")
    hidden_lmax: int = Field(1, ge=0, le=8, description="highest degree of what one layer hands to the next")
    correlation: int = Field(3, ge=1, le=6, description="highest power of the atomic basis (body order - 1)")
    layers: int = Field(2, ge=1, le=8, description="rounds of messages")
    cutoff: float = Field(5.0, gt=0, le=20, description="range of the messages, angstrom")
    radial: int = Field(8, ge=1, le=64, description="Bessel functions of a distance")
    radial_width: int = Field(64, ge=1, le=1024, description="hidden width of the radial network")
    readout: int = Field(16, ge=1, le=1024, description="hidden width of the last layer's readout")
    repulsion: bool = Field(False, description="add the universal short-range repulsion (ZBL)")


class TrainPotential(Settings):
    """Training of a potential on energies and forces."""

    network: PotentialNetwork = PotentialNetwork()
    energy_weight: float = Field(1.0, ge=0, le=1e6, description="weight of the energy error per atom")
    force_weight: float = Field(1.0, ge=0, le=1e6, description="weight of the force error")
    stress_weight: float = Field(0.0, ge=0, le=1e6, description="weight of the stress error")
    precision: Literal["float32", "float64"] = Field("float32", description="floating point of the training")
    training: TrainingSettings = TrainingSettings(
        max_steps=2000, batch_size=5, learning_rate=1e-2, ema_decay=0.99, checkpoint_every=200
    )
