"""The refiner: symmetries, identity at the start, independence of the batch."""

import numpy as np
import pytest
import torch
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from groundstate.molecules.models.gaunt.elastic import elastic_step
from groundstate.molecules.models.gaunt.model import GauntModel
from groundstate.molecules.models.graphs.graph import collate, graph_of

ELEMENTS = [1, 6, 7, 8, 9]
SMILES = ["C[C@H](O)C=O", "c1ccoc1", "C", "N#CC1CC1", "O"]


def embedded(smiles):
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    rdDistGeom.EmbedMolecule(mol, randomSeed=1)
    return mol


@pytest.fixture
def molecules():
    return [embedded(smiles) for smiles in SMILES]


def network(trained=True, **sizes):
    torch.manual_seed(0)
    sizes = {"channels": 4, "features": 8, "lmax": 2, "layers": 2, "radial": 6} | sizes
    ranker = {"features": 8, "rounds": 1, "radial": 8, "dropout": 0.0}
    model = GauntModel({"elements": ELEMENTS, "refiner": sizes, "ranker": ranker})
    if trained:  # zero-initialised parts stand for any trained value
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
    return model.double()


def geometries(model, mols, positions=None):
    graphs = [graph_of(mol, ELEMENTS) for mol in mols]
    batch = collate(graphs)
    batch = batch._replace(atoms=batch.atoms.double(), pair_features=batch.pair_features.double())
    if positions is None:
        positions = torch.tensor(np.concatenate([mol.GetConformer().GetPositions() for mol in mols]))
    return model.refiner(batch, positions)[-1], positions


@pytest.mark.parametrize("lmax", [0, 1, 2, 3])
def test_untrained_refiner_is_the_identity(molecules, lmax):
    refined, start = geometries(network(trained=False, lmax=lmax), molecules)
    torch.testing.assert_close(refined, start, rtol=0, atol=0)


@pytest.mark.parametrize("determinant", [1, -1], ids=["rotation", "mirror"])
@pytest.mark.parametrize("lmax", [1, 2, 3])
def test_refiner_is_equivariant_under_rotation_mirror_and_translation(molecules, lmax, determinant):
    refiner = network(lmax=lmax)
    refined, start = geometries(refiner, molecules)
    rotation = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64, generator=torch.manual_seed(1)))[0]
    rotation = rotation * determinant * torch.linalg.det(rotation)
    moved, _ = geometries(refiner, molecules, start @ rotation.T + torch.tensor([3.0, -1.0, 2.0]))
    assert (refined - start).abs().max() > 0.01
    torch.testing.assert_close(
        moved, refined @ rotation.T + torch.tensor([3.0, -1.0, 2.0]), rtol=0, atol=1e-10
    )


def test_refiner_follows_a_permutation_of_the_atoms(molecules):
    refiner, mol = network(), molecules[0]
    order = np.random.default_rng(0).permutation(mol.GetNumAtoms()).tolist()
    refined, _ = geometries(refiner, [mol])
    permuted, _ = geometries(refiner, [Chem.RenumberAtoms(mol, order)])
    torch.testing.assert_close(permuted, refined[order], rtol=0, atol=1e-10)


def test_result_does_not_depend_on_the_batch(molecules):
    refiner = network().float()
    graphs = [graph_of(mol, ELEMENTS) for mol in molecules]
    starts = [mol.GetConformer().GetPositions() for mol in molecules]
    together = refiner.refine(graphs, starts)
    for graph, start, expected in zip(graphs, starts, together, strict=True):
        np.testing.assert_allclose(refiner.refine([graph], [start])[0], expected, atol=2e-5)


def test_single_atom_stays(molecules):
    helium = Chem.MolFromSmiles("[F-]")
    graph = graph_of(helium, ELEMENTS)
    (refined,) = network().float().refine([graph], [np.zeros((1, 3))])
    np.testing.assert_allclose(refined, 0, atol=1e-6)


def test_elastic_step_moves_a_fragment_without_bending_it():
    """A force along the middle bond of a rigid body of two triangles moves each triangle as a whole."""
    mol = Chem.MolFromSmiles("C1CC1C1CC1")
    batch = collate([graph_of(mol, ELEMENTS)])
    positions = torch.tensor(
        [[-2.0, 0.7, 0], [-2.0, -0.7, 0], [-0.8, 0, 0], [0.8, 0, 0], [2.0, 0.7, 0], [2.0, -0.7, 0]],
        dtype=torch.float64,
    )
    difference = positions[batch.second] - positions[batch.first]
    direction = difference / difference.norm(dim=-1, keepdim=True)
    stiffness = torch.where(batch.separation <= 1, 1.0, 1e-9).double()
    middle = ((batch.first == 2) & (batch.second == 3)).double()
    spring = (0.1 * middle * stiffness)[:, None] * direction
    forces = torch.zeros(6, 3).double().index_add(0, batch.second, spring).index_add(0, batch.first, -spring)
    step = elastic_step(forces, stiffness, direction, torch.tensor(1e-6).double(), batch)
    np.testing.assert_allclose(step[:3, 0], -0.05, atol=1e-4)
    np.testing.assert_allclose(step[3:, 0], 0.05, atol=1e-4)
    np.testing.assert_allclose(step[:, 1:], 0, atol=1e-4)


def test_elastic_step_has_the_right_gradient():
    mol = Chem.MolFromSmiles("C1CC1")
    batch = collate([graph_of(mol, ELEMENTS), graph_of(Chem.MolFromSmiles("CC"), ELEMENTS)])
    generator = torch.manual_seed(0)
    forces = torch.randn(5, 3, dtype=torch.float64, generator=generator, requires_grad=True)
    stiffness = (torch.rand(4, dtype=torch.float64, generator=generator) + 0.5).requires_grad_()
    direction = torch.nn.functional.normalize(
        torch.randn(4, 3, dtype=torch.float64, generator=generator), dim=-1
    )
    drag = torch.tensor(0.1, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda f, k, d: elastic_step(f, k, direction, d, batch), (forces, stiffness, drag)
    )
