"""Graph features of molecules."""

import numpy as np
import pytest
from rdkit import Chem

from groundstate.molecules.models.graphs.graph import FARTHEST, collate, graph_of, padded
from groundstate.molecules.mols import RecordError


def test_pairs_are_the_atoms_up_to_three_bonds_apart():
    graph = graph_of(Chem.MolFromSmiles("CCCCC"), [6])
    found = {
        tuple(pair): bonds
        for pair, bonds in zip(graph.pairs.tolist(), graph.separation.tolist(), strict=True)
    }
    assert found == {(i, j): j - i for i in range(5) for j in range(i + 1, 5) if j - i <= FARTHEST}
    assert graph.topology[0, 4] == 4


def test_bond_type_ring_and_charge_are_seen():
    graph = graph_of(Chem.MolFromSmiles("C[N+](=O)[O-]"), [6, 7, 8])
    charges = graph.atoms[:, 3]
    assert charges.tolist() == [0, 1, 0, -1]
    kinds = graph.pair_features[:, 3:7].argmax(1)[graph.separation == 1]
    assert kinds.tolist() == [0, 1, 0]
    ring = graph_of(Chem.AddHs(Chem.MolFromSmiles("C1CC1")), [1, 6])
    assert ring.atoms[:3, -4].tolist() == [1, 1, 1] and ring.atoms[3:, -4].sum() == 0


def test_unknown_element_and_fragments_are_refused_with_a_reason():
    with pytest.raises(RecordError, match=r"element Br was not in the training set \(H, C\)"):
        graph_of(Chem.MolFromSmiles("CBr"), [1, 6])
    with pytest.raises(RecordError, match="disconnected"):
        graph_of(Chem.MolFromSmiles("C.C"), [6])


def test_batch_keeps_the_atoms_of_each_molecule():
    graphs = [graph_of(Chem.MolFromSmiles(smiles), [6, 8]) for smiles in ("CCO", "O", "CCCCO")]
    batch = collate(graphs)
    assert (batch.molecules, batch.width, batch.messages) == (3, 5, 3 + 7)
    table = padded(batch.atoms, batch).numpy()
    for row, graph in enumerate(graphs):
        np.testing.assert_array_equal(table[row, : len(graph.atoms)], graph.atoms)
        assert not table[row, len(graph.atoms) :].any()
    assert (batch.separation.diff() >= 0).all()
    ends = np.stack([batch.first, batch.second])
    molecule = np.repeat([0, 1, 2], [3, 1, 5])
    assert (molecule[ends[0]] == molecule[ends[1]]).all()
