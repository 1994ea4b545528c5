"""Errors of energies and forces against sums by hand; a whole run is in tests/interatomic/test_train.py."""

import math

import pytest

from groundstate.metrics.interatomic.errors import errors


def row(atoms: int, error: float, square: float = math.nan, absolute: float = math.nan) -> dict[str, float]:
    return {
        "atoms": atoms,
        "energy": -10.0,
        "predicted": -10.0 + error,
        "force_square": square,
        "force_absolute": absolute,
    }


def test_errors_by_hand() -> None:
    result = errors([row(2, 0.03, 0.04, 0.1), row(6, -0.01, 0.01, 0.05), row(4, 0.01)], 0)
    assert result["n"] == 3
    assert result["energy_rmse"] == pytest.approx(1e3 * math.sqrt(11e-4 / 3))
    assert result["energy_rmse_shifted"] == pytest.approx(1e3 * math.sqrt(11e-4 / 3 - 1e-4))
    assert result["energy_mae_per_atom"] == pytest.approx(1e3 * (0.015 + 0.01 / 6 + 0.0025) / 3)
    # pooled over atoms: the larger molecule counts thrice, the one without forces not at all
    assert result["force_rmse"] == pytest.approx(1e3 * math.sqrt((2 * 0.04 + 6 * 0.01) / 8))
    assert result["force_mae"] == pytest.approx(1e3 * (2 * 0.1 + 6 * 0.05) / 8)
    low, high = result["intervals"]["force_rmse"]
    assert 100 <= low <= result["force_rmse"] <= high <= 200


def test_without_forces_there_is_no_force_error() -> None:
    result = errors([row(2, 0.01)], 0)
    assert result["force_rmse"] is None
    assert "force_rmse" not in result["intervals"]
