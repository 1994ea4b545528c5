"""The batched minimiser, on MMFF94: the minima of RDKit's own minimiser, whatever the batch."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from rdkit import Chem
from rdkit.Chem import rdForceFieldHelpers

from groundstate.molecular_potentials.interface import KCAL, Evaluation, Surface
from groundstate.molecular_potentials.mmff94 import Mmff94
from groundstate.molecular_potentials.relax import relax_molecules
from groundstate.molecular_potentials.settings import RelaxMolecules
from groundstate.molecules.mols import set_positions

SMILES = ["CCO", "CCCCO", "OCC(=O)Nc1ccccc1", "O", "C[NH3+]", "O=C1CCCCCO1"]


@pytest.fixture(scope="module")
def disturbed(embedded) -> tuple[list[Chem.Mol], list[np.ndarray]]:
    noise = np.random.default_rng(0)
    pairs = [embedded(smiles, seed) for smiles in SMILES for seed in (1, 2)]
    return [mol for mol, _ in pairs], [one + noise.normal(size=one.shape) * 0.05 for _, one in pairs]


def test_reaches_the_minima_of_rdkit(disturbed) -> None:
    mols, starts = disturbed
    results = relax_molecules(Mmff94(), mols, starts, RelaxMolecules(fmax=0.005))
    for mol, start, result in zip(mols, starts, results, strict=True):
        assert result.outcome == "converged" and result.force <= 0.005
        own = set_positions(mol, start)
        ((_, energy),) = rdForceFieldHelpers.MMFFOptimizeMoleculeConfs(own, maxIters=5000)
        # from a disturbed start the two may end in neighbouring minima: never far above
        assert result.energy * KCAL < energy + 1.0
    same = [
        abs(
            result.energy * KCAL
            - rdForceFieldHelpers.MMFFOptimizeMoleculeConfs(set_positions(mol, start))[0][1]
        )
        for mol, start, result in zip(mols, starts, results, strict=True)
    ]
    assert np.median(same) < 0.01


def test_results_do_not_depend_on_the_batch(disturbed) -> None:
    mols, starts = disturbed
    together = relax_molecules(Mmff94(), mols, starts, RelaxMolecules())
    few = relax_molecules(Mmff94(), mols, starts, RelaxMolecules(batch_atoms=30))
    for index, result in enumerate(together):
        alone = relax_molecules(Mmff94(), [mols[index]], [starts[index]], RelaxMolecules())[0]
        for other in (alone, few[index]):
            assert other.calls == result.calls
            np.testing.assert_allclose(other.positions, result.positions, atol=1e-6)


def test_stops_after_its_calls_and_says_so(disturbed) -> None:
    mols, starts = disturbed
    (result,) = relax_molecules(Mmff94(), mols[:1], starts[:1], RelaxMolecules(max_calls=2))
    assert result.outcome == "not_converged" and result.calls == 2
    assert relax_molecules(Mmff94(), [], [], RelaxMolecules()) == []


class Holes(Mmff94):
    """MMFF94 with no energy where the first two atoms are nearer than 1.4 angstrom."""

    def surface(self, mols: Sequence[Chem.Mol]) -> Surface:
        below = super().surface(mols)

        def evaluate(which: torch.Tensor, positions: torch.Tensor) -> Evaluation:
            energies, forces = below(which, positions)
            near = (positions[:, 0] - positions[:, 1]).norm(dim=1) < 1.4
            return Evaluation(torch.where(near, torch.nan, energies), forces)

        return evaluate


def test_a_geometry_without_energy_fails_alone(disturbed) -> None:
    mols, starts = disturbed
    bad = starts[0].copy()
    bad[1] = bad[0] + [1.0, 0, 0]
    failed, fine = relax_molecules(Holes(), [mols[0], mols[2]], [bad, starts[2]], RelaxMolecules())
    assert failed.outcome == "failed" and fine.outcome == "converged"
    np.testing.assert_array_equal(failed.positions, bad)
