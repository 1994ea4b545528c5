"""Strain: force-field energy of a geometry above the nearest minimum."""

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import rdForceFieldHelpers

from groundstate.molecules.mols import set_positions

STEPS = 1000


def mmff_strain(mol: Chem.Mol, positions: np.ndarray) -> float | None:
    """Compute the MMFF94 energy of a geometry less that of the minimum it relaxes to, kcal/mol.

    None where hydrogens are missing, MMFF94 has no parameters or its minimisation breaks off (atoms on one
    another). A geometry at the minimum of another method (DFT) has some strain too: compare with the
    reference's row.
    """
    if any(atom.GetTotalNumHs() for atom in list(mol.GetAtoms())):
        return None
    copy = set_positions(mol, positions)
    with rdBase.BlockLogs():
        properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(copy)
        if properties is None:
            return None
        field = rdForceFieldHelpers.MMFFGetMoleculeForceField(copy, properties)
        if field is None:
            return None
        field.Initialize()
        start = field.CalcEnergy()
        try:
            field.Minimize(maxIts=STEPS)
        except RuntimeError:  # an invariant of the line search
            return None
    strain = start - field.CalcEnergy()
    return float(strain) if np.isfinite(strain) else None
