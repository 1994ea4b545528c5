"""What the train and generate stages need from any crystal model, and what all models share."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from groundstate.crystals.crystal import MAX_NUMBER, Crystal
from groundstate.crystals.lattice import niggli
from groundstate.crystals.models.conditions import PropertyScale
from groundstate.crystals.models.settings import TrainCrystals
from groundstate.seeds import derive_seed


@dataclass(frozen=True)
class Request:
    """What is wanted of a sample; everything that is set is obeyed exactly, conditions excepted.

    Attributes
    ----------
    formulas
        Atomic number -> number of atoms in the cell; sample i gets formula i modulo their number.
    elements
        Atomic numbers that may occur; others are impossible.
    atoms
        Smallest and largest number of atoms in the cell.
    conditions
        Property name -> wanted value, by classifier-free guidance.
    guidance
        w of (1 + w) conditional - w unconditional.
    """

    formulas: tuple[dict[int, int], ...] = ()
    elements: frozenset[int] | None = None
    atoms: tuple[int, int] | None = None
    conditions: dict[str, float] = field(default_factory=dict)
    guidance: float = 1.0

    @property
    def guided(self) -> bool:
        """Whether there is something to be guided to."""
        return bool(self.conditions) and self.guidance > 0


class Batch(NamedTuple):
    """Samples that are computed together, padded to ``size`` rows; ``rows`` are their fixed places in it."""

    key: str
    indices: list[int]
    rows: list[int]
    size: int
    payload: dict[str, Tensor]


class Streams:
    """A random stream for each sample of a batch: it knows nothing of other samples or of the batch."""

    def __init__(self, seed: int, what: str, batch: Batch) -> None:
        self.size = batch.size
        self.generators = {
            row: torch.Generator().manual_seed(derive_seed(seed, "sample", index, what))
            for row, index in zip(batch.rows, batch.indices, strict=True)
        }

    def draw(self, kind: Callable[..., Tensor], *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
        """(size, *shape) of ``torch.rand`` or ``torch.randn``; rows without a sample are zero."""
        drawn = torch.zeros(self.size, *shape, dtype=dtype)
        for row, generator in self.generators.items():
            drawn[row] = kind(*shape, generator=generator, dtype=dtype)
        return drawn


class CrystalModel(nn.Module, ABC):
    """A network with its encoding, its loss and its sampler.

    A subclass is added to ``registry.MODELS``; the same train, generate and score rules then apply to it.
    Its ``config`` holds the JSON values that rebuild it, ``depth`` being the most atoms of one element.
    """

    name: ClassVar[str]
    stages: ClassVar[dict[str, tuple[str, ...]]] = {"": ("loss",)}  # that learn apart; see ``TrainingTask``

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        self.config = config
        self.max_atoms, self.depth = config["max_atoms"], config["depth"]
        self.conditions: list[str] = config["conditions"]
        self.property_scale = PropertyScale(self.conditions)

    @classmethod
    def build(cls, crystals: Sequence[Crystal], settings: TrainCrystals) -> "CrystalModel":
        """A fresh model whose sizes and statistics come from the training crystals."""
        counts = count_atoms(crystals)
        config = {
            "kind": "crystals",
            "model": cls.name,
            "max_atoms": int(counts.sum(1).max()),
            "depth": int(counts.max()),
            "elements": np.flatnonzero(counts.sum(0)).tolist(),
            "conditions": settings.conditions,
            "condition_dropout": settings.condition_dropout,
            **cls.own_config(settings),
        }
        model = cls(config)
        encoded = model.encode(crystals)
        model.fit_statistics(encoded)
        model.property_scale.fit(encoded["properties"])
        return model

    def fits(self, crystal: Crystal) -> bool:
        """Whether ``crystal`` is within the sizes that the training crystals set."""
        most = np.bincount(crystal.atomic_numbers).max()
        return len(crystal.atomic_numbers) <= self.max_atoms and most <= self.depth

    def encode(self, crystals: Sequence[Crystal]) -> dict[str, Tensor]:
        """The whole set, Niggli-reduced, as tensors whose first axis is the crystal.

        Atoms are padded to the largest cell; atomic number 0 is padding.
        """
        numbers = torch.zeros(len(crystals), self.max_atoms, dtype=torch.long)
        frac = torch.zeros(len(crystals), self.max_atoms, 3)
        lattices = torch.zeros(len(crystals), 3, 3, dtype=torch.float64)
        for index, crystal in enumerate(crystals):
            lattice, points = niggli(crystal.lattice, crystal.frac_coords)
            numbers[index, : len(points)] = torch.as_tensor(crystal.atomic_numbers)
            frac[index, : len(points)] = torch.as_tensor(points, dtype=torch.float32)
            lattices[index] = torch.as_tensor(lattice)
        return {
            "atomic_numbers": numbers,
            "frac_coords": frac,
            "properties": self.property_scale.table(crystals),
            **self.encode_rest(crystals, lattices),
        }

    def guide(self, request: Request, network: Callable[[Tensor | None], Any]) -> Any:
        """What ``network(conditions)`` says, moved away from what it says without conditions."""
        conditions = self.property_scale.wanted(request.conditions)
        output = network(conditions)
        if not request.guided:
            return output
        free = network(torch.zeros_like(conditions))
        if isinstance(output, Tensor):
            return torch.lerp(free, output, 1 + request.guidance)
        return tuple(torch.lerp(b, a, 1 + request.guidance) for a, b in zip(output, free, strict=True))

    @classmethod
    @abstractmethod
    def own_config(cls, settings: TrainCrystals) -> dict[str, Any]:
        """What the model adds to its config."""

    @abstractmethod
    def encode_rest(self, crystals: Sequence[Crystal], lattices: Tensor) -> dict[str, Tensor]:
        """What the model adds to ``encode``, from reduced cells (crystals, 3, 3) in float64."""

    @abstractmethod
    def fit_statistics(self, encoded: dict[str, Tensor]) -> None:
        """Take means and deviations from the encoded training set."""

    @abstractmethod
    def loss(self, batch: dict[str, Tensor], generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Scalar loss and its named parts for rows of what ``encode`` gave."""

    @abstractmethod
    def plan(self, request: Request, count: int, seed: int) -> list[Batch]:
        """Part samples 0 to ``count`` into batches; depends on no batch size."""

    @abstractmethod
    def sample(self, batch: Batch, request: Request, seed: int, steps: int | None) -> list[Crystal]:
        """The crystals of ``batch.indices``, unnamed."""


def count_atoms(crystals: Sequence[Crystal]) -> np.ndarray:
    """(crystals, 119) atoms of each element."""
    counts = np.zeros((len(crystals), MAX_NUMBER + 1), dtype=np.int64)
    for row, crystal in zip(counts, crystals, strict=True):
        np.add.at(row, crystal.atomic_numbers, 1)
    return counts
