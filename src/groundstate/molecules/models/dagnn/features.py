"""The nine atom and three bond integer features of Molecule3D (the set of the Open Graph Benchmark)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from rdkit import Chem
from torch import Tensor

CHIRALITY = (
    Chem.ChiralType.CHI_UNSPECIFIED,
    Chem.ChiralType.CHI_TETRAHEDRAL_CW,
    Chem.ChiralType.CHI_TETRAHEDRAL_CCW,
    Chem.ChiralType.CHI_OTHER,
)
HYBRIDISATION = (
    Chem.HybridizationType.SP,
    Chem.HybridizationType.SP2,
    Chem.HybridizationType.SP3,
    Chem.HybridizationType.SP3D,
    Chem.HybridizationType.SP3D2,
)
BOND_TYPE = (Chem.BondType.SINGLE, Chem.BondType.DOUBLE, Chem.BondType.TRIPLE, Chem.BondType.AROMATIC)
BOND_STEREO = (
    Chem.BondStereo.STEREONONE,
    Chem.BondStereo.STEREOZ,
    Chem.BondStereo.STEREOE,
    Chem.BondStereo.STEREOCIS,
    Chem.BondStereo.STEREOTRANS,
    Chem.BondStereo.STEREOANY,
)
# values a feature can take; the last one of an open list stands for all others
ATOM_SIZES = (119, len(CHIRALITY) + 1, 12, 12, 10, 6, len(HYBRIDISATION) + 1, 2, 2)
BOND_SIZES = (len(BOND_TYPE) + 1, len(BOND_STEREO) + 1, 2)
FARTHEST = 20  # bonds: pairs with more between them count as this many


class IntegerGraph(NamedTuple):
    """Features of one molecule of n atoms and b bonds."""

    atoms: np.ndarray  # (n, 9) uint8
    edges: np.ndarray  # (2, 2 b) int32: every bond in both directions
    bonds: np.ndarray  # (2 b, 3) uint8
    separations: np.ndarray  # (n (n - 1) / 2,) uint8: bonds between the atoms of each pair, row by row


class IntegerBatch(NamedTuple):
    """Molecules side by side."""

    atoms: Tensor  # (N, 9)
    edges: Tensor  # (2, E)
    bonds: Tensor  # (E, 3)
    molecule: Tensor  # (N,) number of the molecule of each atom
    pairs: Tensor  # (2, P) atom pairs i < j of the same molecule, molecule by molecule, row by row
    separations: Tensor  # (P,) bonds between the two
    molecules: int


def integer_graph(mol: Chem.Mol) -> IntegerGraph:
    """Give the integer features of a molecule.

    Nine per atom: element, chirality, degree, charge, hydrogens, radical electrons, hybridisation, aromatic,
    in a ring. Three per bond: type, stereo, conjugated.

    Explicit hydrogens count as hydrogens of their atom.
    """
    atoms = np.array(
        [
            [
                min(atom.GetAtomicNum(), 119) - 1,
                _place(CHIRALITY, atom.GetChiralTag()),
                min(atom.GetTotalDegree(), 11),
                atom.GetFormalCharge() + 5 if abs(atom.GetFormalCharge()) <= 5 else 11,
                min(atom.GetTotalNumHs(includeNeighbors=True), 9),
                min(atom.GetNumRadicalElectrons(), 5),
                _place(HYBRIDISATION, atom.GetHybridization()),
                atom.GetIsAromatic(),
                atom.IsInRing(),
            ]
            for atom in list(mol.GetAtoms())
        ],
        np.uint8,
    )
    edges: list[tuple[int, int]] = []
    bonds: list[list[int]] = []
    for bond in list(mol.GetBonds()):
        begin, end = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        kind = [
            _place(BOND_TYPE, bond.GetBondType()),
            _place(BOND_STEREO, bond.GetStereo()),
            bond.GetIsConjugated(),
        ]
        edges += [(begin, end), (end, begin)]
        bonds += [kind, kind]
    between = Chem.GetDistanceMatrix(mol)[np.triu_indices(len(atoms), 1)]
    separations = np.minimum(between, FARTHEST).astype(np.uint8)
    directed = np.array(edges, np.int32).reshape(-1, 2).T
    return IntegerGraph(atoms, directed, np.array(bonds, np.uint8).reshape(-1, 3), separations)


def _place(values: Sequence, value: object) -> int:
    return values.index(value) if value in values else len(values)


def join(graphs: Sequence[IntegerGraph]) -> IntegerBatch:
    """Join several graphs to one batch."""
    sizes = [len(graph.atoms) for graph in graphs]
    offsets = np.cumsum([0, *sizes[:-1]])
    edges = [graph.edges + offset for graph, offset in zip(graphs, offsets, strict=True)]
    pairs = [np.stack(np.triu_indices(size, 1)) + at for size, at in zip(sizes, offsets, strict=True)]

    def tensor(parts: list[np.ndarray], axis: int = 0) -> Tensor:
        return torch.from_numpy(np.concatenate(parts, axis).astype(np.int64))

    return IntegerBatch(
        tensor([graph.atoms for graph in graphs]),
        tensor(edges, 1),
        tensor([graph.bonds for graph in graphs]),
        torch.from_numpy(np.repeat(np.arange(len(sizes)), sizes)),
        tensor(pairs, 1),
        tensor([graph.separations for graph in graphs]),
        len(graphs),
    )
