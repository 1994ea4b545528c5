"""Estimated against true errors."""

import numpy as np
import pytest

from groundstate.metrics.molecules.reliability import reliability


def test_by_hand():
    result = reliability([0.1, 0.2, 0.3, 0.4], [0.2, 0.2, 0.2, 0.6])
    assert result["n"] == 4 and result["mean_estimate"] == pytest.approx(0.25)
    assert result["mean_error"] == pytest.approx(0.3)
    assert result["calibration_error"] == pytest.approx((0.1 + 0.0 + 0.1 + 0.2) / 4)
    assert [entry["n"] for entry in result["bins"]] == [1] * 4


def test_scaled_estimates_rank_well_and_are_not_calibrated():
    truth = np.random.default_rng(0).uniform(size=1000)
    result = reliability(3 * truth, truth)
    assert result["spearman"] == pytest.approx(1)
    assert result["calibration_error"] == pytest.approx(2 * truth.mean(), rel=1e-6)
    assert len(result["bins"]) == 10
    with pytest.raises(ValueError, match="3 estimates for 2 errors"):
        reliability([1, 2, 3], [1, 2])
