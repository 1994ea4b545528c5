"""Novelty against structures at hand and against phases that are only listed."""

from pymatgen.core import Lattice, Structure

from groundstate.crystals.structures import NamedStructure
from groundstate.stability.novelty import add_novelty, same_listed_phase
from groundstate.stability.relaxation import StabilityScore
from groundstate.stability.rows import StabilityRow

SALT = Structure.from_spacegroup(225, Lattice.cubic(5.64), ["Na", "Cl"], [[0] * 3, [0.5] * 3])
CESIUM_TYPE = Structure(Lattice.cubic(3.45), ["Na", "Cl"], [[0] * 3, [0.5] * 3])


def judged(structure, energy, at_hand=(), listed=True):
    row = StabilityRow(
        "a", "NaCl", len(structure), "Cl-Na", "converged",
        formation_energy_per_atom=energy, initial_formation_energy_per_atom=energy,
    )  # fmt: skip
    return add_novelty(StabilityScore([row], {}), {"a": structure}, at_hand, listed).rows[0]


def test_rock_salt_is_not_novel_even_where_its_structure_is_not_at_hand():
    found = judged(SALT, -2.105)
    assert (found.novel, found.novel_before, found.listed_as) == (False, False, "mp-22862")


def test_a_polymorph_of_another_energy_is_novel():
    assert judged(CESIUM_TYPE, -1.954).listed_as == "mp-22851"  # the cesium chloride type is listed, too
    found = judged(CESIUM_TYPE, -1.5)
    assert (found.novel, found.listed_as) == (True, "")


def test_a_structure_at_hand_decides_over_the_energy():
    at_hand = [NamedStructure("records.csv:mp-22862", SALT)]
    assert not judged(SALT, -1.0, at_hand).novel
    assert judged(CESIUM_TYPE, -2.105, at_hand).novel  # the same energy, but compared and different


def test_other_schemes_have_no_list():
    assert judged(SALT, -2.105, listed=False).novel


def test_the_closest_listed_phase_is_named():
    assert same_listed_phase("ZnO", -1.7909, set()) == "mp-2133"
    assert same_listed_phase("ZnO", -1.7909, {"mp-2133"}) == "mp-1986"  # sphalerite, 8 meV above wurtzite
    assert same_listed_phase("ZnO", -1.0, set()) == ""
    assert same_listed_phase("ZnO", None, set()) == ""
