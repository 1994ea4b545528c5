"""Guesses of Hessians: gradients of internal coordinates by differences, and a step that goes down."""

import numpy as np
import pytest
from rdkit import Chem

from groundstate.molecular_potentials import hessian
from groundstate.molecular_potentials.mmff94 import mmff_function


def angle(points: np.ndarray) -> float:
    u, v = points[0] - points[1], points[2] - points[1]
    return float(np.arccos(u @ v / np.linalg.norm(u) / np.linalg.norm(v)))


def dihedral(points: np.ndarray) -> float:
    u, v, w = points[1] - points[0], points[2] - points[1], points[3] - points[2]
    first, second = np.cross(u, v), np.cross(v, w)
    return float(np.arctan2(np.linalg.norm(v) * (u @ second), first @ second))


@pytest.mark.parametrize(
    ("function", "gradient", "atoms"), [(angle, hessian._bend, 3), (dihedral, hessian._torsion, 4)]
)
def test_gradients_of_internal_coordinates(function, gradient, atoms: int) -> None:
    points = np.random.default_rng(0).normal(size=(atoms, 3))
    numerical = np.zeros_like(points)
    for index in np.ndindex(points.shape):
        step = np.zeros_like(points)
        step[index] = 1e-5
        numerical[index] = (function(points + step) - function(points - step)) / 2e-5
    found = gradient(*points)
    # k b b^T does not know the sign of a torsion
    assert min(np.abs(found - numerical).max(), np.abs(found + numerical).max()) < 1e-8


@pytest.mark.parametrize("smiles", ["CC#CC", "OCC(=O)Nc1ccccc1", "CB(O)O", "O"])
def test_a_guess_is_positive_definite_and_its_step_goes_down(smiles: str, embedded) -> None:
    mol, positions = embedded(smiles, 1)
    guess = hessian.guess_hessian(mol, positions)
    assert np.linalg.eigvalsh(guess).min() > 0.1
    if Chem.MolFromSmiles(smiles).HasSubstructMatch(Chem.MolFromSmarts("B")):
        np.testing.assert_array_equal(guess, hessian.model_hessian(mol, positions))  # no MMFF94 for boron
        return
    function = mmff_function(mol)
    start = positions.ravel() + np.random.default_rng(0).normal(size=positions.size) * 0.02
    energy, gradient = function(start)
    for matrix in (guess, hessian.model_hessian(mol, positions)):
        step = -np.linalg.solve(matrix, gradient)
        assert step @ gradient < 0
        assert function(start + step * min(1.0, 0.03 / np.abs(step).max()))[0] < energy
