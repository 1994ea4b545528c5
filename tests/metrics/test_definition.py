"""Definitions and metrics of one's own: what they accept, and what they say otherwise."""

import json

import pytest

from groundstate.errors import GroundstateError
from groundstate.metrics.definition import (
    CrystalMetric,
    Definition,
    GeometryMetric,
    check_names,
    definition_of,
)

DENSITY = Definition("mass over volume", "any textbook", unit="g/cm³", label="Density", digits=2)


def test_a_definition_survives_json():
    about = json.loads(json.dumps({"density": DENSITY.as_dict()}))
    assert definition_of("density", about) == DENSITY
    assert DENSITY.as_dict(potential="chgnet")["potential"] == "chgnet"


def test_what_no_file_defines_has_its_key_as_label():
    bare = definition_of("mean_density", {})
    assert (bare.label, bare.unit, bare.direction) == ("Mean density", "", None)


def test_direction_and_name_are_checked():
    with pytest.raises(GroundstateError, match="direction is 'down'; allowed: 'lower', 'higher', None"):
        Definition("x", "y", direction="down")
    for name in ("", "Radius", "a b", "../x", "1st"):
        with pytest.raises(GroundstateError, match="a name is small letters"):
            CrystalMetric(name, DENSITY, len)


def test_values_are_finite_numbers_or_none():
    metric = GeometryMetric("first", DENSITY, lambda mol, predicted, reference: predicted)
    assert metric("m", None, 2, None) == 2.0
    assert metric("m", None, None, None) is None
    assert metric("m", None, float("nan"), None) is None
    for value in ("a", [1, 2]):
        with pytest.raises(GroundstateError, match=r"metric first: ethanol: \w+Error: .*one number"):
            metric("ethanol", None, value, None)


def test_names_are_unique_and_not_those_of_built_in_numbers():
    metric = CrystalMetric("sites", DENSITY, len)
    assert check_names([metric], ["n"]) == [metric]
    with pytest.raises(GroundstateError, match="metric sites: a built-in number has this name"):
        check_names([metric], ["sites"])
    with pytest.raises(GroundstateError, match="metric sites: two metrics have this name"):
        check_names([metric, metric], [])
