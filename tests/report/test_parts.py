"""Rejections are merged into kinds, counted, and none is lost."""

import pandas as pd

from groundstate.metrics.definition import as_json
from groundstate.metrics.molecules.definitions import NUMBERS
from groundstate.records import Rejection, write_rejected
from groundstate.report.parts import anchor, merge_reasons, rejection_rows, structure_table


def test_numbers_and_quoted_text_that_vary_are_left_open():
    reasons = ["22 atoms, more than max_atoms = 20", "24 atoms, more than max_atoms = 20"]
    assert merge_reasons(reasons) == "… atoms, more than max_atoms = 20"
    assert merge_reasons(["RDKit cannot parse 'C('", "RDKit cannot parse 'X)'"]) == "RDKit cannot parse …"
    assert merge_reasons(["the cell has no volume"]) == "the cell has no volume"


def test_rows_count_every_rejection(tmp_path):
    rejections = [Rejection(f"a{n}", "prepare", f"{n} atoms, more than 20") for n in range(21, 31)]
    rejections += [Rejection(f"b{c}", "prepare", f"reason {c}") for c in "abcdefghijkl"]
    write_rejected(tmp_path / "rejected.csv", rejections)
    rows = rejection_rows("crystals/x", [tmp_path / "rejected.csv", tmp_path / "absent.csv"], most=4)
    assert [cell.text for cell in rows[0]] == ["crystals/x", "prepare", "… atoms, more than 20", "10", "a21"]
    assert rows[-1][2].text == "9 further kinds of reasons, each rarer"
    assert sum(row[3].value for row in rows) == len(rejections)


def test_an_empty_list_of_rejections_has_no_rows(tmp_path):
    write_rejected(tmp_path / "rejected.csv", [])
    assert rejection_rows("x", [tmp_path / "rejected.csv"]) == []


def test_structure_table_takes_the_worst_first_and_only_known_columns():
    table = pd.DataFrame(
        {"id": ["a", "b", "c"], "mae": [0.1, None, 0.3], "stereo": [1.0, 0.0, 1.0], "x": [None] * 3}
    )
    found = structure_table(table, "mae", ("mae", "stereo", "x", "absent"), as_json(NUMBERS), "", "", most=2)
    assert [column.name for column in found.columns] == ["id", "D-MAE, Å", "All stereo right, %"]
    assert [[cell.text for cell in row] for row in found.rows] == [
        ["c", "0.300", "100.0"],
        ["a", "0.100", "100.0"],
    ]


def test_anchors_are_plain():
    assert anchor("molecules", "my set (2)", "net") == "molecules-my-set-2-net"
