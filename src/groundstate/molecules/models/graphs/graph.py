"""What a geometry model reads of a molecule: numbers for atoms and for pairs of near atoms, in batches."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from rdkit import Chem
from torch import Tensor

from groundstate.molecules.models.domain import check_elements
from groundstate.molecules.mols import RecordError

HYBRIDISATIONS = (Chem.HybridizationType.SP, Chem.HybridizationType.SP2, Chem.HybridizationType.SP3)
RING_SIZES = (3, 4, 5, 6)
BOND_TYPES = (
    Chem.BondType.SINGLE,
    Chem.BondType.DOUBLE,
    Chem.BondType.TRIPLE,
    Chem.BondType.AROMATIC,
)
MOST_HYDROGENS = MOST_NEIGHBOURS = 4
FARTHEST = 3  # bonds between the two atoms of a pair: bonded, 1-3 and 1-4
MESSAGES = 2  # bonds: pairs that also exchange messages
PLACES = 4  # how many neighbours of an atom are told apart by their numbers

ATOM_FEATURES = 3 + (MOST_HYDROGENS + 1) + (MOST_NEIGHBOURS + 1) + len(HYBRIDISATIONS) + len(RING_SIZES)
PAIR_FEATURES = FARTHEST + len(BOND_TYPES) + 2 + len(RING_SIZES)


class MoleculeGraph(NamedTuple):
    """Features of one molecule of n atoms; element 0 of every axis is atom 0 of the molecule.

    ``pairs`` (p, 2), i < j, are the atoms up to three bonds apart, ``separation`` (p,) how many bonds.
    """

    atoms: np.ndarray  # (n, elements + ATOM_FEATURES) float32
    pairs: np.ndarray  # (p, 2) int64
    separation: np.ndarray  # (p,) int64, 1 to FARTHEST
    pair_features: np.ndarray  # (p, PAIR_FEATURES) float32
    topology: np.ndarray  # (n, n) int16: bonds on the shortest way
    places: np.ndarray  # (p, 2 PLACES) float32: one-hot place of each end among the other's neighbours
    heavy: np.ndarray  # (n,) bool: not hydrogen
    torsions: np.ndarray  # (t, 4) int64: one way from end to end for every 1-4 pair, i < l


class GraphBatch(NamedTuple):
    """Molecules side by side; pairs with few bonds between them first, so that message pairs are a slice."""

    atoms: Tensor  # (N, features)
    first: Tensor  # (P,) atom of the batch
    second: Tensor  # (P,)
    separation: Tensor  # (P,) 1 to FARTHEST
    pair_features: Tensor  # (P, PAIR_FEATURES)
    places: Tensor  # (P, 2 PLACES)
    order: Tensor  # (P,) number of each pair in the molecules' own order
    messages: int  # the first so many pairs exchange messages
    slots: Tensor  # (N,) place of each atom in a table of molecules x width
    molecules: int
    width: int  # atoms of the largest molecule


def graph_of(mol: Chem.Mol, elements: Sequence[int]) -> MoleculeGraph:
    """Compute the features of a sanitised molecule for a model trained on ``elements`` (atomic numbers).

    Raises ``RecordError`` for an element that is not among them and for disconnected molecules.
    """
    check_elements(mol, elements)
    count = mol.GetNumAtoms()
    rings = mol.GetRingInfo()
    atoms = np.zeros((count, len(elements) + ATOM_FEATURES), np.float32)
    for index, atom in enumerate(mol.GetAtoms()):
        hydrogens = min(atom.GetTotalNumHs(includeNeighbors=True), MOST_HYDROGENS)
        atoms[index] = np.concatenate(
            [
                [float(atom.GetAtomicNum() == number) for number in elements],
                [atom.GetFormalCharge(), atom.GetNumRadicalElectrons(), atom.GetIsAromatic()],
                np.eye(MOST_HYDROGENS + 1)[hydrogens],
                np.eye(MOST_NEIGHBOURS + 1)[min(atom.GetDegree(), MOST_NEIGHBOURS)],
                [atom.GetHybridization() == kind for kind in HYBRIDISATIONS],
                [rings.IsAtomInRingOfSize(index, size) for size in RING_SIZES],
            ]
        )
    topology = Chem.GetDistanceMatrix(mol)
    if count and topology.max() > count:
        raise RecordError("disconnected fragments; keep one molecule a record")
    topology = topology.astype(np.int16)

    bonds = np.zeros((count, count, len(BOND_TYPES) + 2), np.float32)
    for bond in mol.GetBonds():
        i, j = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        kind = [bond.GetBondType() == one for one in BOND_TYPES]
        bonds[i, j] = bonds[j, i] = [*kind, bond.GetIsConjugated(), bond.IsInRing()]
    shared = np.zeros((count, count, len(RING_SIZES)), np.float32)
    for ring in rings.AtomRings():
        if len(ring) in RING_SIZES:
            shared[(*np.ix_(ring, ring), RING_SIZES.index(len(ring)))] = 1
    first, second = np.nonzero(np.triu(topology <= FARTHEST, 1))
    separation = topology[first, second].astype(np.int64)
    classes = np.eye(FARTHEST, dtype=np.float32)[separation - 1]
    features = np.concatenate([classes, bonds[first, second], shared[first, second]], axis=1)
    heavy = np.array([atom.GetAtomicNum() != 1 for atom in mol.GetAtoms()], bool)
    pairs, places = np.stack([first, second], axis=1), _places(mol, first, second)
    torsions = _torsions(topology, pairs[separation == FARTHEST])
    return MoleculeGraph(atoms, pairs, separation, features, topology, places, heavy, torsions)


def _torsions(topology: np.ndarray, ends: np.ndarray) -> np.ndarray:
    bonded = topology == 1
    rows = []
    for first, last in ends.tolist():
        ways = bonded & np.outer(bonded[first], bonded[last])
        rows.append([first, *np.argwhere(ways)[0].tolist(), last])
    return np.array(rows, np.int64).reshape(-1, 4)


def _places(mol: Chem.Mol, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Say how neighbours are numbered, (pairs, 2 PLACES).

    Of bonded pairs the place of ``second`` among the ascending neighbours of ``first``, and the other way
    round, one-hot; zero for other pairs.
    """
    place: dict[tuple[int, int], int] = {}
    for atom in mol.GetAtoms():
        for number, other in enumerate(sorted(neighbour.GetIdx() for neighbour in atom.GetNeighbors())):
            place[atom.GetIdx(), other] = min(number, PLACES - 1)
    table = np.zeros((len(first), 2 * PLACES), np.float32)
    for row, (i, j) in enumerate(zip(first.tolist(), second.tolist(), strict=True)):
        if (i, j) in place:
            table[row, place[i, j]] = table[row, PLACES + place[j, i]] = 1
    return table


