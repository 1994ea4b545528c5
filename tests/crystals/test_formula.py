"""Formulas: read strictly, with a suggestion where one is nearly right."""

import re

import pytest

from groundstate.crystals.formula import formula_text, parse_formula

FORMULAS = {
    "SrTiO3": {38: 1, 22: 1, 8: 3},
    "Ca3(PO4)2": {20: 3, 15: 2, 8: 8},
    "SrTiO₃": {38: 1, 22: 1, 8: 3},
    "Sr Ti O3": {38: 1, 22: 1, 8: 3},
    "[Fe(CN)6]4": {26: 4, 6: 24, 7: 24},
    "Ne2Xe": {10: 2, 54: 1},
    "SrTi03": "did you mean SrTiO3",
    "C0": "did you mean CO",
    "Na0Cl": "0 is no count",
    "La0.7Sr0.3MnO3": "did you mean La7Sr3Mn10O30",
    "Li0,5CoO2": "whole numbers; did you mean LiCo2O4",
    "Fe3+": "a charge is no part of a formula; did you mean Fe",
    "O2-": "a charge",
    "CaSO4.2H2O": "in brackets; did you mean CaSO4(H2O)2?",
    "CuSO4\u00b75H2O": "in brackets; did you mean CuSO4(H2O)5?",
    "LiOH*H2O": "in brackets; did you mean LiOH(H2O)?",
    "TiO2-x": "not a number is no part of a formula; did you mean TiO2?",
    "YBa2Cu3O7\u2212\u03b4": "not a number is no part of a formula; did you mean YBa2Cu3O7?",
    "nacl": "did you mean NaCl",
    "NACL": "no such element: A; did you mean NaCl",
    "srti03": "did you mean SrTiO3",
    "Xx2": "no such element: Xx",
    "D2O": "no such element: D",
    "2NaCl": "follows nothing",
    "Ca3(PO4": "brackets do not match",
    "Ca)": "brackets do not match",
    "Fe1000000000": "too many atoms",
    "": "names no element",
    "()": "brackets",
}


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_are_read_strictly(text: str) -> None:
    expected = FORMULAS[text]
    if isinstance(expected, dict):
        assert parse_formula(text) == expected
    else:
        with pytest.raises(ValueError, match=re.escape(expected)):
            parse_formula(text)


def test_formulas_come_back_as_text() -> None:
    assert formula_text(parse_formula("Ca3(PO4)2")) == "Ca3 O8 P2"
