"""What the train and predict stages need from any geometry model, and what all models share."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar, Literal, NamedTuple, Self, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from groundstate.errors import GroundstateError
from groundstate.molecules.models.calibration import Evidence
from groundstate.molecules.models.examples import Example, Molecule, TrainingPart
from groundstate.molecules.models.settings import TrainGeometry
from groundstate.training.settings import TrainingSettings

Starts = Literal["etkdg", "mmff"]
TrainingExample = Any  # each model has its own kind: what its ``example`` makes and its ``batch`` joins
TrainingBatch = Any  # what its ``batch`` makes and its ``loss`` reads
Tensors = TypeVar("Tensors", bound=tuple)


class Prediction(NamedTuple):
    """One geometry that a model proposes for a molecule.

    Attributes
    ----------
    positions
        (n, 3) in angstrom, atoms in the molecule's order.
    properties
        What else is written beside it (SDF properties).
    failed
        Why ``positions`` are a stand-in, if they are.
    start
        (n, 3) the geometry that was refined, in angstrom. It stands in, marked as failed, where the
        refinement broke a bond or changed the stereo; without it ``positions`` are taken as they are.
    evidence
        What the error estimate is made of (``calibration``); None for a model that gives none.
    """

    positions: np.ndarray
    properties: Mapping[str, object] = {}
    failed: str | None = None
    start: np.ndarray | None = None
    evidence: Evidence | None = None

    def of_atoms(self, count: int) -> "Prediction":
        """Keep the first ``count`` atoms: without the hydrogens that a record lacks."""
        start = None if self.start is None else self.start[:count]
        return self._replace(positions=self.positions[:count], start=start)


class GeometryModel(nn.Module, ABC):
    """One way to get from a molecule to its geometry.

    A subclass that is named on the command line or in the config (``package.module:Class``) is trained,
    resumed, predicts and is scored by the same rules as the built-in ones. Its ``config`` holds the JSON
    values that rebuild it, ``elements`` being the atomic numbers that it has seen (None: it takes any).
    A model without parameters is built from the training molecules and not trained any further.

    Attributes
    ----------
    starts
        Start geometries that the model wants of each molecule: ``etkdg`` (one embedding), ``mmff`` (the
        distinct minima) or None.
    learns_from_starts
        Whether training wants them, too.
    choices, choose
        Errors by which the model can choose a conformer, and the one it is told to use; None: as is usual.
    """

    starts: ClassVar[Starts | None] = "mmff"
    learns_from_starts: ClassVar[bool] = True
    choices: ClassVar[Sequence[str]] = ()
    choose: str | None = None
    _convention: str | None = None

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        self.config = config

    @property
    def takes_any_element(self) -> bool:
        """Whether molecules with elements that were not in training are given to ``predict``."""
        return False

    @property
    def conventions(self) -> Collection[str]:
        """The data sets that the model was trained on; none for a single one."""
        return self.config.get("conventions", ())

    @property
    def convention(self) -> str | None:
        """The convention of molecules that name none: by default the first; None of a single set."""
        return self._convention or next(iter(self.conventions), None)

    @convention.setter
    def convention(self, name: str | None) -> None:
        if name is not None and not self.conventions:
            raise GroundstateError(f"convention {name}: this model was trained on one data set; leave it out")
        if name is not None and name not in self.conventions:
            raise GroundstateError(
                f"convention {name}: unknown to this model; it has: {', '.join(self.conventions)}"
            )
        self._convention = name

    @classmethod
    def build(cls, name: str, molecules: TrainingPart, settings: TrainGeometry) -> Self:
        """Make an untrained model whose sizes and statistics come from the training part.

        ``name``: what it is loaded by, a built-in name or ``package.module:Object``.
        """
        config = {"kind": "geometry", "model": name, "elements": cls.elements(molecules)}
        return cls(config | cls.own_config(molecules, settings))

    @classmethod
    def elements(cls, molecules: TrainingPart) -> list[int] | None:
        """Give the atomic numbers that the model learns; None for a model that takes any."""
        return molecules.elements()

    @classmethod
    def own_config(cls, molecules: TrainingPart, settings: TrainGeometry) -> dict[str, Any]:
        """Give what the model adds to its config."""
        return {}

    @classmethod
    def training_settings(cls, settings: TrainGeometry) -> TrainingSettings:
        """Choose the section that says how long and how to train."""
        return settings.training

    def example(self, molecule: Molecule, reference: np.ndarray) -> TrainingExample | None:
        """Make what training keeps of one molecule; None for one that teaches nothing.

        Parameters
        ----------
        reference
            (n, 3) in angstrom.
        """
        if self.starts is not None and self.learns_from_starts and not molecule.starts:
            return None
        elements = self.config["elements"]
        if elements is not None and not {atom.GetAtomicNum() for atom in molecule.mol.GetAtoms()} <= {
            *elements
        }:
            return None
        return Example(molecule, reference)

    def batch(self, examples: Sequence[TrainingExample], generator: torch.Generator | None) -> TrainingBatch:
        """Join examples for ``loss``.

        ``generator`` draws what varies from pass to pass; None (validation) draws nothing.
        """
        return list(examples)

    def loss(self, batch: TrainingBatch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Compute the scalar loss of a batch and its named parts; all noise from ``generator``."""
        raise NotImplementedError(f"{type(self).__name__} has parameters to train but no loss")

    def calibrate(self, examples: Sequence[TrainingExample]) -> dict[str, Any] | None:
        """Compare expected errors with those of the validation part; None for a model that expects none.

        Called with the best weights; what comes back is added to ``config``: ``calibration`` (see the module
        of this name) and what else the validation part decides.
        """
        return None

    @abstractmethod
    def predict(self, molecules: Sequence[Molecule], keep: int) -> list[list[Prediction]]:
        """Propose geometries of each molecule, best first, at least one and at most ``keep``.

        Called in evaluation mode and without gradients. A single molecule that fails is marked so; nothing
        is raised for it.
        """

    @property
    def device(self) -> torch.device:
        """Where the weights are; the CPU for a model without."""
        return next((weight.device for weight in self.parameters()), torch.device("cpu"))


def moved(batch: Tensors, device: torch.device) -> Tensors:
    """Move the tensors of a named tuple to a device."""
    return type(batch)(*(value.to(device) if isinstance(value, Tensor) else value for value in batch))
