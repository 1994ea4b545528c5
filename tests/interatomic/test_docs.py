"""The documented example runs."""

import doctest
from pathlib import Path


def test_the_documented_example_runs() -> None:
    path = Path(__file__).parents[2] / "docs" / "potentials.md"
    result = doctest.testfile(str(path), module_relative=False)
    assert result.attempted >= 10
    assert result.failed == 0
