"""What training of a geometry model is told, and which part of it each model reads."""

from typing import Any

from pydantic import Field

from groundstate.settings import Settings
from groundstate.training.settings import TrainingSettings

# sections of ``TrainGeometry`` that decide the training of each built-in model; a plug-in may read all
SECTIONS: dict[str, tuple[str, ...]] = {
    "gaunt": ("gaunt", "hydrogen_numbering", "most_molecules", "training"),
    "dagnn-distance": ("dagnn", "most_molecules"),
    "dagnn-coordinates": ("dagnn", "most_molecules"),
    "distogram": ("distogram", "most_molecules"),
    "mean-distance": ("most_molecules",),
    "etkdg": (),
    "etkdg-nostereo": (),
    "mmff": (),
    "mmff-lowest": (),
    "xtb": (),
}


class Ranking(Settings):
    """Which conformer is refined: a network on the distances of all candidates of a molecule."""

    features: int = Field(64, ge=1, le=8192, description="invariant features per atom and per pair")
    rounds: int = Field(3, ge=1, le=100, description="rounds of messages on the graph")
    radial: int = Field(32, ge=2, le=1000, description="radial basis functions of a distance")
    dropout: float = Field(0.1, ge=0, lt=1, description="share of the hidden numbers set to zero in training")


class Gaunt(Settings):
    """``gaunt``: an equivariant refiner of RDKit conformers on Gaunt tensor products."""

    channels: int = Field(16, ge=1, le=4096, description="signals on the sphere per atom")
    lmax: int = Field(2, ge=0, le=12, description="highest degree of the signals")
    features: int = Field(64, ge=1, le=8192, description="invariant features per atom")
    layers: int = Field(3, ge=1, le=100, description="rounds of messages, each with a coordinate step")
    radial: int = Field(16, ge=2, le=1000, description="radial basis functions of a distance")
    ranker: Ranking = Ranking()


class Dagnn(Settings):
    """``dagnn-distance``, ``dagnn-coordinates``: the networks of Molecule3D, graph to distances or points."""

    width: int = Field(128, ge=1, le=8192, description="features per atom")
    layers: int = Field(3, ge=1, le=100, description="graph convolutions of the encoder")
    hops: int = Field(5, ge=0, le=100, description="averages over neighbours after the encoder")
    dropout: float = Field(
        0.0, ge=0, lt=1, description="share of the encoder's numbers set to zero in training"
    )
    pairs: bool = Field(
        True, description="let the heads see how many bonds are between two atoms; the paper's do not"
    )
    absolute_weight: float = Field(
        1.0,
        ge=0,
        le=1e6,
        description="weight of the mean absolute error beside the mean square; 0 in the paper",
    )
    training: TrainingSettings = TrainingSettings(
        max_steps=4000, batch_size=20, learning_rate=1e-3, ema_decay=0.99, checkpoint_every=500
    )


class Distogram(Settings):
    """``distogram``: a network from the graph of the heavy atoms to the probability of every distance."""

    features: int = Field(64, ge=8, le=8192, multiple_of=8, description="numbers per atom")
    pair_features: int = Field(32, ge=1, le=8192, description="numbers per pair of atoms")
    layers: int = Field(3, ge=1, le=100, description="rounds of attention and triangles")
    bins: int = Field(64, ge=2, le=10_000, description="distances that are told apart, from 2 to 20 angstrom")
    dropout: float = Field(0.0, ge=0, lt=1, description="share of a round's additions left out in training")
    training: TrainingSettings = TrainingSettings(
        max_steps=3000, batch_size=128, learning_rate=2.5e-3, ema_decay=0.99, checkpoint_every=250
    )


class TrainGeometry(Settings):
    """Training of a geometry model; the section of the model that is trained applies."""

    hydrogen_numbering: bool = Field(
        True, description="number the hydrogens of start geometries as the training part does"
    )
    most_molecules: int | None = Field(
        None, ge=1, description="training molecules of each data set, always the same; null: all"
    )
    gaunt: Gaunt = Gaunt()
    dagnn: Dagnn = Dagnn()
    distogram: Distogram = Distogram()
    training: TrainingSettings = TrainingSettings(
        max_steps=500, batch_size=16, learning_rate=3e-3, ema_decay=0.99, checkpoint_every=100
    )


def model_settings(model: str, settings: TrainGeometry) -> dict[str, Any]:
    """Give the sections that the training of ``model`` reads, as JSON values; all of them for a plug-in."""
    values = settings.model_dump(mode="json")
    return {section: values[section] for section in SECTIONS.get(model, values)}
