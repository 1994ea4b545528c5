"""Every number that a score stage writes has a name, a unit and a direction in the report."""

from groundstate.metrics.crystals import validity
from groundstate.metrics.molecules import geometry
from groundstate.report.energies import FORMATION, HULL
from groundstate.report.labels import BASELINES, METRICS, Label, label_of, number
from groundstate.report.verdict import NO_WORSE, VALID
from groundstate.stability import rows as stability
from groundstate.stability.settings import ScoreStability


def test_every_metric_has_a_label():
    written = {*geometry.DEFINITIONS, *validity.SHARES} | {f"classes.{name}" for name in stability.CLASSES}
    for key in (stability.threshold_key(value) for value in ScoreStability().thresholds):
        written |= {key, f"{key}_before", f"both_{key}", f"same_{key}", f"sun_{key.removeprefix('stable_')}"}
    missing = written - set(METRICS)
    assert not missing, f"name these, with unit and direction, in report/labels.py: {missing}"
    assert set(ScoreStability().controls) <= set(BASELINES)


def test_the_bars_and_columns_are_those_of_the_scores():
    assert set(NO_WORSE) <= set(geometry.DEFINITIONS)
    assert VALID in validity.SHARES
    assert {HULL, FORMATION, "formula", "class"} <= set(stability.StabilityRow("a").as_dict())


def test_numbers():
    assert number(0.00612, label_of("bond_mae")) == "0.0061"
    assert number(0.875, label_of("validity")) == "87.5"
    assert number(-1.8, label_of("median_formation_energy_per_atom")) == "−1.800"
    assert number(1234.0, label_of("n")) == "1,234"
    assert number(12.5, label_of("n")) == "12.5"  # a mean over seeds
    assert number(133291.151, label_of("mmff_strain")) == "133,291.15"
    assert label_of("my_new_metric") == Label("My new metric", digits=4)
    assert label_of("mae").unit_text == "Å, ↓"
