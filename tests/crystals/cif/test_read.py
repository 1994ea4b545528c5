"""CIF reading and writing against pymatgen."""

import numpy as np
import pytest
from pymatgen.core import Structure
from pymatgen.io.cif import CifParser, CifWriter

from groundstate.crystals.cif.read import read_blocks
from groundstate.crystals.cif.write import to_cif
from groundstate.crystals.crystal import Crystal
from groundstate.crystals.lattice import cell_parameters


def read(text: str) -> Crystal:
    (block,) = read_blocks(text)
    return block.read("x")


def structure(crystal: Crystal) -> Structure:
    return Structure(crystal.lattice, crystal.atomic_numbers, crystal.frac_coords)


def test_the_reader_reads_what_pymatgen_writes(real: list) -> None:
    for crystal in real[:20]:
        back = read(str(CifWriter(structure(crystal))))
        parameters = cell_parameters(back.lattice)
        np.testing.assert_allclose(parameters, cell_parameters(crystal.lattice), atol=1e-6)
        assert sorted(back.atomic_numbers) == sorted(crystal.atomic_numbers)


def test_pymatgen_reads_what_we_write(real: list) -> None:
    for crystal in real[:10]:
        back = CifParser.from_str(to_cif(crystal)).parse_structures(primitive=False)[0]
        np.testing.assert_allclose(back.lattice.parameters, cell_parameters(crystal.lattice), atol=1e-6)
        assert sorted(site.specie.Z for site in back) == sorted(crystal.atomic_numbers)
        away = back.frac_coords[:, None] - crystal.frac_coords
        distance = np.abs(away - np.round(away)).max(-1)
        assert distance.min(0).max() < 1e-7
        nearest = crystal.atomic_numbers[distance.argmin(1)]
        assert nearest.tolist() == [site.specie.Z for site in back]


def test_symmetry_is_expanded() -> None:
    rock_salt = Structure.from_spacegroup(
        "Fm-3m", np.eye(3) * 5.64, ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    )
    text = str(CifWriter(rock_salt, symprec=0.01))
    assert sorted(read(text).atomic_numbers) == [11] * 4 + [17] * 4


def test_uncertainties_and_quoted_values() -> None:
    text = """data_x
_cell_length_a 4.00(2)
_cell_length_b 4.0
_cell_length_c 4.0
_cell_angle_alpha 90.
_cell_angle_beta 90
_cell_angle_gamma 90
_chemical_name 'two words'
loop_
_atom_site_label
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Cs1 0.0 0 0
Cl1 0.5(1) 0.5 0.5
"""
    crystal = read(text)
    assert crystal.atomic_numbers.tolist() == [55, 17]
    assert crystal.frac_coords[1, 0] == 0.5


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("Cl1 0.5 0.5 0.5", "Cl1 0.5 0.5", "Wrong number of values in loop"),
        ("Cl1 0.5 0.5 0.5", "Cl1 0.5 half 0.5", "is 'half', not a number"),
        ("_cell_length_b 4", "", "no _cell_length_b"),
        ("_atom_site_fract_z", "_atom_site_other", "no site list"),
    ],
)
def test_damage_is_a_value_error_with_a_reason(old: str, new: str, reason: str) -> None:
    text = "data_x\n" + "".join(f"_cell_length_{axis} 4\n" for axis in "abc")
    text += "".join(f"_cell_angle_{angle} 90\n" for angle in ("alpha", "beta", "gamma"))
    text += "loop_\n_atom_site_label\n" + "".join(f"_atom_site_fract_{axis}\n" for axis in "xyz")
    text += "Cs1 0 0 0\nCl1 0.5 0.5 0.5\n"
    assert len(read(text).atomic_numbers) == 2
    with pytest.raises(ValueError, match=reason):
        read(text.replace(old, new))
