"""The periodic-table grid: an L x 9 x 18 x C tensor for a crystal, and its inverse."""

import itertools
from dataclasses import dataclass
from typing import Literal

import numpy as np

from groundstate.crystals.crystal import MAX_NUMBER, Crystal
from groundstate.crystals.lattice import cell_from_parameters, cell_parameters

ROWS, COLUMNS = 9, 18
_NOBLE = (0, 2, 10, 18, 36, 54, 86, 118)


def _cells() -> np.ndarray:
    """(119, 2) row and column of every element; entry 0 is unused (-1).

    Rows 1 to 7 are the periods. The f-block (La to Yb, Ac to No, as IUPAC 2021 has it) fills columns 3 to 16
    of rows 8 and 9, so that every element has a cell of its own.
    """
    table = np.full((MAX_NUMBER + 1, 2), -1)
    for period, (before, last) in enumerate(itertools.pairwise(_NOBLE)):
        for number in range(before + 1, last + 1):
            position, length = number - before - 1, last - before
            if length == 32 and 2 <= position < 16:
                table[number] = period + 2, position
            elif position < 2 and number != 2:
                table[number] = period, position
            else:
                table[number] = period, COLUMNS - (last - number) - 1
    return table


CELL_OF = _cells()
NUMBER_AT = np.zeros((ROWS, COLUMNS), dtype=int)
NUMBER_AT[CELL_OF[1:, 0], CELL_OF[1:, 1]] = np.arange(1, MAX_NUMBER + 1)


class DoesNotFit(ValueError):
    """A crystal has more atoms of one element than the grid has slots."""


def slots(atomic_numbers: np.ndarray) -> np.ndarray:
    """Return the slot along L of each atom: its rank among the atoms of its element, in file order."""
    seen: dict[int, int] = {}
    ranks = np.empty(len(atomic_numbers), dtype=int)
    for index, number in enumerate(np.asarray(atomic_numbers).tolist()):
        ranks[index] = seen.get(number, 0)
        seen[number] = ranks[index] + 1
    return ranks


@dataclass(frozen=True)
class PeriodicGrid:
    """The representation and its options.

    Attributes
    ----------
    depth
        L, the largest number of atoms of one element.
    encoding
        ``null``: an empty slot has every coordinate at -1, as in the paper. ``presence``: a fourth channel
        says +1 (atom) or -1 (empty), and the coordinates of empty slots are 0.
    coordinates
        ``fractional``, or ``cartesian`` in angstrom (a along x, b in the xy plane).
    lowest
        Fractional coordinates are wrapped to [lowest, lowest + 1). Many special positions sit at 0: a seam
        away from it (-0.25) keeps them together; the paper's encoding needs 0, away from the null of -1.
    """

    depth: int
    encoding: Literal["null", "presence"] = "null"
    coordinates: Literal["fractional", "cartesian"] = "fractional"
    lowest: float = 0.0

    @property
    def channels(self) -> int:
        """C: three coordinates, and the presence where there is one."""
        return 4 if self.encoding == "presence" else 3

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(L, 9, 18, C)."""
        return self.depth, ROWS, COLUMNS, self.channels

    def encode(self, crystal: Crystal) -> tuple[np.ndarray, np.ndarray]:
        """Return the tensor (L, 9, 18, C) and the six cell parameters (angstrom, degrees).

        Raises ``DoesNotFit`` where an element has more than L atoms.
        """
        slot = slots(crystal.atomic_numbers)
        if slot.max() >= self.depth:
            raise DoesNotFit(f"{slot.max() + 1} atoms of one element, the grid has {self.depth} slots")
        tensor = np.full(self.shape, -1.0 if self.encoding == "null" else 0.0)
        if self.encoding == "presence":
            tensor[..., 3] = -1.0
        row, column = CELL_OF[crystal.atomic_numbers].T
        parameters = cell_parameters(crystal.lattice)
        points = np.mod(crystal.frac_coords - self.lowest, 1.0)
        points = np.where(points == 1.0, 0.0, points) + self.lowest  # mod of -1e-17 rounds up to 1
        if self.coordinates == "cartesian":
            points = points @ cell_from_parameters(parameters)
        tensor[slot, row, column, :3] = points
        if self.encoding == "presence":
            tensor[slot, row, column, 3] = 1.0
        return tensor, parameters

    def decode(self, tensor: np.ndarray, parameters: np.ndarray, name: str = "") -> Crystal:
        """Return the crystal of a tensor, atoms ordered by slot and cell; cells without element are ignored.

        A slot of the ``null`` encoding is empty where the mean of its coordinates is nearer to -1 than to 0.
        """
        level = tensor[..., 3] if self.encoding == "presence" else tensor[..., :3].mean(-1) + 0.5
        slot, row, column = np.nonzero((level > 0) & (NUMBER_AT > 0))
        points = tensor[slot, row, column, :3]
        lattice = cell_from_parameters(np.asarray(parameters, dtype=float))
        frac = points @ np.linalg.inv(lattice) if self.coordinates == "cartesian" else points
        return Crystal(name, NUMBER_AT[row, column], np.mod(frac, 1.0), lattice)
