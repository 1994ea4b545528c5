"""What a user may ask, and how the impossible is refused."""

import pytest

from groundstate.crystals.models.requests import check_limits, parse_conditions, parse_request
from groundstate.errors import GroundstateError


def test_wishes_are_read() -> None:
    assert parse_request("Ca3(PO4)2", None, None).formulas == ({20: 3, 15: 2, 8: 8},)
    request = parse_request(None, "Li-Fe-P-O", "1-20")
    assert request.elements == {3, 26, 15, 8} and request.atoms == (1, 20)
    assert parse_request(None, None, "5").atoms == (5, 5)
    assert parse_conditions(["band_gap=1.5"]) == {"band_gap": 1.5}


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        (("SrXx3", None, None), "no such element: Xx"),
        (("Sr Ti(", None, None), "not a formula"),
        (("SrTiO3", "Sr-Ti-O", None), "leave out --elements"),
        ((None, "Li-Uuz", None), "no such element: Uuz"),
        ((None, "-", None), "name at least one"),
        ((None, None, "5-2"), "range"),
        ((None, None, "many"), "not a range"),
        ((None, None, "0-2"), "start at 1"),
    ],
)
def test_bad_wishes_are_sentences(wish: tuple, reason: str) -> None:
    with pytest.raises(GroundstateError, match=reason):
        parse_request(*wish)


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        (("SrTiO9", None, None), "9 O; this model holds at most 6"),
        (("Sr4Ti4Mn4", None, None), "12 atoms"),
        ((None, None, "5-40"), "at most 10 atoms"),
        ((None, "O", "8-10"), "1 elements with at most 6"),
    ],
)
def test_impossible_wishes_are_sentences(wish: tuple, reason: str) -> None:
    with pytest.raises(GroundstateError, match=reason):
        check_limits(parse_request(*wish), max_atoms=10, depth=6, conditions=[])
    with pytest.raises(GroundstateError, match="no condition 'band_gap'"):
        check_limits(parse_request(None, None, None, {"band_gap": 1.0}), 10, 6, ["heat"])
