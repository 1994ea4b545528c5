"""Physics that holds for any weights: symmetries, derivatives, smoothness, size consistency."""

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk, molecule
from scipy.spatial.transform import Rotation

from groundstate.interatomic.graph import GraphBatch, atom_graph, collate
from groundstate.interatomic.network import GauntPotential, Predicted
from groundstate.interatomic.settings import PotentialNetwork

ELEMENTS = [1, 6, 7, 8, 14]
CUTOFF = 4.0


@pytest.fixture(params=["gaunt", "clebsch-gordan"], scope="module")
def network(request: pytest.FixtureRequest) -> GauntPotential:
    settings = PotentialNetwork(
        product=request.param, channels=8, lmax=2, cutoff=CUTOFF, radial_width=8, repulsion=True
    )
    torch.manual_seed(0)
    return GauntPotential(
        settings, ELEMENTS, [-13.6, -1029.0, -1485.0, -2042.0, -7800.0], 12.0, 1.0, -5.0
    ).double()


def batch_of(*structures: Atoms) -> GraphBatch:
    return collate([atom_graph(atoms, CUTOFF) for atoms in structures], ELEMENTS, torch.float64)


def run(network: GauntPotential, *structures: Atoms, stress: bool = False) -> Predicted:
    return network(batch_of(*structures), stress=stress)


def test_rotation_translation_reflection_and_order_of_atoms(network: GauntPotential) -> None:
    atoms = molecule("CH3CONH2")
    before = run(network, atoms)
    turn = -Rotation.random(random_state=0).as_matrix()  # improper
    order = np.random.default_rng(0).permutation(len(atoms))
    moved = Atoms(atoms.numbers[order], positions=(atoms.positions @ turn.T + [1, -2, 3])[order])
    after = run(network, moved)
    assert after.energies.item() == pytest.approx(before.energies.item(), abs=1e-10)
    np.testing.assert_allclose(after.forces, (before.forces.numpy() @ turn.T)[order], atol=1e-10)


def test_forces_are_minus_the_gradient(network: GauntPotential) -> None:
    atoms, step = molecule("CH3OH"), 1e-5
    forces = run(network, atoms).forces.numpy()
    for atom, axis in ((0, 0), (1, 2), (3, 1)):
        ends = []
        for sign in (1, -1):
            moved = atoms.copy()
            moved.positions[atom, axis] += sign * step
            ends.append(run(network, moved).energies.item())
        assert forces[atom, axis] == pytest.approx(-(ends[0] - ends[1]) / (2 * step), abs=1e-6)


def test_stress_is_the_derivative_by_strain(network: GauntPotential) -> None:
    atoms, step = bulk("Si"), 1e-5
    atoms.positions[1] += [0.1, -0.05, 0.07]
    stress = run(network, atoms, stress=True).stresses
    assert stress is not None
    for i, j in ((0, 0), (0, 1), (2, 2)):
        ends = []
        for sign in (1, -1):
            strain = np.zeros((3, 3))
            strain[i, j] += sign * step / 2
            strain[j, i] += sign * step / 2
            strained = atoms.copy()
            strained.set_cell(atoms.cell.array @ (np.eye(3) + strain), scale_atoms=True)
            ends.append(run(network, strained).energies.item())
        expected = (ends[0] - ends[1]) / (2 * step) / atoms.get_volume()
        assert stress[0, i, j].item() == pytest.approx(expected, abs=1e-7)


def test_energy_and_forces_are_smooth_across_the_cutoff(network: GauntPotential) -> None:
    water = molecule("H2O")

    def at(distance: float) -> Predicted:  # the carbon reaches the oxygen alone
        return run(network, water + Atoms("C", [water.positions[0] + [0, 0, distance]]))

    step = 1e-6
    inside, outside = at(CUTOFF - step), at(CUTOFF + step)
    assert at(CUTOFF - 0.5).energies.item() != pytest.approx(outside.energies.item(), abs=1e-6)
    assert inside.energies.item() == pytest.approx(outside.energies.item(), abs=1e-10)
    np.testing.assert_allclose(inside.forces, outside.forces, atol=1e-10)


def test_far_apart_means_added_up_and_alone_means_isolated(network: GauntPotential) -> None:
    water, methane = molecule("H2O"), molecule("CH4")
    far = methane.copy()
    far.positions += 30
    energies = run(network, water, methane, water + far, Atoms("O")).energies
    assert energies[2].item() == pytest.approx((energies[0] + energies[1]).item(), abs=1e-10)
    assert energies[3].item() == -2042.0


def test_a_supercell_is_its_cells(network: GauntPotential) -> None:
    cell = bulk("Si")
    cell.positions[1] += 0.1
    energies = run(network, cell, cell.repeat((2, 1, 3))).energies
    assert energies[1].item() == pytest.approx(6 * energies[0].item(), abs=1e-10)


def test_what_stands_in_the_same_batch_does_not_matter(network: GauntPotential) -> None:
    structures = [molecule("CH3OH"), bulk("Si"), molecule("H2O")]
    together = run(network, *structures)
    alone = torch.cat([run(network, one).energies for one in structures])
    torch.testing.assert_close(together.energies, alone, rtol=0, atol=1e-10)


def test_repulsion_wins_at_short_distance(network: GauntPotential) -> None:
    forces = run(network, Atoms("SiSi", [[0, 0, 0], [0.15, 0, 0]])).forces
    assert forces[1, 0] > 100
