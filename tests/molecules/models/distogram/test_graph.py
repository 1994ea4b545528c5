"""What the distogram reads of a molecule."""

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom, rdMolTransforms

from groundstate.molecules.models.distogram.graph import (
    FEWEST_BONDS,
    SIDES,
    distances_of,
    heavy_graph,
    in_classes,
    tables_of,
    turns_of,
)

ELEMENTS = [1, 6, 7, 8, 9]


def graph_of(smiles):
    return heavy_graph(Chem.MolFromSmiles(smiles), ELEMENTS)


def between_of(smiles):
    """Features of pairs, in the numbering of the SMILES."""
    graph = graph_of(smiles)
    back = np.argsort(graph.heavy)
    return graph.between[np.ix_(back, back)]


@pytest.mark.parametrize(("smiles", "side"), [("C/C=C/C", 1), ("C/C=C\\C", 0)])
def test_cis_and_trans_are_told_apart(smiles, side):
    ends = between_of(smiles)[0, 3, -SIDES:]
    assert ends.tolist() == [int(side == 0), int(side == 1)]


def test_the_unmarked_neighbours_of_a_double_bond_have_sides_too():
    between = between_of("C/C(CC)=C(\\C)CC")[..., -SIDES:]  # 0 and 2 at one end, 5 and 6 at the other
    table = between[np.ix_([0, 2], [5, 6])]
    assert table[0, 0].tolist() == table[1, 1].tolist() == table[0, 1, ::-1].tolist()
    assert (table.sum(-1) == 1).all() and between.sum() == 2 * 4


def test_written_and_unwritten_hydrogens_give_the_same_graph():
    mol = Chem.MolFromSmiles("OCC(N)=O")
    bare, whole = heavy_graph(mol, ELEMENTS), heavy_graph(Chem.AddHs(mol), ELEMENTS)
    for one, other in zip(bare, whole, strict=True):
        np.testing.assert_array_equal(one, other)


def test_pairs_that_bonds_and_angles_settle_are_not_counted():
    graphs = [graph_of("CCCC"), graph_of("CCCCCO")]
    tables = [np.ones((4, 4)), np.ones((6, 6))]
    batch = tables_of(graphs, tables, tables)
    assert batch.counted[0].nonzero().tolist() == [[0, 3]]
    assert batch.counted[1].sum() == 3 + 2 + 1
    assert (batch.counted.nonzero()[:, 2] - batch.counted.nonzero()[:, 1] >= FEWEST_BONDS).all()


def test_distances_are_of_the_heavy_atoms_in_their_order():
    mol = Chem.AddHs(Chem.MolFromSmiles("O"))
    positions = np.arange(9.0).reshape(3, 3)
    assert distances_of(positions, heavy_graph(mol, ELEMENTS)).tolist() == [[0.0]]


def test_turns_are_sines_of_torsions_and_have_a_hand():
    mol = Chem.AddHs(Chem.MolFromSmiles("CCC(O)CN"))
    assert rdDistGeom.EmbedMolecule(mol, randomSeed=1) == 0
    conformer, graph = mol.GetConformer(), heavy_graph(mol, ELEMENTS)
    table = turns_of(conformer.GetPositions(), graph)
    for first, second, third, last in graph.torsions.tolist():
        path = graph.heavy[[first, second, third, last]].tolist()
        angle = rdMolTransforms.GetDihedralRad(conformer, *path)
        assert table[min(first, last), max(first, last)] == pytest.approx(np.sin(angle), abs=1e-6)
    assert np.count_nonzero(table) == len(graph.torsions) == 4
    np.testing.assert_allclose(turns_of(conformer.GetPositions() * [1, 1, -1], graph), -table, atol=1e-9)


def test_enantiomers_have_opposite_hands_and_only_at_their_centre():
    graphs = [graph_of(smiles) for smiles in ("C[C@H](O)N", "C[C@@H](O)N")]
    left, right = (one.atoms[np.argsort(one.heavy), -1].tolist() for one in graphs)
    assert left == [-hand for hand in right] and [hand != 0 for hand in left] == [False, True, False, False]


@pytest.mark.parametrize(
    "smiles", ["CC[C@H](O)[C@@H](N)C#N", "O=C1C[C@@H]2OC2N1", "C/C(F)=C/CCO", "CC(C)C=O"]
)
def test_the_numbering_of_the_input_does_not_matter(smiles):
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    assert rdDistGeom.EmbedMolecule(mol, randomSeed=1) == 0
    order = np.random.default_rng(0).permutation(mol.GetNumAtoms()).tolist()
    graphs = [heavy_graph(one, ELEMENTS) for one in (mol, Chem.RenumberAtoms(mol, order))]
    np.testing.assert_array_equal(graphs[0].atoms, graphs[1].atoms)
    np.testing.assert_array_equal(graphs[0].between, graphs[1].between)
    numbers = list(Chem.CanonicalRankAtoms(mol, breakTies=False, includeChirality=False))
    same = [numbers[index] for index in graphs[0].heavy.tolist()]
    assert same == [numbers[order[index]] for index in graphs[1].heavy.tolist()]


def test_small_molecules_do_not_share_a_table_with_large_ones():
    graphs = [graph_of(smiles) for smiles in ("CCCC", "C" * 30, "CCO", "C" * 12)]
    assert in_classes(graphs) == [[0, 2], [3], [1]]
