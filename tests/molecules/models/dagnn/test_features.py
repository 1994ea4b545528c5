"""The integer features of Molecule3D on a molecule worked out by hand, and how molecules are joined."""

import numpy as np
from rdkit import Chem

from groundstate.molecules.models.dagnn.features import ATOM_SIZES, BOND_SIZES, integer_graph, join


def test_features_by_hand():
    # F-CH(NH3+)-CH=O with its chiral carbon: atoms F, C, N, C, O, then hydrogens
    mol = Chem.AddHs(Chem.MolFromSmiles("F[C@H]([NH3+])C=O"))
    graph = integer_graph(mol)
    chiral = 1 + (mol.GetAtomWithIdx(1).GetChiralTag() == Chem.ChiralType.CHI_TETRAHEDRAL_CCW)
    # element, chirality, degree, charge + 5, hydrogens, radicals, hybridisation (sp 0, sp2 1, sp3 2), flags
    assert graph.atoms[:5].tolist() == [
        [8, 0, 1, 5, 0, 0, 2, 0, 0],
        [5, chiral, 4, 5, 1, 0, 2, 0, 0],
        [6, 0, 4, 6, 3, 0, 2, 0, 0],
        [5, 0, 3, 5, 1, 0, 1, 0, 0],
        [7, 0, 1, 5, 0, 0, 1, 0, 0],
    ]
    assert graph.edges.shape == (2, 2 * mol.GetNumBonds()) and graph.bonds.shape == (2 * mol.GetNumBonds(), 3)
    double = [k for k in range(len(graph.bonds)) if {3, 4} == set(graph.edges[:, k].tolist())]
    assert graph.bonds[double].tolist() == [[1, 0, 0]] * 2


def test_every_value_has_a_place_in_its_embedding():
    for smiles in (
        "c1ccccc1",
        "[Xe]",
        "[O-][N+](=O)C=C",
        "C[S@](=O)CC",
        "F/C=C/F",
        "[CH3]",
        "FS(F)(F)(F)(F)F",
    ):
        graph = integer_graph(Chem.AddHs(Chem.MolFromSmiles(smiles)))
        assert (graph.atoms >= 0).all() and (graph.atoms < np.array(ATOM_SIZES)).all()
        assert (graph.bonds >= 0).all() and (graph.bonds < np.array(BOND_SIZES)).all()


def test_pairs_stay_within_molecules():
    graphs = [integer_graph(Chem.MolFromSmiles(smiles)) for smiles in ("CCO", "O", "CC")]
    batch = join(graphs)
    assert batch.pairs.T.tolist() == [[0, 1], [0, 2], [1, 2], [4, 5]]
    assert batch.molecule.tolist() == [0, 0, 0, 1, 2, 2]
    assert batch.edges.T.tolist() == [[0, 1], [1, 0], [1, 2], [2, 1], [4, 5], [5, 4]]
