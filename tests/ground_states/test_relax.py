"""A minimum that is no longer the molecule is flagged, and the geometry before it kept."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from groundstate.ground_states.relax import relax_geometries
from groundstate.molecular_potentials.interface import Evaluation, Surface
from groundstate.molecular_potentials.mmff94 import Mmff94
from groundstate.molecular_potentials.settings import RelaxMolecules


class Springs(Mmff94):
    """Every atom is drawn to a place: the minimum is the geometry ``target``."""

    title = "springs"

    def __init__(self, target: np.ndarray) -> None:
        super().__init__()
        self.target = torch.as_tensor(target)

    def surface(self, mols: Sequence[Chem.Mol]) -> Surface:
        def evaluate(which: torch.Tensor, positions: torch.Tensor) -> Evaluation:
            away = positions - self.target
            return Evaluation(5 * (away**2).sum((1, 2)), -10 * away)

        return evaluate


@pytest.fixture(scope="module")
def alanine() -> tuple[Chem.Mol, np.ndarray]:
    mol = Chem.AddHs(Chem.MolFromSmiles("C[C@H](N)C(=O)O"))
    rdDistGeom.EmbedMolecule(mol, randomSeed=1)
    positions = mol.GetConformer().GetPositions()
    mol.RemoveAllConformers()
    return mol, positions


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda x: x, None),
        (lambda x: x * [1, 1, -1], "springs changed the stereo"),
        (lambda x: x * 1.6, "springs broke the molecule: bond C1-C2"),
    ],
)
def test_bonds_and_stereo_are_those_of_the_molecule(alanine, change, said: str | None) -> None:
    mol, start = alanine
    shaken = start + 0.02
    (one,) = relax_geometries(Springs(change(start)), [mol], [shaken], RelaxMolecules())
    if said is None:
        assert one.fault is None and one.converged and one.drop > 0
        np.testing.assert_allclose(one.positions, start, atol=5e-3)
    else:
        assert one.fault is not None and one.fault.startswith(said) and not one.converged
        np.testing.assert_array_equal(one.positions, shaken)
        assert one.drop == 0
