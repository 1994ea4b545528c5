"""Symmetries of the network, and how a likelihood is read from its bins."""

import numpy as np
import pytest
import torch
from rdkit import Chem

from groundstate.molecules.models.distogram.graph import heavy_graph, tables_of
from groundstate.molecules.models.distogram.network import FARTHEST, NEAREST, Distogram
from groundstate.molecules.models.graphs.graph import ATOM_FEATURES

ELEMENTS = [1, 6, 7, 8]


def graph_of(mol):
    return heavy_graph(mol, ELEMENTS)


def batch_of(*mols):
    graphs = [graph_of(mol) for mol in mols]
    tables = [np.ones((len(one.heavy),) * 2) for one in graphs]
    return tables_of(graphs, tables, tables)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    network = Distogram(len(ELEMENTS) + ATOM_FEATURES + 1, 16, 8, 2, 24).double()
    for weights in network.parameters():  # what a round adds is zero before training
        torch.nn.init.normal_(weights, std=0.3)
    return network.requires_grad_(False)


def outputs(network, *mols):
    batch = batch_of(*mols)
    floats = batch._replace(atoms=batch.atoms.double(), between=batch.between.double())
    return network(floats)


def test_bins_are_probabilities_and_the_same_from_both_ends(network):
    table, turned = outputs(network, Chem.MolFromSmiles("CC(O)CN"))
    torch.testing.assert_close(table.exp().sum(-1), torch.ones(table.shape[:-1], dtype=torch.double))
    torch.testing.assert_close(table, table.transpose(1, 2))
    torch.testing.assert_close(turned, turned.transpose(1, 2))


def test_mirror_images_have_the_same_distances_only_by_learning(network):
    """A hand reaches the network: it may tell one enantiomer from the other."""
    one, other = (outputs(network, Chem.MolFromSmiles(s)) for s in ("CC[C@H](O)CN", "CC[C@@H](O)CN"))
    assert (one[1] - other[1]).abs().max() > 1e-3


def test_dropout_is_for_learning_alone():
    torch.manual_seed(0)
    network = Distogram(len(ELEMENTS) + ATOM_FEATURES + 1, 16, 8, 2, 24, dropout=0.5)
    for weights in network.parameters():
        torch.nn.init.normal_(weights, std=0.3)
    batch = batch_of(Chem.MolFromSmiles("CC(O)CN"))
    assert not torch.equal(network(batch)[0], network(batch)[0])
    network.eval()
    assert torch.equal(network(batch)[0], network(batch)[0])


def test_molecules_beside_it_do_not_matter(network):
    mol, large = Chem.MolFromSmiles("CC(O)CN"), Chem.MolFromSmiles("c1ccccc1CCCCC(=O)O")
    for beside, alone in zip(outputs(network, mol, large), outputs(network, mol), strict=True):
        torch.testing.assert_close(beside[0, :5, :5], alone[0])


def test_likelihoods_are_read_at_bins_and_between_them(network):
    table = torch.randn(24, dtype=torch.double).log_softmax(-1)
    places = NEAREST * (FARTHEST / NEAREST) ** (torch.tensor([0.0, 7.0, 7.5, 22.9]) / 23)
    found = network.log_likelihood(table, places.double())
    expected = [table[0], table[7], (table[7] + table[8]) / 2, 0.1 * table[22] + 0.9 * table[23]]
    torch.testing.assert_close(found, torch.stack(expected), atol=1e-4, rtol=1e-4)
    nearer, farther = network.log_likelihood(table, torch.tensor([0.1, 90.0], dtype=torch.double))
    torch.testing.assert_close(nearer, table[0])
    assert abs(farther - table[23]) < 0.01
