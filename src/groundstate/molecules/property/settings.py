"""What the property experiment is told."""

from typing import Literal

from pydantic import Field

from groundstate.settings import Settings
from groundstate.training.settings import TrainingSettings

NetworkName = Literal["schnet", "gaunt"]


class SchNet(Settings):
    """``schnet``: continuous-filter convolutions over distances, or bonds where only the graph is given."""

    channels: int = Field(64, ge=2, le=4096, description="features per atom, and filters")
    interactions: int = Field(4, ge=1, le=100, description="rounds of messages")
    gaussians: int = Field(50, ge=2, le=1000, description="radial basis functions of a distance")
    cutoff: float = Field(10.0, gt=0, le=100, description="longest distance of a message, angstrom")


class GauntTrunk(Settings):
    """``gaunt``: the layers of the geometry refiner, read out as one number per molecule."""

    channels: int = Field(16, ge=1, le=4096, description="signals on the sphere per atom")
    lmax: int = Field(2, ge=0, le=12, description="highest degree of the signals")
    features: int = Field(64, ge=1, le=8192, description="invariant features per atom")
    layers: int = Field(3, ge=1, le=100, description="rounds of messages")
    radial: int = Field(16, ge=2, le=1000, description="radial basis functions of a distance")


class TrainProperty(Settings):
    """A property of molecules from their graph, or from a geometry of them."""

    target: str = Field("homo_lumo_gap_ev", description="property of the records that is learned")
    schnet: SchNet = SchNet()
    gaunt: GauntTrunk = GauntTrunk()
    training: TrainingSettings = TrainingSettings(
        max_steps=2500, batch_size=32, learning_rate=5e-4, ema_decay=0.99, checkpoint_every=250
    )


class PropertyExperiment(Settings):
    """What geometries are worth to a network that learns a property."""

    geometries: list[str] = Field(
        [],
        description="rows of the property experiment, none by default: `graph`, `reference`, `etkdg`, "
        "`mmff`, names of `molecules.models`",
    )
    networks: list[NetworkName] = Field(
        ["schnet"],
        min_length=1,
        description="networks of the property experiment; `gaunt` leaves out `graph`",
    )
    train: TrainProperty = TrainProperty()
