"""What training of a geometry model is told."""

from typing import Literal

from pydantic import Field

from groundstate.settings import Settings
from groundstate.training_settings import TrainingSettings


class Gaunt(Settings):
    """``gaunt``: an equivariant refiner of RDKit conformers on Gaunt tensor products."""

    channels: int = Field(16, ge=1, description="signals on the sphere an atom")
    lmax: int = Field(2, ge=0, description="highest degree of the signals")
    features: int = Field(64, ge=1, description="invariant features an atom")
    layers: int = Field(3, ge=1, description="rounds of messages, each with a coordinate step")
    radial: int = Field(16, ge=2, description="radial basis functions of a distance")


class TrainGeometry(Settings):
    """Training of a geometry model; the section of the model that is trained applies."""

    model: Literal["gaunt", "etkdg", "mmff", "mmff-lowest"] = Field(
        "gaunt", description="model that is trained where none is named"
    )
    hydrogen_labels: bool = Field(
        True, description="number the hydrogens of start geometries as the training part does"
    )
    gaunt: Gaunt = Gaunt()
    training: TrainingSettings = TrainingSettings(
        max_steps=1200, batch_size=16, learning_rate=3e-3, ema_decay=0.99, checkpoint_every=200
    )
