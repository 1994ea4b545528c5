"""Keys of what was computed: content decides, and nothing below its precision."""

import numpy as np

from groundstate.content import content_key

NUMBERS, CELL, PLACES = np.array([29, 79]), np.eye(3) * 4, np.zeros((2, 3))


def test_content_and_parts_decide():
    key = content_key(NUMBERS, (CELL, PLACES), ("relax", "potential"))
    assert key == content_key(NUMBERS.astype(np.int8), (CELL + 1e-9, -PLACES), ("relax", "potential"))
    others = {
        content_key(NUMBERS[::-1], (CELL, PLACES), ("relax", "potential")),
        content_key(NUMBERS, (CELL, PLACES + 1e-6), ("relax", "potential")),
        content_key(NUMBERS, (CELL, PLACES), ("single", "potential")),
        content_key(NUMBERS, (CELL, PLACES)),
    }
    assert key not in others
    assert len(others) == 4


def test_the_key_is_the_same_on_every_machine():
    """A cache folder is shared between machines and runs; a new key throws all of it away."""
    key = content_key(NUMBERS, (CELL, PLACES), ("relax",))
    assert key == "2d9f1ec9a036bad9996dee9acfb2d9fa4a381691e1ad178ec990e40f5ef8e3ac"
