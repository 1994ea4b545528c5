"""What the distogram reads of a molecule."""

import numpy as np
import pytest
from rdkit import Chem

from groundstate.molecules.models.distogram.graph import (
    FEWEST_BONDS,
    SIDES,
    distances_of,
    heavy_graph,
    in_classes,
    tables_of,
)

ELEMENTS = [1, 6, 7, 8]


def graph_of(smiles):
    return heavy_graph(Chem.MolFromSmiles(smiles), ELEMENTS)


@pytest.mark.parametrize(("smiles", "side"), [("C/C=C/C", 1), ("C/C=C\\C", 0)])
def test_cis_and_trans_are_told_apart(smiles, side):
    ends = graph_of(smiles).between[0, 3, -SIDES:]
    assert ends.tolist() == [int(side == 0), int(side == 1)]


def test_the_unmarked_neighbours_of_a_double_bond_have_sides_too():
    between = graph_of("C/C(CC)=C(\\C)CC").between[..., -SIDES:]  # 0 and 2 at one end, 5 and 6 at the other
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
    batch = tables_of(graphs, [np.ones((4, 4)), np.ones((6, 6))])
    assert batch.counted[0].nonzero().tolist() == [[0, 3]]
    assert batch.counted[1].sum() == 3 + 2 + 1
    assert (batch.counted.nonzero()[:, 2] - batch.counted.nonzero()[:, 1] >= FEWEST_BONDS).all()


def test_distances_are_of_the_heavy_atoms_in_their_order():
    mol = Chem.AddHs(Chem.MolFromSmiles("O"))
    positions = np.arange(9.0).reshape(3, 3)
    assert distances_of(positions, heavy_graph(mol, ELEMENTS)).tolist() == [[0.0]]


def test_small_molecules_do_not_share_a_table_with_large_ones():
    graphs = [graph_of(smiles) for smiles in ("CCCC", "C" * 30, "CCO", "C" * 12)]
    assert in_classes(graphs) == [[0, 2], [3], [1]]
