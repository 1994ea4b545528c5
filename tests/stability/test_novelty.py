"""Novelty against structures at hand and against phases that are only listed."""

from pymatgen.core import Lattice, Structure

from groundstate.crystals.structures import NamedStructure
from groundstate.potentials.atoms import to_atoms
from groundstate.stability.novelty import add_novelty, same_listed_phase
from groundstate.stability.relaxation import StabilityScore
from groundstate.stability.rows import StabilityRow

SALT = Structure.from_spacegroup(225, Lattice.cubic(5.64), ["Na", "Cl"], [[0] * 3, [0.5] * 3])
CESIUM_TYPE = Structure(Lattice.cubic(3.45), ["Na", "Cl"], [[0] * 3, [0.5] * 3])


def judged(structure, energy, at_hand=(), training=None, listed=True):
    row = StabilityRow(
        "a", "NaCl", len(structure), "Cl-Na", "converged",
        formation_energy_per_atom=energy, initial_formation_energy_per_atom=energy,
    )  # fmt: skip
    return add_novelty(StabilityScore([row], {}), {"a": structure}, at_hand, training, listed).rows[0]


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


def test_novelty_against_the_training_crystals_alone_is_told_apart():
    salt, cesium_type = [NamedStructure("s", SALT)], [NamedStructure("c", CESIUM_TYPE)]
    found = judged(SALT, -1.0, salt, cesium_type, listed=False)
    assert (found.novel, found.novel_to_training, found.novel_to_training_before) == (False, True, True)
    found = judged(SALT, -1.0, cesium_type, salt, listed=False)
    assert (found.novel, found.novel_to_training) == (False, False)
    assert judged(SALT, -1.0, salt, [], listed=False).novel_to_training  # a file of other chemical systems
    assert judged(SALT, -1.0, listed=False).novel_to_training is None


def test_a_copy_names_the_first_of_its_kind():
    rows = [StabilityRow(name, "NaCl", 8, "Cl-Na", "converged") for name in ("a", "b", "c")]
    given = {"a": SALT, "b": CESIUM_TYPE, "c": SALT.copy()}
    relaxed = {"b": to_atoms(SALT)}
    found = add_novelty(StabilityScore(rows, relaxed), given, (), None, listed=False).rows
    assert [row.equivalent_to for row in found] == ["", "a", "a"]
    assert [row.equivalent_to_before for row in found] == ["", "", "a"]
    assert [row.unique for row in found] == [True, False, False]


def test_other_schemes_have_no_list():
    assert judged(SALT, -2.105, listed=False).novel


def test_the_closest_listed_phase_is_named():
    assert same_listed_phase("ZnO", -1.7909, set()) == "mp-2133"
    assert same_listed_phase("ZnO", -1.7909, {"mp-2133"}) == "mp-1986"  # sphalerite, 8 meV above wurtzite
    assert same_listed_phase("ZnO", -1.0, set()) == ""
    assert same_listed_phase("ZnO", None, set()) == ""
