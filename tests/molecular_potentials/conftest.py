"""Molecules with a geometry, and the AIMNet2 networks where they are on this machine or can be fetched."""

from collections.abc import Callable

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

from groundstate.errors import GroundstateError
from groundstate.molecular_potentials.aimnet2 import Aimnet2
from groundstate.molecular_potentials.weights import NETWORK, read_weights


@pytest.fixture(scope="session")
def aimnet2() -> Aimnet2:
    """The potential; tests that use it are marked ``network``."""
    try:
        read_weights(NETWORK)
    except GroundstateError as error:
        pytest.skip(str(error))
    return Aimnet2()


@pytest.fixture(scope="session")
def embedded() -> Callable[[str, int], tuple[Chem.Mol, np.ndarray]]:
    """A molecule of a SMILES and one geometry (n, 3) near its MMFF94 minimum."""

    def make(smiles: str, seed: int = 1) -> tuple[Chem.Mol, np.ndarray]:
        mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
        rdDistGeom.EmbedMolecule(mol, randomSeed=seed)
        rdForceFieldHelpers.MMFFOptimizeMolecule(mol, maxIters=20)
        positions = mol.GetConformer().GetPositions()
        mol.RemoveAllConformers()
        return mol, positions

    return make
