"""One key for what was computed once: the same atoms at the same places under the same settings."""

import hashlib
import json
from collections.abc import Sequence

import numpy as np

DIGITS = 7  # decimals that coordinates are compared to


def content_key(numbers: np.ndarray, coordinates: Sequence[np.ndarray], parts: Sequence[object] = ()) -> str:
    """Hash of a structure and of what was done with it, the same in every process and on every machine.

    Parameters
    ----------
    numbers
        Atomic numbers (n,).
    coordinates
        Arrays that place the atoms, such as the cell (3, 3) and the positions (n, 3); rounded to 1e-7.
    parts
        What decides the result besides the structure: potential, kind of calculation, settings, versions.
    """
    digest = hashlib.sha256(json.dumps([str(part) for part in parts]).encode())
    digest.update(np.asarray(numbers, "<i4").tobytes())
    for values in coordinates:
        digest.update((np.round(values, DIGITS) + 0.0).astype("<f8").tobytes())  # + 0.0 turns -0 into 0
    return digest.hexdigest()
