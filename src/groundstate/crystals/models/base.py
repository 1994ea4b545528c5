"""What the train and generate stages need from any crystal model, and what all models share."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self, TypeVar, cast

import numpy as np
import torch
from pydantic import ConfigDict, Field
from torch import Tensor, nn

from groundstate.crystals.crystal import MAX_NUMBER, Crystal
from groundstate.crystals.dataset.settings import MAX_ATOMS
from groundstate.crystals.lattice import niggli
from groundstate.crystals.models.conditions import PropertyScale
from groundstate.crystals.models.settings import TrainCrystals
from groundstate.crystals.models.templates import FindTemplates, Template
from groundstate.errors import GroundstateError
from groundstate.seeds import derive_seed
from groundstate.settings import Settings

Output = TypeVar("Output", Tensor, tuple[Tensor, Tensor])


@dataclass(frozen=True)
class Request:
    """What is asked of a sample; everything that is set is obeyed exactly, conditions excepted.

    Attributes
    ----------
    formulas
        Atomic number -> number of atoms in the cell; sample i gets formula i modulo their number.
    elements
        Atomic numbers that may occur; others are impossible.
    atoms
        Smallest and largest number of atoms in the cell.
    conditions
        Property name -> target value, by classifier-free guidance.
    guidance
        w of (1 + w) conditional - w unconditional.
    templates
        As many as formulas, each a template of its formula or None; those that read none leave them.
    noise
        Time in (0, 1] to which templates are noised to begin with; None begins without their places.
    symmetry
        Draw a space group first, where the model has learned to; see ``compact.symmetry_width``.
    best_of
        Crystals drawn for each one that is kept; see ``CrystalModel.denoising_error``.
    origin
        The request for which the formulas were drawn: sizes are as common as there, however many are drawn.
    """

    formulas: tuple[dict[int, int], ...] = ()
    elements: frozenset[int] | None = None
    atoms: tuple[int, int] | None = None
    conditions: dict[str, float] = field(default_factory=dict)
    guidance: float = 1.0
    templates: tuple[Template | None, ...] = ()
    noise: float | None = None
    symmetry: bool = True
    best_of: int = 1
    origin: "Request | None" = None

    @property
    def guided(self) -> bool:
        """Say whether there is something to be guided to."""
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
        """Return (size, *shape) of ``torch.rand`` or ``torch.randn``; rows without a sample are zero."""
        drawn = torch.zeros(self.size, *shape, dtype=dtype)
        for row, generator in self.generators.items():
            drawn[row] = kind(*shape, generator=generator, dtype=dtype)
        return drawn


class CrystalConfig(Settings):
    """The JSON values that rebuild a model; built-in models name their own, a plug-in may add any."""

    model_config = ConfigDict(extra="allow")

    kind: Literal["crystals"] = "crystals"
    model: str = Field(description="built-in name or `package.module:Object` of a plug-in")
    max_atoms: int = Field(ge=1, le=MAX_ATOMS, description="most atoms of a cell")
    depth: int = Field(ge=1, le=MAX_ATOMS, description="most atoms of one element in a cell")
    elements: list[Annotated[int, Field(ge=1, le=MAX_NUMBER)]] = Field(
        min_length=1, description="atomic numbers of the training crystals"
    )
    counts: dict[Annotated[int, Field(ge=1, le=MAX_NUMBER)], Annotated[int, Field(ge=1)]] = Field(
        {}, description="atomic number -> training crystals with this element"
    )
    conditions: list[str] = Field(max_length=100, description="properties that can guide generation")
    condition_dropout: float = Field(ge=0, le=1, description="share of crystals trained unconditionally")


class CrystalModel(nn.Module, ABC):
    """A network with its encoding, its loss and its sampler.

    A subclass is named in ``plugins.CRYSTAL_MODELS``, or is a plug-in of the user's; the same train, generate
    and score rules then apply to it.
    """

    schema: ClassVar[type[CrystalConfig]] = CrystalConfig
    stages: Mapping[str, tuple[str, ...]] = {"": ("loss",)}  # that learn apart; see ``TrainingTask``

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        checked = self.schema.model_validate(config)
        self.config = config
        self.max_atoms, self.depth = checked.max_atoms, checked.depth
        self.conditions = checked.conditions
        self.property_scale = PropertyScale(self.conditions)

    @classmethod
    def build(cls, name: str, crystals: Sequence[Crystal], settings: TrainCrystals) -> Self:
        """Return a fresh model whose sizes and statistics come from the training crystals.

        ``name`` goes into the config: the built-in name, or the reference of a plug-in.

        Raises ``GroundstateError`` where a condition is no property of at least two crystals.
        """
        counts = count_atoms(crystals)
        occurs = (counts > 0).sum(0)
        config = {
            "kind": "crystals",
            "model": name,
            "max_atoms": int(counts.sum(1).max()),
            "depth": int(counts.max()),
            "elements": np.flatnonzero(occurs).tolist(),
            "counts": {str(number): int(occurs[number]) for number in np.flatnonzero(occurs)},
            "conditions": settings.conditions,
            "condition_dropout": settings.condition_dropout,
            **cls.own_config(settings),
        }
        model = cls(config)
        encoded = model.encode(crystals) | cls.encode_choice(crystals, settings)
        model.fit_statistics(encoded)
        model.property_scale.fit(encoded["properties"])
        return model

    def fits(self, crystal: Crystal) -> bool:
        """Say whether ``crystal`` is within the sizes that the training crystals set."""
        most = np.bincount(crystal.atomic_numbers).max()
        return len(crystal.atomic_numbers) <= self.max_atoms and most <= self.depth

    def encode(self, crystals: Sequence[Crystal]) -> dict[str, Tensor]:
        """Return the whole set, Niggli-reduced, as tensors whose first axis is the crystal.

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

    def encode_templates(self, crystals: Sequence[Crystal], find: FindTemplates) -> dict[str, Tensor]:
        """Return what templates add to ``encode``; a model that reads none adds nothing."""
        return {}

    @classmethod
    def encode_choice(cls, crystals: Sequence[Crystal], settings: TrainCrystals) -> dict[str, Tensor]:
        """Return what the settings of a training add to ``encode``: which crystals teach what."""
        return {}

    @property
    def learns_symmetry(self) -> bool:
        """Say whether samples can be drawn within a space group."""
        return False

    def guide(self, request: Request, network: Callable[[Tensor | None], Output]) -> Output:
        """Return what ``network(conditions)`` says, moved away from what it says without conditions."""
        conditions = self.property_scale.target(request.conditions)
        output = network(conditions)
        if conditions is None or not request.guided:
            return output
        free, weight = network(torch.zeros_like(conditions)), 1 + request.guidance
        if isinstance(output, Tensor) and isinstance(free, Tensor):
            return torch.lerp(free, output, weight)
        pairs = zip(cast(tuple[Tensor, ...], free), cast(tuple[Tensor, ...], output), strict=True)
        return cast(Output, tuple(torch.lerp(before, after, weight) for before, after in pairs))

    @classmethod
    @abstractmethod
    def own_config(cls, settings: TrainCrystals) -> dict[str, Any]:
        """Return what the model adds to its config."""

    @abstractmethod
    def encode_rest(self, crystals: Sequence[Crystal], lattices: Tensor) -> dict[str, Tensor]:
        """Return what the model adds to ``encode``, from reduced cells (crystals, 3, 3) in float64."""

    @abstractmethod
    def fit_statistics(self, encoded: dict[str, Tensor]) -> None:
        """Take means and deviations from the encoded training set."""

    @abstractmethod
    def loss(self, batch: dict[str, Tensor], generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the scalar loss and its named parts for rows of what ``encode`` gave."""

    @abstractmethod
    def plan(self, request: Request, count: int, seed: int) -> list[Batch]:
        """Part samples 0 to ``count`` into batches; depends on no batch size."""

    def compositions(self, request: Request, count: int, seed: int) -> list[dict[int, int]]:
        """Return the contents (atomic number -> atoms) of samples 0 to ``count``, as ``plan`` gives them.

        Raises ``GroundstateError`` where a model does not say them beforehand: its samples have no template.
        """
        if not request.formulas:
            raise GroundstateError(
                f"{self.config['model']}: its compositions are not drawn before its structures, so that no "
                "template can be looked for and no best of several taken; ask for a formula"
            )
        return [request.formulas[index % len(request.formulas)] for index in range(count)]

    def denoising_error(self, crystals: Sequence[Crystal]) -> np.ndarray:
        """Return how badly the model denoises each crystal once it is noised, (crystals,): small is likely.

        Compare crystals of one content alone. A model that cannot say gives zeros.
        """
        return np.zeros(len(crystals))

    @abstractmethod
    def sample(self, batch: Batch, request: Request, seed: int, steps: int | None) -> list[Crystal]:
        """Draw the crystals of ``batch.indices``, unnamed."""


def count_atoms(crystals: Sequence[Crystal]) -> np.ndarray:
    """Return (crystals, 119) atoms of each element."""
    counts = np.zeros((len(crystals), MAX_NUMBER + 1), dtype=np.int64)
    for row, crystal in zip(counts, crystals, strict=True):
        np.add.at(row, crystal.atomic_numbers, 1)
    return counts
