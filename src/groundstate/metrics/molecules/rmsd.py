"""C-RMSD: heavy-atom RMSD after the best rotation and the best symmetry match."""

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import rdMolAlign

from groundstate.molecules.mols import set_positions

MAX_MATCHES = 2000  # symmetric molecules have factorially many; further ones are left out


def heavy_rmsd(mol: Chem.Mol, predicted: np.ndarray, reference: np.ndarray) -> float:
    """Find the lowest RMSD in angstrom over rotations (no reflection) and symmetry maps of heavy atoms.

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
    with rdBase.BlockLogs():
        probe, target = (Chem.RemoveHs(set_positions(mol, positions)) for positions in (predicted, reference))
        return float(rdMolAlign.GetBestRMS(probe, target, maxMatches=MAX_MATCHES))
