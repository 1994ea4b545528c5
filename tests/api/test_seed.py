"""A seed is a number of at least 0, for every function that draws."""

from collections.abc import Callable

import pytest

import groundstate
from groundstate.errors import GroundstateError


@pytest.mark.parametrize(
    "call",
    [
        lambda: groundstate.predict(["CCO"], seed=-1),
        lambda: groundstate.generate(1, seed=-1),
        lambda: groundstate.discover("NaCl", seed=-1),
        lambda: groundstate.score([], seed=-1),
    ],
    ids=["predict", "generate", "discover", "score"],
)
def test_a_negative_seed_is_named(call: Callable[[], object]) -> None:
    with pytest.raises(GroundstateError, match="seed: -1 is below 0"):
        call()
