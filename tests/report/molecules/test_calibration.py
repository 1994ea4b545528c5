"""Expected against true errors, in parts of equal count."""

import numpy as np
import pandas as pd
import pytest

from groundstate.report.molecules.calibration import FEWEST, MANY, calibration_figure


def made(count: int, scale: float = 1.0) -> pd.DataFrame:
    estimates = np.linspace(0.1, 1.0, count)
    names = [f"m{k}" for k in range(count)]
    return pd.DataFrame({"id": names, "error_estimate": estimates, "c_rmsd": scale * estimates})


@pytest.mark.parametrize(("count", "parts"), [(FEWEST, 3), (MANY, 10)])
def test_means_of_parts_of_equal_count(count: int, parts: int) -> None:
    figure = calibration_figure("f", {"net": made(count, 2.0), "none": pd.DataFrame({"id": ["a"]})})
    points, means, line = figure.data
    assert len(points["x"]) == count and line["x"] == line["y"]
    assert len(means["x"]) == parts
    assert means["y"] == pytest.approx([2 * x for x in means["x"]], rel=1e-3)  # twice what was expected
    assert sum(int(text.split()[0]) for text in means["text"]) == count
    assert f"net: {count} molecules, rank correlation 1.00." in figure.caption
    assert all(half > 0 for half in means["error_y"]["array"])


def test_too_few_and_constant_estimates() -> None:
    assert calibration_figure("f", {"net": made(FEWEST - 1)}) is None
    assert calibration_figure("f", {}) is None
    constant = made(FEWEST).assign(error_estimate=0.3)
    assert "all estimates are equal" in calibration_figure("f", {"net": constant}).caption
