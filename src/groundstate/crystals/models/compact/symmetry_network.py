"""The symmetry stage's network: a space group for a composition, then the orbits, one after the other."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from groundstate.crystals.models.compact.space_groups import (
    KINDS,
    LETTERS,
    cells_of_group,
    free_part,
    images,
)
from groundstate.crystals.models.embedding import ElementEmbedding

GROUPS, LETTER = KINDS // len(LETTERS), len(LETTERS)
NARROW = 16  # features of a kind of its own


class OrbitTensors(NamedTuple):
    """Orbits of a batch, padded with 0.

    Shapes: ``group`` (batch,), ``numbers`` and ``kinds`` (batch, orbits), ``points`` (batch, orbits, 3),
    ``shape`` (batch, 6) the log metric of the conventional cell.
    """

    group: Tensor
    numbers: Tensor
    kinds: Tensor
    points: Tensor
    shape: Tensor


class SymmetryNetwork(nn.Module):
    """Logits of the space group of a composition, and of each next orbit given those before.

    Parameters
    ----------
    max_atoms
        Largest number of atoms of a cell.
    """

    points: Tensor
    directions: Tensor
    multiplicity: Tensor
    mean: Tensor
    deviation: Tensor

    def __init__(self, width: int, max_atoms: int, dropout: float) -> None:
        super().__init__()
        self.register_buffer("points", torch.zeros(KINDS, 3))
        # in which a point is free: ``free_part``, in twelfths
        self.register_buffer("directions", torch.zeros(KINDS, 3, 3, dtype=torch.int8))
        self.register_buffer("multiplicity", torch.zeros(KINDS, dtype=torch.int16))  # 0: of no crystal
        self.register_buffer("mean", torch.zeros(6))
        self.register_buffer("deviation", torch.ones(6))
        self.elements = ElementEmbedding(width)
        self.counts = nn.Embedding(max_atoms + 1, width)
        self.total = nn.Embedding(max_atoms + 1, width)
        self.species = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.content = self._feed(width, dropout)
        self.group_head = nn.Linear(width, GROUPS)
        self.groups = nn.Embedding(GROUPS, width)
        self.own = nn.Embedding(KINDS, NARROW)
        self.kind = nn.Linear(NARROW, width)
        self.sizes = nn.Embedding(max_atoms + 1, width)
        self.free = nn.Embedding(4, width)
        self.used = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.state = self._feed(width, dropout)
        self.offset = nn.Linear(width, 1)
        self.shape = nn.Sequential(self._feed(width, dropout), nn.Linear(width, 12))

    @staticmethod
    def _feed(width: int, dropout: float) -> nn.Sequential:
        return nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 2 * width),
            nn.SiLU(),
            nn.Dropout(dropout),
            nn.Linear(2 * width, width),
            nn.SiLU(),
            nn.LayerNorm(width),
            nn.Dropout(dropout),
        )

    def fit(self, orbits: OrbitTensors, volumes: Tensor) -> None:
        """Take the kinds that there are, and the statistics of cells beside ``volumes`` (cells,)."""
        kinds, points = orbits.kinds.flatten().numpy(), orbits.points.flatten(0, 1).double().numpy()
        for kind, row in zip(*np.unique(kinds, return_index=True), strict=True):
            if kind:
                free = free_part(group := int(kind) // LETTER, points[row])
                point = np.round(24 * (points[row] - free @ points[row])) / 24
                size = len(images(group, points[row]))
                self.points[kind] = torch.as_tensor(point % 1.0)
                self.directions[kind] = torch.as_tensor(np.round(12 * free))
                self.multiplicity[kind] = size if size < self.sizes.num_embeddings else 0
        known = orbits.group > 0
        shape = orbits.shape[known] - shape_offset(volumes[known], orbits.group[known])
        self.mean.copy_(shape.mean(0))
        self.deviation.copy_(shape.std(0).clamp(min=0.02))

    def of_content(self, counts: Tensor) -> Tensor:
        """Return (batch, width) of atoms of each element (batch, 119)."""
        row, element = counts.nonzero(as_tuple=True)
        species = self.species(self.elements(element) + self.counts(counts[row, element]))
        return self.content(self.total(counts.sum(1)).index_add(0, row, species))

    def group_logits(self, content: Tensor) -> Tensor:
        """Return (batch, 231) logits of space groups."""
        seen = (self.multiplicity.view(GROUPS, LETTER) > 0).any(1)
        return self.group_head(content).masked_fill(~seen, -torch.inf)

    def kind_logits(
        self, content: Tensor, group: Tensor, used: Tensor, numbers: Tensor, remaining: Tensor
    ) -> Tensor:
        """Return unmasked logits (batch, orbits, 27) of the letters of the next orbits.

        Shapes: ``used`` (batch, orbits, width) sum over the orbits before, ``numbers`` and ``remaining``
        (batch, orbits) the element and how many of its atoms have no place yet.
        """
        state = (content + self.groups(group))[:, None] + self.used(used)
        state = self.state(state + self.elements(numbers) + self.counts(remaining))
        kinds = self._kinds(group)
        scores = torch.einsum("bow,blw->bol", state, kinds) / state.shape[-1] ** 0.5
        return scores + self.offset(kinds)[..., 0][:, None]

    def _freedom(self) -> Tensor:
        """Return (kinds,) in how many directions a point is free."""
        return self.directions.diagonal(dim1=1, dim2=2).long().sum(-1) // 12

    def _kinds(self, group: Tensor) -> Tensor:
        index = LETTER * group[:, None] + torch.arange(LETTER, device=group.device)
        return self._kind(index) + self.groups(group)[:, None]

    def _kind(self, kinds: Tensor) -> Tensor:
        return (
            self.kind(self.own(kinds))
            + self.sizes(self.multiplicity[kinds].long())
            + self.free(self._freedom()[kinds])
        )

    def orbit(self, numbers: Tensor, kinds: Tensor) -> Tensor:
        """Return what an orbit adds to those that are used, (..., width)."""
        return functional.silu(self._kind(kinds) + self.elements(numbers))

    def allowed(self, group: Tensor, remaining: Tensor, taken: Tensor, last: Tensor) -> Tensor:
        """Say which letters may be next, (batch, orbits, 27).

        Shapes: ``remaining`` (batch, orbits), ``taken`` (batch, orbits, 27) letters in use, ``last`` (batch,
        orbits) the letter of the element's orbit before, -1 for none.
        """
        letters = torch.arange(LETTER, device=group.device)
        size = self.multiplicity.view(GROUPS, LETTER)[group][:, None]
        fixed = self._freedom().view(GROUPS, LETTER)[group][:, None] == 0
        fits = (size > 0) & (size <= remaining[..., None]) & (letters >= last[..., None])
        return fits & ~(fixed & taken)

    def cells(self, content: Tensor, group: Tensor, used: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log deviation, (batch, 6) each, of the standardised shape of the cell."""
        mean, spread = self.shape(content + self.groups(group) + self.used(used)).chunk(2, -1)
        return mean, spread.clamp(-4, 1)


def shape_offset(volumes: Tensor, group: Tensor) -> Tensor:
    """Return (batch, 6) a third of the log volume of conventional cells, thrice, and three zeros.

    ``volumes`` (batch,) are of the primitive cells.
    """
    cells = volumes.new_tensor([float(cells_of_group(one)) for one in group.tolist()])
    return functional.pad(((volumes * cells).log() / 3)[:, None].expand(-1, 3), (0, 3))
