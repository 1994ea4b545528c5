"""How far the conformer that a geometry belongs to lies above the best one that a search finds."""

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

from groundstate.molecules.mols import set_positions

CONFORMERS = 20
STEPS = 1000
SEED = 0xC0FFEE


def conformer_energy(mol: Chem.Mol, positions: np.ndarray) -> float | None:
    """Compute the MMFF94 energy of the minimum of a geometry above the lowest of a search, kcal/mol.

    Searched are that minimum itself and those of 20 ETKDGv3 conformers of ``mol`` with its stereo. Strain,
    the way down to the nearest minimum, is not part of it. None where hydrogens are missing, MMFF94 has no
    parameters or no conformer can be made. The ground state of DFT need not be the lowest of MMFF94: compare
    with the reference's row.
    """
    if any(atom.GetTotalNumHs() for atom in list(mol.GetAtoms())):
        return None
    parameters = rdDistGeom.ETKDGv3()
    parameters.randomSeed = SEED  # type: ignore[assignment]  # RDKit's stubs give properties the class's type
    with rdBase.BlockLogs():
        if not rdForceFieldHelpers.MMFFHasAllMoleculeParams(mol):
            return None
        own = _relaxed_energies(set_positions(mol, positions))
        search = Chem.Mol(mol)
        rdDistGeom.EmbedMultipleConfs(search, CONFORMERS, parameters)
        searched = _relaxed_energies(search)
    return own[0] - min(own + searched) if own and searched else None


def _relaxed_energies(mol: Chem.Mol) -> list[float]:
    """Energy (kcal/mol) of each conformer after relaxing it; those that do not end are left out."""
    if not mol.GetNumConformers():  # a cage that RDKit cannot embed
        return []
    results = rdForceFieldHelpers.MMFFOptimizeMoleculeConfs(mol, maxIters=STEPS)
    return [energy for status, energy in results if status >= 0 and np.isfinite(energy)]
