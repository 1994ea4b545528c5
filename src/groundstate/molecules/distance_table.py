"""Predicted distances as a property of an SDF record."""

import numpy as np

PROPERTY = "distances"  # of the SDF: the upper triangle, row by row, angstrom
NUMBERS_PER_LINE = 16  # SDF lines stay below 200 characters


def table_from_text(text: str, atoms: int) -> np.ndarray:
    """Read the (n, n) table of the property, angstrom; ``ValueError`` where the number of atoms differs."""
    values = np.array(text.split(), float)
    table = np.zeros((atoms, atoms))
    table[np.triu_indices(atoms, 1)] = values
    return table + table.T
