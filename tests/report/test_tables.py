"""Score tables: columns, intervals, spread over seeds, which value is best."""

from pathlib import Path

import pandas as pd
import pytest

from groundstate.metrics.definition import Definition, as_json
from groundstate.metrics.molecules.definitions import NUMBERS
from groundstate.report.methods import collect_methods, comparable
from groundstate.report.runs import Run
from groundstate.report.tables import Cell, MetricTable, metric_keys, metric_tables

ABOUT = NUMBERS | {
    "classes.converged": Definition("crystals", "-", label="– converged", digits=0),
    "share_lower": Definition(
        "share", "UniMat", "share", "higher", "Compositions where it is lower", digits=1
    ),
}


def run(seed: int, summary: dict, model: str = "net") -> Run:
    folder = Path(f"/r/molecules/qm9/{model}/seed{seed}")
    return Run("molecules", folder, {}, None, {"geometry": summary}, {"geometry": pd.DataFrame()})


def summary(mae: float | None, start: float = 0.3, **more: object) -> dict:
    return {
        "mae": mae,
        "validity": 1.0,
        "my_metric": 2.0,
        "n": 5,
        "failed": 1,
        "molecules": "ab",
        "intervals": {"mae": None if mae is None else [mae - 0.01, mae + 0.01]},
        "definitions": as_json(ABOUT),
        "baselines": {
            "mmff": {"mae": start, "validity": 1.0, "n": 5, "failed": 0, "intervals": {"mae": None}}
        },
    } | more


def cells(table: MetricTable, name: str) -> list[Cell]:
    return next(row.cells for row in table.rows if row.name == name)


def test_one_seed_shows_the_interval_and_the_best():
    (table,) = metric_tables(collect_methods({"net": [run(0, summary(0.25))]}, "geometry"), "")
    assert [column.name for column in table.columns] == ["net", "ETKDGv3 + MMFF94"]
    assert [column.ours for column in table.columns] == [True, False]
    ours, start = cells(table, "D-MAE")
    assert (ours.text, ours.detail, ours.best) == ("0.250", "[0.240, 0.260]", True)
    assert (start.text, start.detail, start.best) == ("0.300", "", False)
    assert not any(cell.best for cell in cells(table, "Validity"))  # a tie has no winner
    assert cells(table, "My metric")[1].text == "–"
    assert [row.name for row in table.rows] == [
        *("D-MAE", "Validity", "Molecules scored", "Failed (stand-ins and missing)", "My metric")
    ]
    assert table.rows[0].definition == (
        "MAE of distances over ordered pairs, pooled; Molecule3D, arXiv 2110.01717 (version 1)"
    )
    assert table.rows[0].unit == "Å, ↓"


def test_several_seeds_show_spread_and_interval_and_a_fixed_baseline_once():
    runs = [run(seed, summary(value)) for seed, value in enumerate((0.20, 0.22, 0.30))]
    for seed, one in enumerate(runs):  # other draws of the same interval
        one.scores["geometry"]["baselines"]["mmff"]["intervals"]["mae"] = [0.28, 0.32 + seed / 1000]
    (table,) = metric_tables(collect_methods({"net": runs}, "geometry"), "")
    assert [column.name for column in table.columns] == ["net (3 seeds)", "ETKDGv3 + MMFF94"]
    assert (cells(table, "D-MAE")[0].text, cells(table, "D-MAE")[0].detail) == (
        "0.240",
        "± 0.053 [0.230, 0.250]",
    )
    assert cells(table, "D-MAE")[1].detail == "[0.280, 0.320]"


def test_a_metric_without_a_value_is_left_out():
    methods = collect_methods({"net": [run(0, summary(None))]}, "geometry")
    assert methods[0].mean("mae") is None
    (table,) = metric_tables(methods, "")
    assert cells(table, "D-MAE")[0].text == "–"
    assert "mae" in metric_keys(methods)  # the baseline has it


