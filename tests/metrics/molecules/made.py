"""Molecules that the tests of the metrics share."""

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers
from scipy.spatial.transform import Rotation


def embedded(smiles: str, seed: int = 1) -> tuple[Chem.Mol, np.ndarray]:
    """A molecule with hydrogens at a minimum of MMFF94, and its positions."""
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    assert rdDistGeom.EmbedMolecule(mol, randomSeed=seed) == 0
    rdForceFieldHelpers.MMFFOptimizeMolecule(mol)
    return mol, mol.GetConformer().GetPositions()


def moved(positions: np.ndarray) -> np.ndarray:
    """Turned and shifted, the same shape and hand."""
    return Rotation.random(random_state=3).apply(positions) + np.array([5, -1, 2])
