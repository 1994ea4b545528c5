"""Names of baselines, and what a metric is called where its score defines it and where it does not."""

from groundstate.metrics.crystals import validity
from groundstate.metrics.crystals.score_crystals import BASELINES as CRYSTAL_BASELINES
from groundstate.metrics.molecules.definitions import DEFINITIONS
from groundstate.report.crystals.energies import FORMATION, HULL
from groundstate.report.labels import BASELINES, REFERENCES, TRUTHS, baseline_order, define
from groundstate.report.verdict import CONTROLS, COVERAGE_BASELINE, NO_WORSE, START, VALID
from groundstate.stability.rows import StabilityRow
from groundstate.stability.settings import ScoreStability


def test_the_bars_and_columns_are_those_of_the_scores():
    assert set(NO_WORSE) <= set(DEFINITIONS)
    assert VALID in validity.SHARES
    assert {HULL, FORMATION, "formula", "class"} <= set(StabilityRow("a").as_dict())


def test_every_baseline_has_a_name():
    written = {*ScoreStability().controls, *CRYSTAL_BASELINES, *CONTROLS, COVERAGE_BASELINE, START}
    assert written | set(REFERENCES) | set(TRUTHS) <= set(BASELINES)


def test_what_a_score_defines_comes_before_what_a_column_is_called():
    assert define("steps", {}).label == "Steps"
    assert define("steps", {"steps": {"label": "Mine"}}).label == "Mine"
    assert define("my_new_metric", {}).label == "My new metric"


def test_baselines_stand_in_their_order_and_others_behind():
    assert sorted(["zeta", "dft", "mmff", "alpha"], key=baseline_order) == ["mmff", "dft", "alpha", "zeta"]
