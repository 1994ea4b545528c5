"""C-RMSD: heavy-atom RMSD after the best rotation and the best symmetry match."""

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import rdMolAlign

MAX_MATCHES = 2000  # symmetric molecules have factorially many; further ones are left out


def heavy_rmsd(mol: Chem.Mol, predicted: np.ndarray, reference: np.ndarray) -> float:
    """Lowest RMSD in angstrom over rotations (no reflection) and the symmetry maps of the heavy atoms.

    Parameters
    ----------
    mol
        The molecule of both geometries, hydrogens explicit or not.
    predicted, reference
        (n, 3), angstrom, in the atom order of ``mol``.

    Notes
    -----
    RDKit ``GetBestRMS`` after ``RemoveHs``, as GTMGC, REBIND and WGFormer score. ``RemoveHs`` keeps the
    hydrogen of an imine that carries E/Z; so does this.
    """
    probe, target = _without_hydrogens(mol, predicted), _without_hydrogens(mol, reference)
    with rdBase.BlockLogs():
        return float(rdMolAlign.GetBestRMS(probe, target, maxMatches=MAX_MATCHES))


def _without_hydrogens(mol: Chem.Mol, positions: np.ndarray) -> Chem.Mol:
    copy = Chem.Mol(mol)
    copy.RemoveAllConformers()
    conformer = Chem.Conformer(mol.GetNumAtoms())
    conformer.SetPositions(np.ascontiguousarray(positions, float))
    copy.AddConformer(conformer)
    with rdBase.BlockLogs():
        return Chem.RemoveHs(copy)
