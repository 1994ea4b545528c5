"""Where elements stand in the drawn table, and how often they occur."""

import pytest

from groundstate.report.crystals.periodic_table import cell_of, element_shares, periodic_table_figure


@pytest.mark.parametrize(
    ("number", "cell"),
    [
        (1, (0, 0)),  # H
        (2, (0, 17)),  # He
        (5, (1, 12)),  # B
        (26, (3, 7)),  # Fe
        (57, (7, 2)),  # La
        (71, (7, 16)),  # Lu
        (72, (5, 3)),  # Hf
        (103, (8, 16)),  # Lr
        (118, (6, 17)),  # Og
    ],
)
def test_cell_of_known_elements(number, cell):
    assert cell_of(number) == cell


def test_no_two_elements_share_a_cell():
    assert len({cell_of(number) for number in range(1, 119)}) == 118


def test_shares_count_crystals_not_atoms():
    assert element_shares([[8, 8, 8, 22], [8], [11]]) == pytest.approx({8: 2 / 3, 11: 1 / 3, 22: 1 / 3})
    assert element_shares([]) == {}


def test_figure_holds_both_sets():
    figure = periodic_table_figure("f", "t", {8: 0.5}, {8: 0.25, 26: 1.0}, 1.0, 4, "x.csv")
    row, column = cell_of(8)
    assert figure.data[0]["z"][row][column] == 0.5
    assert figure.data[0]["text"][row][column] == "O: 50.0% here, 25.0% in the other set"
    assert len(figure.layout["annotations"]) == 118
    assert "Share of the 4 crystals" in figure.caption and figure.caption.endswith("Source: x.csv.")
