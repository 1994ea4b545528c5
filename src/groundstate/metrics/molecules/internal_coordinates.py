"""Errors of bond lengths, bond angles and torsions."""

from typing import NamedTuple

import numpy as np
from rdkit import Chem

LINEAR = 175.0  # degrees; a torsion about a straight angle is not defined


class InternalCoordinates(NamedTuple):
    """Index tables of a molecule: bonds (b, 2), angles (a, 3), torsions (t, 4)."""

    bonds: np.ndarray
    angles: np.ndarray
    torsions: np.ndarray


def internal_coordinates(mol: Chem.Mol) -> InternalCoordinates:
    """List all bonds, all angles between two bonds of an atom, all proper torsions i-j-k-l with i != l."""
    bonds = [(b.GetBeginAtomIdx(), b.GetEndAtomIdx()) for b in list(mol.GetBonds())]
    neighbours: list[list[int]] = [[] for _ in range(mol.GetNumAtoms())]
    for i, j in bonds:
        neighbours[i].append(j)
        neighbours[j].append(i)
    angles = [
        (near[a], centre, near[b])
        for centre, near in enumerate(neighbours)
        for a in range(len(near))
        for b in range(a + 1, len(near))
    ]
    torsions = [
        (i, j, k, m)
        for j, k in bonds
        for i in neighbours[j]
        if i != k
        for m in neighbours[k]
        if m not in (i, j)
    ]
    return InternalCoordinates(
        np.array(bonds, int).reshape(-1, 2),
        np.array(angles, int).reshape(-1, 3),
        np.array(torsions, int).reshape(-1, 4),
    )


def bond_lengths(positions: np.ndarray, bonds: np.ndarray) -> np.ndarray:
    """Measure bond lengths (b,) in angstrom."""
    return np.linalg.norm(positions[bonds[:, 0]] - positions[bonds[:, 1]], axis=-1)


def bond_angles(positions: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Measure angles (a,) at the middle atom in degrees."""
    first = positions[angles[:, 0]] - positions[angles[:, 1]]
    second = positions[angles[:, 2]] - positions[angles[:, 1]]
    sine = np.linalg.norm(np.cross(first, second), axis=-1)
    return np.degrees(np.arctan2(sine, (first * second).sum(-1)))


def torsion_angles(positions: np.ndarray, torsions: np.ndarray) -> np.ndarray:
    """Measure torsions (t,) in degrees, -180 to 180, IUPAC sign; NaN where three atoms are on a line."""
    i, j, k, m = positions[torsions].transpose(1, 0, 2)
    axis = k - j
    first, second = np.cross(j - i, axis), np.cross(axis, m - k)
    sine = (np.cross(first, second) * axis).sum(-1) / np.maximum(np.linalg.norm(axis, axis=-1), 1e-12)
    values = np.degrees(np.arctan2(sine, (first * second).sum(-1)))
    straight = (
        np.maximum(bond_angles(positions, torsions[:, :3]), bond_angles(positions, torsions[:, 1:])) > LINEAR
    )
    return np.where(straight, np.nan, values)


class InternalErrors(NamedTuple):
    """Summed absolute errors and counts: lengths in angstrom, angles and torsions in degrees."""

    bond: float
    bonds: int
    angle: float
    angles: int
    torsion: float
    torsions: int


def internal_errors(
    coordinates: InternalCoordinates, predicted: np.ndarray, reference: np.ndarray
) -> InternalErrors:
    """Sum the absolute errors; torsions that are straight in either geometry are left out."""
    bond = bond_lengths(predicted, coordinates.bonds) - bond_lengths(reference, coordinates.bonds)
    angle = bond_angles(predicted, coordinates.angles) - bond_angles(reference, coordinates.angles)
    turn = torsion_angles(predicted, coordinates.torsions) - torsion_angles(reference, coordinates.torsions)
    turn = (turn[~np.isnan(turn)] + 180) % 360 - 180
    return InternalErrors(
        *(float(np.abs(bond).sum()), len(bond)),
        *(float(np.abs(angle).sum()), len(angle)),
        *(float(np.abs(turn).sum()), len(turn)),
    )
