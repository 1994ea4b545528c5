"""What the train and generate stages need from any crystal model."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from groundstate.crystals.crystal import Crystal
from groundstate.crystals.train_settings import TrainCrystals
from groundstate.seeds import derive_seed


@dataclass(frozen=True)
class Request:
    """What is wanted of a sample; everything that is set is obeyed exactly, conditions excepted.

    Attributes
    ----------
    formula
        Atomic number -> number of atoms in the cell.
    elements
        Atomic numbers that may occur; others are impossible.
    atoms
        Smallest and largest number of atoms in the cell.
    conditions
        Property name -> wanted value, by classifier-free guidance.
    guidance
        w of (1 + w) conditional - w unconditional.
    """

    formula: dict[int, int] | None = None
    elements: frozenset[int] | None = None
    atoms: tuple[int, int] | None = None
    conditions: dict[str, float] = field(default_factory=dict)
    guidance: float = 1.0


class Batch(NamedTuple):
    """Samples that are computed together; ``rows`` are their fixed places in the padded batch."""

    key: str
    indices: list[int]
    rows: list[int]
    payload: dict[str, Tensor]


def sample_stream(seed: int, index: int, what: str) -> torch.Generator:
    """The random stream of one sample: it knows nothing of other samples or of the batch."""
    return torch.Generator().manual_seed(derive_seed(seed, "sample", index, what))


class CrystalModel(nn.Module, ABC):
    """A network with its encoding, its loss and its sampler.

    A subclass is added to ``registry.MODELS``; the same train, generate and score rules then apply to it.
    """

    name: ClassVar[str]
    fixed_rows: ClassVar[int]  # samples in one padded batch: part of what makes a sample reproducible

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        self.config = config

    @classmethod
    @abstractmethod
    def build(cls, crystals: Sequence[Crystal], settings: TrainCrystals) -> "CrystalModel":
        """A fresh model whose sizes and statistics come from the training crystals."""

    @abstractmethod
    def encode(self, crystals: Sequence[Crystal]) -> dict[str, Tensor]:
        """The whole set as tensors whose first axis is the crystal."""

    @abstractmethod
    def fits(self, crystal: Crystal) -> bool:
        """Whether ``crystal`` is within the sizes that the training crystals set."""

    @abstractmethod
    def loss(self, batch: dict[str, Tensor], generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Scalar loss and its named parts for rows of what ``encode`` gave."""

    @abstractmethod
    def check_request(self, request: Request) -> None:
        """Raise ``GroundstateError`` where the request cannot be met."""

    @abstractmethod
    def plan(self, request: Request, count: int, seed: int) -> list[Batch]:
        """Part samples 0 to ``count`` into batches of at most ``fixed_rows``; depends on no batch size."""

    @abstractmethod
    def sample(self, batch: Batch, request: Request, seed: int, steps: int | None) -> list[Crystal]:
        """The crystals of ``batch.indices``, unnamed."""
