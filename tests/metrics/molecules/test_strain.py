"""MMFF94 strain at and off the minimum, and where there is none."""

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from groundstate.metrics.molecules.strain import mmff_strain
from metrics.molecules.made import embedded, moved


def test_strain_is_zero_at_the_minimum_and_grows_with_noise():
    mol, positions = embedded("CCO")
    assert mmff_strain(mol, positions) == pytest.approx(0, abs=0.01)
    stretched = positions.copy()
    stretched[-1] += 0.2 * (positions[-1] - positions[2])
    assert mmff_strain(mol, stretched) > 5
    assert mmff_strain(mol, moved(stretched)) == pytest.approx(mmff_strain(mol, stretched), abs=0.01)
    assert mmff_strain(Chem.RemoveHs(mol), positions[:3]) is None
    assert mmff_strain(*embedded_uff("CB(O)O")) is None
    mol, positions = embedded("CC#CC=O")
    assert mmff_strain(mol, positions * [1, 0, 0]) is None  # on a line, where RDKit's line search gives up


def embedded_uff(smiles: str) -> tuple[Chem.Mol, np.ndarray]:
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    rdDistGeom.EmbedMolecule(mol, randomSeed=1)
    return mol, mol.GetConformer().GetPositions()
