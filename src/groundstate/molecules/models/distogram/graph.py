"""Heavy atoms and what is between every two of them, in tables of molecules of like size."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from rdkit import Chem
from scipy.spatial.distance import cdist
from torch import Tensor

from groundstate.molecules.models.graphs.graph import PAIR_FEATURES, graph_of

FEWEST_BONDS = 3  # between two atoms whose distance is not settled by bonds and angles
MOST_BONDS = 12  # told apart
SIDES = 2  # cis, trans
BETWEEN = MOST_BONDS + PAIR_FEATURES + SIDES
SIZES = (9, 14, 20, 28)  # heavy atoms: molecules up to each share a table
CIS = (Chem.BondStereo.STEREOZ, Chem.BondStereo.STEREOCIS)
TRANS = (Chem.BondStereo.STEREOE, Chem.BondStereo.STEREOTRANS)


class HeavyGraph(NamedTuple):
    """The n heavy atoms of a molecule."""

    atoms: np.ndarray  # (n, features) int8
    between: np.ndarray  # (n, n, BETWEEN) int8, symmetric
    heavy: np.ndarray  # (n,) numbers of these atoms in the molecule


class HeavyBatch(NamedTuple):
    """m molecules in tables of the width n of the largest."""

    atoms: Tensor  # (m, n, features)
    between: Tensor  # (m, n, n, BETWEEN)
    there: Tensor  # (m, n) bool
    counted: Tensor  # (m, n, n) bool: pairs i < j at least FEWEST_BONDS apart
    distances: Tensor  # (m, n, n) angstrom


def heavy_graph(mol: Chem.Mol, elements: Sequence[int], marks: Sequence[float] = ()) -> HeavyGraph:
    """Compute the features of a sanitised molecule; hydrogens count as neighbours, written or not.

    Parameters
    ----------
    elements
        Atomic numbers that are told apart.
    marks
        0 or 1 each: features of every atom, for what holds for the whole molecule.

    Raises ``RecordError`` for other elements and for disconnected molecules.
    """
    whole = graph_of(Chem.AddHs(mol), elements)
    heavy = np.flatnonzero(whole.heavy)
    first, second = whole.pairs.T
    size = len(whole.atoms)
    between = np.zeros((size, size, BETWEEN), np.int8)
    bonds = np.minimum(whole.topology, MOST_BONDS)
    between[..., :MOST_BONDS] = bonds[..., None] == np.arange(1, MOST_BONDS + 1)
    near = slice(MOST_BONDS, MOST_BONDS + PAIR_FEATURES)
    between[first, second, near] = between[second, first, near] = whole.pair_features
    for i, j, side in _sides(mol):
        between[i, j, side - SIDES] = between[j, i, side - SIDES] = 1
    atoms = np.concatenate([whole.atoms[heavy], np.tile(np.asarray(marks, float), (len(heavy), 1))], axis=1)
    return HeavyGraph(atoms.astype(np.int8), between[np.ix_(heavy, heavy)], heavy)


def _sides(mol: Chem.Mol) -> Iterator[tuple[int, int, int]]:
    """Give (i, j, 0: cis, 1: trans) of the neighbours across every double bond of known stereo."""
    for bond in mol.GetBonds():
        if bond.GetStereo() in CIS + TRANS:
            marked = list(bond.GetStereoAtoms())
            left, right = bond.GetBeginAtom(), bond.GetEndAtom()
            for i in (one.GetIdx() for one in left.GetNeighbors() if one.GetIdx() != right.GetIdx()):
                for j in (one.GetIdx() for one in right.GetNeighbors() if one.GetIdx() != left.GetIdx()):
                    other = (i != marked[0]) ^ (j != marked[1])
                    yield i, j, int((bond.GetStereo() in TRANS) ^ other)


def distances_of(positions: np.ndarray, graph: HeavyGraph) -> np.ndarray:
    """Compute the distances (n, n), angstrom, of the heavy atoms of a geometry of the molecule."""
    points = np.asarray(positions, float)[graph.heavy]
    return cdist(points, points)


def tables_of(graphs: Sequence[HeavyGraph], distances: Sequence[np.ndarray]) -> HeavyBatch:
    """Put molecules beside each other, whatever their sizes."""
    rows, width = len(graphs), max(len(graph.heavy) for graph in graphs)
    atoms = np.zeros((rows, width, graphs[0].atoms.shape[1]), np.float32)
    between = np.zeros((rows, width, width, BETWEEN), np.float32)
    there = np.zeros((rows, width), bool)
    apart = np.ones((rows, width, width), np.float32)
    for row, (graph, table) in enumerate(zip(graphs, distances, strict=True)):
        size = len(graph.heavy)
        atoms[row, :size], between[row, :size, :size], there[row, :size] = graph.atoms, graph.between, True
        apart[row, :size, :size] = table
    settled = between[..., : FEWEST_BONDS - 1].any(-1)
    counted = np.triu(there[:, :, None] & there[:, None] & ~settled, 1)
    return HeavyBatch(*(torch.from_numpy(one) for one in (atoms, between, there, counted, apart)))


def in_classes(graphs: Sequence[HeavyGraph]) -> list[list[int]]:
    """Part molecules into those of like size: small ones are not to fill tables of large ones."""
    classes = np.searchsorted(SIZES, [len(graph.heavy) for graph in graphs])
    return [np.flatnonzero(classes == one).tolist() for one in np.unique(classes)]
