"""Structures as graphs of atoms within a cutoff, joined to batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from ase import Atoms
from matscipy.neighbours import neighbour_list
from torch import Tensor


@dataclass(frozen=True)
class AtomGraph:
    """One structure; a potential's labels are NaN where there are none.

    Attributes
    ----------
    numbers
        Atomic numbers (n,).
    positions
        (n, 3), angstrom.
    cell
        Lattice vectors as rows (3, 3), angstrom; zero without a cell.
    sources, targets
        Ends of every directed edge (e,).
    shifts
        Lattice translations of the edge's source (e, 3), in multiples of the lattice vectors.
    energy, forces, stress
        eV, eV/angstrom (n, 3), eV/angstrom^3 (3, 3).
    """

    numbers: np.ndarray
    positions: np.ndarray
    cell: np.ndarray
    sources: np.ndarray
    targets: np.ndarray
    shifts: np.ndarray
    energy: float = float("nan")
    forces: np.ndarray | None = None
    stress: np.ndarray | None = None


class GraphBatch(NamedTuple):
    """Several structures: atoms and edges of all one after another, edges sorted by their targets."""

    species: Tensor  # (n,) index of the element in the network's list
    numbers: Tensor  # (n,) atomic numbers
    positions: Tensor  # (n, 3), angstrom
    cells: Tensor  # (structures, 3, 3)
    sources: Tensor  # (e,)
    targets: Tensor  # (e,)
    first: Tensor  # (n + 1,) first edge of every atom
    shifts: Tensor  # (e, 3), multiples of the lattice vectors
    structure: Tensor  # (n,) structure of every atom
    energies: Tensor  # (structures,)
    forces: Tensor  # (n, 3)
    stresses: Tensor  # (structures, 3, 3)

    @property
    def size(self) -> int:
        """How many structures."""
        return self.cells.shape[0]


def atom_graph(
    atoms: Atoms,
    cutoff: float,
    energy: float = float("nan"),
    forces: np.ndarray | None = None,
    stress: np.ndarray | None = None,
) -> AtomGraph:
    """Return the graph of all pairs within ``cutoff`` angstrom, periodic images included, and the labels."""
    numbers, positions = atoms.numbers.copy(), atoms.positions.copy()
    cell = np.array(atoms.cell.array)
    if not atoms.pbc.any():
        cell = np.zeros((3, 3))
    if len(atoms) == 1 and not atoms.pbc.any():
        targets = sources = np.zeros(0, int)
        shifts = np.zeros((0, 3), int)
    else:
        padded = atoms if atoms.pbc.all() else _padded(atoms, cutoff)
        targets, sources, shifts = neighbour_list("ijS", padded, cutoff)
    return AtomGraph(numbers, positions, cell, sources, targets, shifts, energy, forces, stress)


def _padded(atoms: Atoms, cutoff: float) -> Atoms:
    """Copy with a cell along the open directions that holds all atoms: a neighbour list needs a volume."""
    copy = Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
    cell = np.array(copy.cell.complete())
    for axis in np.flatnonzero(~copy.pbc):
        direction = cell[axis] / np.linalg.norm(cell[axis])
        extent = np.ptp(copy.positions @ direction)
        cell[axis] = direction * (2 * extent + 4 * cutoff)
    copy.set_cell(cell)
    return copy


def collate(graphs: Sequence[AtomGraph], elements: Sequence[int], dtype: torch.dtype) -> GraphBatch:
    """Join graphs; ``elements`` are the atomic numbers that the network knows, ascending."""
    counts = [len(graph.numbers) for graph in graphs]
    offsets = np.cumsum([0, *counts[:-1]])
    numbers = np.concatenate([graph.numbers for graph in graphs])
    targets = np.concatenate([g.targets + o for g, o in zip(graphs, offsets, strict=True)])
    sources = np.concatenate([g.sources + o for g, o in zip(graphs, offsets, strict=True)])
    shifts = np.concatenate([graph.shifts for graph in graphs])
    order = np.argsort(targets, kind="stable")
    degree = np.bincount(targets, minlength=sum(counts))
    forces = [
        np.full((count, 3), np.nan) if graph.forces is None else graph.forces
        for graph, count in zip(graphs, counts, strict=True)
    ]
    stresses = [np.full((3, 3), np.nan) if graph.stress is None else graph.stress for graph in graphs]
    return GraphBatch(
        species=torch.from_numpy(np.searchsorted(np.asarray(elements), numbers)),
        numbers=torch.from_numpy(numbers).to(torch.int64),
        positions=torch.from_numpy(np.concatenate([graph.positions for graph in graphs])).to(dtype),
        cells=torch.from_numpy(np.stack([graph.cell for graph in graphs])).to(dtype),
        sources=torch.from_numpy(sources[order].astype(np.int64)),
        targets=torch.from_numpy(targets[order].astype(np.int64)),
        first=torch.from_numpy(np.concatenate([[0], np.cumsum(degree)])),
        shifts=torch.from_numpy(shifts[order]).to(dtype),
        structure=torch.repeat_interleave(torch.arange(len(graphs)), torch.tensor(counts)),
        energies=torch.tensor([graph.energy for graph in graphs], dtype=torch.float64),
        forces=torch.from_numpy(np.concatenate(forces)).to(dtype),
        stresses=torch.from_numpy(np.stack(stresses)).to(dtype),
    )