def collate(graphs: Sequence[MoleculeGraph]) -> GraphBatch:
    """Join graphs to one batch."""
    sizes = [len(graph.atoms) for graph in graphs]
    offsets = np.cumsum([0, *sizes[:-1]])
    width = max(sizes)
    pairs = np.concatenate([graph.pairs + offset for graph, offset in zip(graphs, offsets, strict=True)])
    separation = np.concatenate([graph.separation for graph in graphs])
    features = np.concatenate([graph.pair_features for graph in graphs])
    order = np.argsort(separation, kind="stable")
    slots = np.concatenate([row * width + np.arange(size) for row, size in enumerate(sizes)])
    return GraphBatch(
        torch.from_numpy(np.concatenate([graph.atoms for graph in graphs])),
        torch.from_numpy(pairs[order, 0]),
        torch.from_numpy(pairs[order, 1]),
        torch.from_numpy(separation[order]),
        torch.from_numpy(features[order]),
        torch.from_numpy(np.concatenate([graph.places for graph in graphs])[order]),
        torch.from_numpy(order),
        int((separation <= MESSAGES).sum()),
        torch.from_numpy(slots),
        len(graphs),
        width,
    )


def padded(values: Tensor, batch: GraphBatch) -> Tensor:
    """Spread rows of atoms (N, ...) over a table (molecules, width, ...); zero where there is no atom."""
    table = values.new_zeros(batch.molecules * batch.width, *values.shape[1:])
    return table.index_copy(0, batch.slots, values).view(batch.molecules, batch.width, *values.shape[1:])