def test_two_models_are_two_columns_with_one_set_of_baselines():
    models = {"net": [run(0, summary(0.2))], "other": [run(0, summary(0.4), "other")]}
    assert comparable(models, "geometry") == [models]
    methods = collect_methods(models, "geometry")
    assert [(method.name, method.ours) for method in methods] == [
        ("net", True),
        ("other", True),
        ("mmff", False),
    ]
    assert methods[1].mean("mae") == pytest.approx(0.4)


def test_baselines_that_differ_between_models_are_columns_of_their_own():
    models = {"net": [run(0, summary(0.2))], "other": [run(0, summary(0.2, start=0.5), "other")]}
    methods = collect_methods(models, "geometry")
    assert [method.name for method in methods[2:]] == ["mmff", "mmff"]
    labels = ["ETKDGv3 + MMFF94, of net", "ETKDGv3 + MMFF94, of other"]
    assert [method.label for method in methods[2:]] == labels
    (table,) = metric_tables(methods, "")
    assert [column.name for column in table.columns[2:]] == labels
    assert [cell.text for cell in cells(table, "D-MAE")[2:]] == ["0.300", "0.500"]


def test_models_scored_on_different_molecules_never_share_a_table():
    models = {"net": [run(0, summary(0.2))], "other": [run(0, summary(0.4, molecules="cd"), "other")]}
    assert comparable(models, "geometry") == [{"net": models["net"]}, {"other": models["other"]}]


def test_where_sets_differ_all_columns_are_over_the_common_molecules():
    common = {
        "predicted": {"mae": 0.21, "n": 4, "intervals": {}},
        "mmff": {"mae": 0.19, "n": 4, "intervals": {}},
    }
    (table,) = metric_tables(collect_methods({"net": [run(0, summary(0.1, common=common))]}, "geometry"), "")
    assert [cell.text for cell in cells(table, "D-MAE")] == ["0.210", "0.190"]
    assert [cell.best for cell in cells(table, "D-MAE")] == [False, True]
    assert [cell.text for cell in cells(table, "Molecules scored")] == ["4", "4"]
    assert [cell.text for cell in cells(table, "Failed (stand-ins and missing)")] == ["1", "0"]


def test_a_measure_by_which_the_reference_is_worst_has_no_direction():
    scores = summary(0.2)
    scores["connectivity"] = 0.99
    scores["baselines"]["mmff"]["connectivity"] = 1.0
    scores["baselines"]["dft"] = {"connectivity": 0.98}
    (table,) = metric_tables(collect_methods({"net": [run(0, scores)]}, "geometry"), "")
    row = next(row for row in table.rows if row.name == "Connectivity kept")
    assert row.unit == "%" and not any(cell.best for cell in row.cells)
    scores["baselines"]["dft"]["connectivity"] = 0.995
    (table,) = metric_tables(collect_methods({"net": [run(0, scores)]}, "geometry"), "")
    row = next(row for row in table.rows if row.name == "Connectivity kept")
    assert row.unit == "%, ↑" and [cell.best for cell in row.cells] == [False, True, False]


def test_an_object_of_metrics_is_a_table_of_its_own():
    scores = summary(0.2) | {
        "classes": {"converged": 3},
        "hull": {"phases": 7},
        "comparisons": {"mmff": {"n": 5}},
        "against_random_search": {
            "compositions": 4,
            "share_lower": 0.75,
            "intervals": {"share_lower": [0.5, 1.0]},
        },
    }
    main, against = metric_tables(collect_methods({"net": [run(0, scores)]}, "geometry"), "")
    assert cells(main, "– converged")[0].text == "3"
    assert against.caption.startswith("Against random search")
    assert [column.name for column in against.columns] == ["net"]
    assert cells(against, "Compositions where it is lower")[0] == Cell("75.0", "[50.0, 100.0]", False, 0.75)
