"""Crystals from pymatgen structures and ASE atoms."""

import ase
import ase.build
from pymatgen.core import Lattice, Structure

from groundstate.api.crystals import crystals_of
from groundstate.api.inputs import is_crystal


def test_crystals_that_are_none_have_reasons() -> None:
    half = Structure(Lattice.cubic(3), [{"Cu": 0.5, "Au": 0.5}], [[0, 0, 0]])
    copper = ase.build.bulk("Cu")
    crystals, rejections = crystals_of([("a", copper), ("b", half), ("a", copper), ("c", "NaCl")])
    assert [one.id for one in crystals] == ["a"]
    assert [one.reason.split(";")[0] for one in rejections] == [
        "has partly occupied sites",
        "the id occurs twice",
        "str is no pymatgen Structure and no periodic ASE Atoms",
    ]
    assert is_crystal(copper)
    assert not is_crystal(ase.build.molecule("H2O"))
