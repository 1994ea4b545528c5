"""Whether the bonds of a molecule can be read back from its geometry."""

import numpy as np
from rdkit import Chem
from scipy.spatial.distance import cdist

FACTOR = 1.2  # times the sum of the covalent radii; 98.8 % of QM9's own geometries pass


def connectivity_match(mol: Chem.Mol, positions: np.ndarray) -> bool:
    """Tell whether the atom pairs nearer than 1.2 sums of covalent radii are exactly the bonds of ``mol``.

    Strained cages fail even at the reference geometry: report it beside the row of the reference.
    """
    table = Chem.GetPeriodicTable()
    radii = np.array([table.GetRcovalent(atom.GetAtomicNum()) for atom in list(mol.GetAtoms())])
    near = cdist(positions, positions) < FACTOR * (radii[:, None] + radii)
    np.fill_diagonal(near, False)
    return bool((near == Chem.GetAdjacencyMatrix(mol).astype(bool)).all())
