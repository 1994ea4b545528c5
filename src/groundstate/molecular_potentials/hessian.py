"""A guess of a molecule's Hessian, to precondition a minimisation: of MMFF94, or from the bonds alone."""

import math
from itertools import combinations

import numpy as np
import torch
from rdkit import Chem

from groundstate.molecular_potentials.mmff94 import Mmff94, mmff_function

# In the spirit of Lindh, Bernhardsson, Karlstroem and Malmqvist, Chem. Phys. Lett. 241, 423 (1995), whose
# stretches, bends and torsions have 0.45, 0.15 and 0.005 atomic units near equilibrium; torsions twice that.
STRETCH = 43.7  # eV/angstrom^2
BEND = 4.1  # eV/rad^2
TORSION = 0.3  # eV/rad^2
FLOOR = 1.0  # eV/angstrom^2 on every coordinate
MMFF_FLOOR = 0.5  # eV/angstrom^2, lowest eigenvalue of a Hessian of MMFF94
STEP = 1e-3  # angstrom, of its differences
STRAIGHT = math.sin(math.radians(5.0))  # bends and torsions over a nearly straight angle are left out


def guess_hessian(mol: Chem.Mol, positions: np.ndarray) -> np.ndarray:
    """Guess the Hessian of ``mol`` at ``positions`` (n, 3): positive definite (3n, 3n), eV/angstrom^2.

    That of MMFF94, with its eigenvalues made positive, where the force field has parameters; a third more
    energies are needed about ``model_hessian``.
    """
    if Mmff94().refusal(mol) is not None:
        return model_hessian(mol, positions)
    function = mmff_function(mol)
    flat = np.asarray(positions, float).ravel()
    hessian = np.empty((flat.size, flat.size))
    for row in range(flat.size):
        ahead, behind = flat.copy(), flat.copy()
        ahead[row] += STEP
        behind[row] -= STEP
        hessian[row] = (function(ahead)[1] - function(behind)[1]) / (2 * STEP)
    if not np.isfinite(hessian).all():  # atoms on one another
        return model_hessian(mol, positions)
    # by torch: for 120 rows on a busy machine, two threads of numpy's BLAS take 170 CPU-ms, of torch's 3
    values, vectors = torch.linalg.eigh(torch.from_numpy((hessian + hessian.T) / 2))
    return ((vectors * values.abs().clamp(min=MMFF_FLOOR)) @ vectors.T).numpy()


def model_hessian(mol: Chem.Mol, positions: np.ndarray) -> np.ndarray:
    """Sum k b b^T over internal coordinates: a positive definite (3n, 3n) matrix in eV/angstrom^2.

    The coordinates are the bonds, angles and torsions; b is the gradient of one at ``positions`` (n, 3).
    """
    hessian = FLOOR * np.eye(3 * len(positions))
    near = [[other.GetIdx() for other in atom.GetNeighbors()] for atom in mol.GetAtoms()]
    for bond in mol.GetBonds():
        i, j = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        unit = _unit(positions[i] - positions[j])
        _add(hessian, STRETCH, (i, j), np.stack([unit, -unit]))
        for k in near[i]:
            for m in near[j]:
                if k != j and m != i and k != m:
                    gradient = _torsion(*positions[[k, i, j, m]])
                    if gradient is not None:
                        _add(hessian, TORSION, (k, i, j, m), gradient)
    for centre, others in enumerate(near):
        for i, j in combinations(others, 2):
            gradient = _bend(*positions[[i, centre, j]])
            if gradient is not None:
                _add(hessian, BEND, (i, centre, j), gradient)
    return hessian


def _add(hessian: np.ndarray, constant: float, atoms: tuple[int, ...], gradient: np.ndarray) -> None:
    rows = np.concatenate([np.arange(3 * atom, 3 * atom + 3) for atom in atoms])
    flat = gradient.ravel()
    hessian[np.ix_(rows, rows)] += constant * np.outer(flat, flat)


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(math.sqrt(vector @ vector), 1e-6)


def _bend(first: np.ndarray, centre: np.ndarray, last: np.ndarray) -> np.ndarray | None:
    """Gradient (3, 3) of the angle at ``centre``, radian per angstrom."""
    u, v = _unit(first - centre), _unit(last - centre)
    cosine = float(u @ v)
    sine = math.sqrt(max(1 - cosine * cosine, 0.0))
    if sine < STRAIGHT:
        return None
    du = (cosine * u - v) / (sine * np.linalg.norm(first - centre))
    dv = (cosine * v - u) / (sine * np.linalg.norm(last - centre))
    return np.stack([du, -du - dv, dv])


def _torsion(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> np.ndarray | None:
    """Gradient (4, 3) of the dihedral angle a-b-c-d, radian per angstrom (Blondel and Karplus, 1996)."""
    f, g, h = a - b, b - c, d - c
    length = max(math.sqrt(g @ g), 1e-6)
    m, n = np.cross(f, g), np.cross(h, g)
    mm, nn = float(m @ m), float(n @ n)
    if mm < (STRAIGHT * length) ** 2 * (f @ f) or nn < (STRAIGHT * length) ** 2 * (h @ h):
        return None
    da, dd = -length / mm * m, length / nn * n
    fg, hg = float(f @ g) / length, float(h @ g) / length
    middle = fg / mm * m - hg / nn * n
    return np.stack([da, -da + middle, -dd - middle, dd])
