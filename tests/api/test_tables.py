"""Tables with attributes."""

import pytest

from groundstate.api.tables import table
from groundstate.errors import GroundstateError
from groundstate.records import Rejection

GONE = Rejection("b", "read", "no atoms")


def test_optional_columns_without_a_value_are_left_out_and_the_rest_defined(capsys) -> None:
    made = table(
        [{"id": "a", "x": 1.0, "y": None}],
        {"id": "id", "x": "x, eV", "y": "y", "z": "z"},
        [GONE],
        ["y"],
        seed=3,
    )
    assert list(made.columns) == ["id", "x", "z"]
    assert made.attrs["definitions"] == {"id": "id", "x": "x, eV", "z": "z"}
    assert made.attrs["rejected"] == [{"id": "b", "stage": "read", "reason": "no atoms"}]
    assert made.attrs["seed"] == 3
    assert capsys.readouterr().err.startswith("1 rejected (b); ")


def test_nothing_left_is_an_error_with_the_first_reason() -> None:
    with pytest.raises(GroundstateError, match="none of 1 could be used; the first: b: no atoms"):
        table([], {"id": "id"}, [GONE])
