"""Match rates and distances on perovskites worked by hand, and the blind template."""

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from groundstate.crystals.structures import NamedStructure
from groundstate.metrics.crystals.match import match_cases, pair_up
from groundstate.metrics.crystals.score_prediction import summarise_matches, table

SITES = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0], [0, 0.5, 0.5]]


def perovskite(first: str, second: str, length: float = 3.9, shift: float = 0.0) -> Structure:
    sites = [*SITES[:4], [0, 0.5 + shift, 0.5]]
    return Structure(Lattice.cubic(length), [first, second, "O", "O", "O"], sites)


def named(crystals: dict[str, Structure]) -> list[NamedStructure]:
    return [NamedStructure(name, structure) for name, structure in crystals.items()]


def test_rates_and_distances_by_hand() -> None:
    truth = named(
        {"a_b": perovskite("Sr", "Ti"), "ba": perovskite("Ba", "Zr"), "none": perovskite("Ca", "Hf")}
    )
    predicted = named(
        {
            "a_b_0": perovskite("Ti", "Sr"),  # the cations the wrong way round
            "a_b_1": perovskite("Sr", "Ti", shift=0.05),
            "a_b_2": perovskite("Sr", "Ti", 4.3),  # volumes are scaled: an exact match
            "ba": perovskite("Ba", "Zr", shift=0.05),
            "stray": perovskite("Ba", "Zr"),
        }
    )
    cases, extra = pair_up(predicted, truth)
    assert extra == ["stray"]
    rows = match_cases(cases, "smact14")
    # one of five atoms off by 0.05 a: rms after the best translation, over (a^3 / 5)^(1/3)
    off = 0.05 * np.sqrt(4) / 5 * 5 ** (1 / 3)
    summary = summarise_matches(rows, len(extra))
    assert (summary["n"], summary["missing"], summary["extra"], summary["samples"]) == (3, 1, 1, 3)
    assert summary["match_rate"] == pytest.approx(1 / 3)
    assert summary["match_rmse"] == pytest.approx(off, rel=1e-3)
    assert summary["match_rate_k"] == pytest.approx(2 / 3)
    assert summary["match_rmse_k"] == pytest.approx(off / 2, rel=1e-3)
    listed = table(rows)
    assert listed[0]["first_distance"] is None
    assert listed[0]["closest_distance"] == pytest.approx(0, abs=1e-6)
    assert listed[2]["samples"] == 0


def test_invalid_predictions_match_nothing() -> None:
    helium = Structure(Lattice.cubic(3.9), ["He", "Ti", "O", "O", "O"], SITES)  # no charge-neutral choice
    rows = match_cases(pair_up(named({"x": helium}), named({"x": helium}))[0], "smact14")
    summary = summarise_matches(rows)
    assert (summary["match_rate"], summary["match_rate_unfiltered"]) == (0.0, 1.0)
    assert "match_rmse" not in summary
