"""``NAME=FILE`` options: what they give, and which names are refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundstate.errors import GroundstateError
from groundstate.metrics.named_files import check_row_name, parse_named_files


def test_names_and_files_in_their_order() -> None:
    files = parse_named_files("--baseline", ["b=x/y.sdf", "a-1=k=v.sdf"])
    assert list(files.items()) == [("b", Path("x/y.sdf")), ("a-1", Path("k=v.sdf"))]


@given(st.text(max_size=20))
def test_a_name_that_passes_stays_inside_the_folder(name: str) -> None:
    try:
        check_row_name(name)
    except GroundstateError:
        return
    path = Path("/out") / f"molecules_{name}.csv"
    assert path.parent == Path("/out") and path.resolve() == path and "\0" not in name


@pytest.mark.parametrize("texts", [["a=x", "a=y"], ["a=x", "A=y"]])
def test_a_name_comes_once(texts: list[str]) -> None:
    with pytest.raises(GroundstateError, match="given twice"):
        parse_named_files("--row", texts)
