"""The best conformer of a search, against a published difference."""

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers, rdMolTransforms

from groundstate.metrics.molecules.conformer_energy import conformer_energy
from metrics.molecules.made import embedded


def test_the_folded_conformer_is_above_the_best_one_and_strain_is_not_counted():
    mol = Chem.AddHs(Chem.MolFromSmiles("CCCC"))
    rdDistGeom.EmbedMultipleConfs(mol, 20, randomSeed=1)
    rdForceFieldHelpers.MMFFOptimizeMoleculeConfs(mol)
    turns = [abs(rdMolTransforms.GetDihedralDeg(c, 0, 1, 2, 3)) for c in mol.GetConformers()]
    anti = mol.GetConformer(int(np.argmax(turns))).GetPositions()
    gauche = mol.GetConformer(int(np.argmin(turns))).GetPositions()
    # MMFF94 has gauche butane 0.78 kcal/mol above anti (Halgren, J. Comput. Chem. 17, 490, 1996)
    assert conformer_energy(mol, gauche) == pytest.approx(0.78, abs=0.1)
    assert conformer_energy(mol, anti * 1.02) == pytest.approx(0, abs=1e-3)
    assert conformer_energy(Chem.MolFromSmiles("CCCC"), anti[:4]) is None


def test_a_cage_that_cannot_be_embedded_has_no_conformer_energy(monkeypatch):
    mol, positions = embedded("CCCC")
    monkeypatch.setattr("groundstate.metrics.molecules.conformer_energy.CONFORMERS", 0)
    assert conformer_energy(mol, positions) is None
