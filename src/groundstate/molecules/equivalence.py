"""Atoms that chemistry does not tell apart: the renumberings that leave a molecule what it is."""

import numpy as np
from rdkit import Chem


def equivalent_orders(mol: Chem.Mol, most: int) -> list[np.ndarray]:
    """Give at most ``most`` renumberings of atoms that permute equivalent heavy ones; the given one first.

    Hydrogens follow their heavy atom in file order. Stereo is not looked at.
    """
    numbers = np.array([atom.GetAtomicNum() for atom in list(mol.GetAtoms())])
    given, groups = np.arange(len(numbers)), hydrogens_of(mol)
    heavy = [int(i) for i in np.flatnonzero(numbers != 1)]
    if not heavy:
        return [given]
    skeleton = Chem.RWMol(mol)
    for index in heavy:  # heavy atoms with different numbers of hydrogens are not equivalent
        skeleton.GetAtomWithIdx(index).SetIsotope(len(groups[index]) + 1)
    for index in sorted(np.flatnonzero(numbers == 1).tolist(), reverse=True):
        skeleton.RemoveAtom(index)
    orders = [given]
    for match in skeleton.GetSubstructMatches(skeleton, uniquify=False, maxMatches=most):
        order = given.copy()
        for here, there in zip(heavy, match, strict=True):
            order[here] = heavy[there]
            order[groups[here]] = groups[heavy[there]]
        if not np.array_equal(order, given):
            orders.append(order)
    return orders[:most]


def hydrogens_of(mol: Chem.Mol) -> dict[int, list[int]]:
    """Map each heavy atom to its hydrogens, by index."""
    return {
        atom.GetIdx(): [other.GetIdx() for other in atom.GetNeighbors() if other.GetAtomicNum() == 1]
        for atom in list(mol.GetAtoms())
        if atom.GetAtomicNum() != 1
    }
