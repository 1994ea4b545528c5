"""AIMNet2 as a batched potential: against the published network, finite differences, and itself."""

import io

import numpy as np
import pytest
import torch
from rdkit import Chem

from groundstate.molecular_potentials.aimnet2 import Aimnet2
from groundstate.molecular_potentials.interface import KCAL, find_molecular_potential, pad
from groundstate.molecular_potentials.relax import relax_molecules
from groundstate.molecular_potentials.settings import RelaxMolecules
from groundstate.molecular_potentials.weights import NETWORK, read_weights

SMILES = ["CCO", "CC(=O)Oc1ccccc1C(=O)O", "C[NH3+]", "CC(=O)[O-]", "CBr"]


@pytest.mark.parametrize(
    ("smiles", "said"),
    [
        ("[Fe]", "element of atom Fe1"),
        ("C[Sn](C)(C)C", "element of atom Sn2"),
        ("C[CH2]", "1 unpaired electron at C2"),
        ("[O][O]", "unpaired"),
    ],
)
def test_refuses_foreign_elements_and_open_shells_by_name(smiles: str, said: str) -> None:
    refusal = Aimnet2().refusal(Chem.AddHs(Chem.MolFromSmiles(smiles)))
    assert refusal is not None and said in refusal


def test_refuses_missing_hydrogens_and_takes_charges() -> None:
    assert "hydrogens of C1 are missing" in (Aimnet2().refusal(Chem.MolFromSmiles("CC")) or "")
    for smiles in ("C[NH3+]", "CC(=O)[O-]", "C[N+](C)(C)CC(=O)[O-]", "C[Si](C)(C)I", "CB(O)O", "C[Se]C"):
        assert Aimnet2().refusal(Chem.AddHs(Chem.MolFromSmiles(smiles))) is None


@pytest.mark.network
def test_energies_are_those_of_the_published_network(aimnet2: Aimnet2, embedded) -> None:
    network = torch.jit.load(io.BytesIO(read_weights(NETWORK)))
    for smiles in SMILES:
        mol, positions = embedded(smiles, 1)
        inputs = {
            "coord": torch.tensor(positions, dtype=torch.float32)[None],
            "numbers": torch.tensor([[atom.GetAtomicNum() for atom in mol.GetAtoms()]]),
            "charge": torch.tensor([float(Chem.GetFormalCharge(mol))]),
        }
        published = float(network(inputs)["energy"])
        # it adds the energies of free atoms in single precision: up to 0.004 eV for bromine
        assert aimnet2.single_points([mol], [positions])[0] == pytest.approx(published, abs=0.01)


@pytest.mark.network
def test_a_batch_of_different_sizes_gives_what_each_gives_alone(aimnet2: Aimnet2, embedded) -> None:
    mols, geometries = zip(*(embedded(smiles, 1) for smiles in SMILES), strict=True)
    every = torch.arange(len(mols))
    batch = aimnet2.surface(mols)(every, pad(geometries))
    for index, (mol, geometry) in enumerate(zip(mols, geometries, strict=True)):
        alone = aimnet2.surface([mol])(torch.tensor([0]), pad([geometry]))
        atoms = mol.GetNumAtoms()
        assert float(batch.energies[index] - alone.energies[0]) == pytest.approx(0, abs=2e-5)
        assert torch.allclose(batch.forces[index, :atoms], alone.forces[0], atol=1e-4)
        assert not batch.forces[index, atoms:].any()
    assert aimnet2.single_points(mols, geometries, 10) == pytest.approx(batch.energies.numpy(), abs=2e-5)


@pytest.mark.network
@pytest.mark.parametrize("smiles", ["CC(=O)[O-]", "CBr"])
def test_forces_are_the_slope_of_the_energy(aimnet2: Aimnet2, embedded, smiles: str) -> None:
    mol, positions = embedded(smiles, 1)
    direction = np.random.default_rng(0).normal(size=positions.shape)
    forces = aimnet2.surface([mol])(torch.tensor([0]), pad([positions])).forces[0].numpy()
    step = 5e-3
    ahead, behind = aimnet2.single_points(
        [mol] * 2, [positions + step * direction, positions - step * direction]
    )
    slope = (ahead - behind) / (2 * step)
    assert -(forces * direction).sum() == pytest.approx(slope, rel=1e-2, abs=5e-3)


@pytest.mark.network
def test_a_relaxation_does_not_depend_on_its_batch_and_comes_out_again(aimnet2: Aimnet2, embedded) -> None:
    mols, geometries = zip(
        *(embedded(smiles, 1) for smiles in ("CCO", "NCC(=O)O", "CS", "CC#N")), strict=True
    )
    settings = RelaxMolecules()
    together = relax_molecules(aimnet2, mols, geometries, settings)
    again = relax_molecules(aimnet2, mols, geometries, settings)
    for index, one in enumerate(together):
        assert one.outcome == "converged" and one.energy <= one.first_energy
        np.testing.assert_array_equal(one.positions, again[index].positions)
        alone = relax_molecules(aimnet2, mols[index : index + 1], geometries[index : index + 1], settings)[0]
        assert abs(one.energy - alone.energy) * KCAL < 0.02


@pytest.mark.network
def test_the_first_network_of_the_ensemble_is_the_potential(aimnet2: Aimnet2, embedded) -> None:
    mol, positions = embedded("CCO", 1)
    networks = aimnet2.network_energies([mol], pad([positions]))
    assert networks.shape == (4, 1)
    assert float(networks[0, 0]) == pytest.approx(aimnet2.single_points([mol], [positions])[0], abs=1e-5)
    assert 0 < float(networks.std()) < 0.1


@pytest.mark.network
def test_a_gpu_gives_the_same(aimnet2: Aimnet2, embedded) -> None:
    if not torch.cuda.is_available():
        pytest.skip("there is no GPU")
    mols, geometries = zip(*(embedded(smiles, 1) for smiles in SMILES), strict=True)
    there = find_molecular_potential("aimnet2", "cuda")
    for one, other in zip(
        relax_molecules(there, mols, geometries, RelaxMolecules()),
        relax_molecules(aimnet2, mols, geometries, RelaxMolecules()),
        strict=True,
    ):
        assert abs(one.energy - other.energy) * KCAL < 0.05
