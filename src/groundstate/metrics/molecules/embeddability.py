"""Whether a table of distances belongs to points in space: Validity, Validity3D, embeddability."""

import numpy as np

TOLERANCE = 4e-4  # angstrom^2, absolute: the value of Molecule3D


def gram_eigenvalues(distances: np.ndarray) -> np.ndarray:
    """Compute the eigenvalues (angstrom^2) of the Gram matrix of an (n, n) distance table.

    The first atom is the origin: ``G_ij = (d_0j^2 + d_i0^2 - d_ij^2) / 2``. A general solver, since predicted
    tables need not be symmetric. Values smaller than 4e-4 in magnitude are set to zero. Source: evaluation of
    Molecule3D, arXiv 2110.01717.
    """
    squared = np.asarray(distances, float) ** 2
    gram = 0.5 * (squared[:1, :] + squared[:, :1] - squared)
    values = np.linalg.eigvals(gram).real
    return np.where(np.abs(values) < TOLERANCE, 0.0, values)


def is_valid(distances: np.ndarray) -> bool:
    """Judge Validity of Molecule3D: no negative eigenvalue, so that the points exist in some space."""
    return bool((gram_eigenvalues(distances) >= 0).all())


def is_valid_3d(distances: np.ndarray) -> bool:
    """Judge Validity3D of Molecule3D: valid, and at most three eigenvalues differ from zero."""
    values = gram_eigenvalues(distances)
    return bool((values >= 0).all() and np.count_nonzero(values) <= 3)


def embeddability(distances: np.ndarray) -> float:
    """Compute the share of the spectrum that three dimensions can hold, 0 to 1.

    The three largest eigenvalues of the centred Gram matrix over the sum of all magnitudes. It is invariant
    to scale and to the order of atoms, and unlike Validity3D it forgives rounding. 1 for a single atom.
    """
    squared = np.asarray(distances, float) ** 2
    squared = (squared + squared.T) / 2
    centred = squared - squared.mean(0) - squared.mean(1)[:, None] + squared.mean()
    values = np.linalg.eigvalsh(-0.5 * centred)
    total = np.abs(values).sum()
    return float(values[-3:].clip(0).sum() / total) if total > 0 else 1.0
