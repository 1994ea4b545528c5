"""What a model that reads the graph alone says of one molecule; scores read it, too, without any model."""

from typing import NamedTuple

import numpy as np


class Answer(NamedTuple):
    """A predicted geometry (n, 3) in angstrom, SDF properties, and why it is a stand-in, if it is."""

    positions: np.ndarray
    properties: dict[str, object]
    failed: str | None = None
