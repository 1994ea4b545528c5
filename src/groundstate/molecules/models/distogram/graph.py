"""Heavy atoms and what is between every two of them, in tables of molecules of like size."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from zlib import crc32

import numpy as np
import torch
from rdkit import Chem
from scipy.spatial.distance import cdist
from torch import Tensor

from groundstate.molecules.models.graphs.graph import PAIR_FEATURES, PLACES, graph_of

FEWEST_BONDS = 3  # between two atoms whose distance is not settled by bonds and angles
MOST_BONDS = 12  # told apart
SIDES = 2  # cis, trans
BETWEEN = MOST_BONDS + PAIR_FEATURES + 2 * PLACES + SIDES
SIZES = (9, 14, 20, 28)  # heavy atoms: molecules up to each share a table
CIS = (Chem.BondStereo.STEREOZ, Chem.BondStereo.STEREOCIS)
HANDS = {Chem.ChiralType.CHI_TETRAHEDRAL_CCW: 1, Chem.ChiralType.CHI_TETRAHEDRAL_CW: -1}
TRANS = (Chem.BondStereo.STEREOE, Chem.BondStereo.STEREOTRANS)


class HeavyGraph(NamedTuple):
    """The n heavy atoms of a molecule, in the order of ``canonical_order``."""

    atoms: np.ndarray  # (n, features) int8
    between: np.ndarray  # (n, n, BETWEEN) int8; symmetric but for the places of neighbours
    heavy: np.ndarray  # (n,) numbers of these atoms in the molecule
    torsions: np.ndarray  # (t, 4) of these atoms: one way from end to end for every 1-4 pair


class HeavyBatch(NamedTuple):
    """m molecules in tables of the width n of the largest."""

    atoms: Tensor  # (m, n, features)
    between: Tensor  # (m, n, n, BETWEEN)
    there: Tensor  # (m, n) bool
    counted: Tensor  # (m, n, n) bool: pairs i < j at least FEWEST_BONDS apart
    distances: Tensor  # (m, n, n) angstrom
    turns: Tensor  # (m, n, n) sine of the torsion between the ends i < j of a 1-4 pair, zero for other pairs


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
    written = Chem.AddHs(mol)
    order = canonical_order(written)
    rest = [atom.GetIdx() for atom in written.GetAtoms() if atom.GetAtomicNum() == 1]
    ordered = Chem.RenumberAtoms(written, [*order, *rest])
    whole = graph_of(ordered, elements)
    size = len(order)
    first, second = whole.pairs.T
    between = np.zeros((len(whole.atoms),) * 2 + (BETWEEN,), np.int8)
    bonds = np.minimum(whole.topology, MOST_BONDS)
    between[..., :MOST_BONDS] = bonds[..., None] == np.arange(1, MOST_BONDS + 1)
    near = slice(MOST_BONDS, MOST_BONDS + PAIR_FEATURES)
    between[first, second, near] = between[second, first, near] = whole.pair_features
    places = slice(near.stop, near.stop + 2 * PLACES)
    between[first, second, places] = whole.places
    between[second, first, places] = np.roll(whole.places, PLACES, axis=1)
    for i, j, side in _sides(ordered):
        between[i, j, side - SIDES] = between[j, i, side - SIDES] = 1
    hands = [_hand(ordered.GetAtomWithIdx(index)) for index in range(size)]
    told = np.tile(np.asarray(marks, float), (size, 1))
    atoms = np.concatenate([whole.atoms[:size], np.array(hands, float).reshape(-1, 1), told], axis=1)
    torsions = whole.torsions[(whole.torsions < size).all(1)]
    return HeavyGraph(
        atoms.astype(np.int8), between[:size, :size].copy(), np.array(order, np.int64), torsions
    )


def canonical_order(mol: Chem.Mol) -> list[int]:
    """Give the heavy atoms (their numbers in ``mol``) as the canonical SMILES without stereo has them.

    It follows from the graph alone: which of equivalent atoms comes first is drawn, not taken from ``mol``.
    """
    heavy = [atom.GetIdx() for atom in mol.GetAtoms() if atom.GetAtomicNum() != 1]
    if not heavy:
        return []
    bare = Chem.RemoveAllHs(mol, sanitize=False)
    seed = crc32(Chem.MolToSmiles(bare, isomericSmiles=False).encode())
    drawn = np.random.default_rng(seed).permutation(len(heavy)).tolist()
    bare = Chem.RenumberAtoms(bare, drawn)
    Chem.MolToSmiles(bare, isomericSmiles=False)
    found = bare.GetPropsAsDict(includePrivate=True, includeComputed=True)["_smilesAtomOutputOrder"]
    return [heavy[drawn[index]] for index in found]


def _hand(atom: Chem.Atom) -> int:
    """Tell the hand (1, -1; 0: none) of an atom's neighbours in the order of their numbers."""
    if atom.GetChiralTag() not in HANDS:
        return 0
    others = [bond.GetOtherAtomIdx(atom.GetIdx()) for bond in atom.GetBonds()]
    swaps = sum(one > other for k, one in enumerate(others) for other in others[k + 1 :])
    return HANDS[atom.GetChiralTag()] * (-1) ** swaps


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


def turns_of(positions: np.ndarray, graph: HeavyGraph) -> np.ndarray:
    """Compute the sine of every torsion of a geometry, (n, n), at its ends i < j; zero for other pairs."""
    table = np.zeros((len(graph.heavy),) * 2)
    if len(graph.torsions):
        points = np.asarray(positions, float)[graph.heavy][graph.torsions]
        before, axis, after = np.moveaxis(np.diff(points, axis=1), 1, 0)
        one, other = np.cross(before, axis), np.cross(axis, after)
        turned = (np.cross(one, other) * axis).sum(-1)
        lengths = (
            np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1) * np.linalg.norm(axis, axis=-1)
        )
        ends = np.sort(graph.torsions[:, [0, 3]], axis=1)
        table[ends[:, 0], ends[:, 1]] = turned / np.maximum(lengths, 1e-9)
    return table


def tables_of(
    graphs: Sequence[HeavyGraph], distances: Sequence[np.ndarray], turns: Sequence[np.ndarray]
) -> HeavyBatch:
    """Put molecules beside each other, whatever their sizes."""
    rows, width = len(graphs), max(len(graph.heavy) for graph in graphs)
    atoms = np.zeros((rows, width, graphs[0].atoms.shape[1]), np.float32)
    between = np.zeros((rows, width, width, BETWEEN), np.float32)
    there = np.zeros((rows, width), bool)
    apart, turned = np.ones((rows, width, width), np.float32), np.zeros((rows, width, width), np.float32)
    for row, (graph, table, sines) in enumerate(zip(graphs, distances, turns, strict=True)):
        size = len(graph.heavy)
        atoms[row, :size], between[row, :size, :size], there[row, :size] = graph.atoms, graph.between, True
        apart[row, :size, :size], turned[row, :size, :size] = table, sines
    settled = between[..., : FEWEST_BONDS - 1].any(-1)
    counted = np.triu(there[:, :, None] & there[:, None] & ~settled, 1)
    return HeavyBatch(*(torch.from_numpy(one) for one in (atoms, between, there, counted, apart, turned)))


def in_classes(graphs: Sequence[HeavyGraph]) -> list[list[int]]:
    """Part molecules into those of like size: small ones are not to fill tables of large ones."""
    classes = np.searchsorted(SIZES, [len(graph.heavy) for graph in graphs])
    return [np.flatnonzero(classes == one).tolist() for one in np.unique(classes)]
