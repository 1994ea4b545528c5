"""Symmetry of known structures, and cells that hold the same crystal."""

import numpy as np
import pytest
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Lattice, Structure

from groundstate.crystals.cif.read import read_blocks
from groundstate.crystals.crystal import Crystal
from groundstate.crystals.space_group import find_space_group, symmetrised_cif
from groundstate.crystals.structures import to_structure


def rutile() -> Crystal:
    structure = Structure.from_spacegroup(
        136, Lattice.tetragonal(4.59, 2.96), ["Ti", "O"], [[0, 0, 0], [0.305, 0.305, 0]]
    )
    return Crystal("a b", np.array(structure.atomic_numbers), structure.frac_coords, structure.lattice.matrix)


def test_space_group_and_wyckoff_letters_of_rutile() -> None:
    found = find_space_group(rutile())
    assert found is not None
    assert (found.number, found.symbol, found.wyckoff) == (136, "P4_2/mnm", "Ti 2a, O 4f")


def test_multiplicities_are_of_the_conventional_cell() -> None:
    fcc = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]]) * 5.6
    salt = Crystal("salt", np.array([11, 17]), np.array([[0.0] * 3, [0.5] * 3]), fcc)
    found = find_space_group(salt)
    assert found is not None and found.wyckoff == "Na 4a, Cl 4b"
    assert len(found.conventional.atomic_numbers) == 8 and len(found.primitive.atomic_numbers) == 2


def test_a_shaken_supercell_gives_the_primitive_cell_with_atoms_on_their_places() -> None:
    crystal = rutile()
    cell = to_structure(crystal).make_supercell([1, 2, 1], in_place=False)
    cell.perturb(0.01)
    shaken = Crystal("s", np.array(cell.atomic_numbers), cell.frac_coords, cell.lattice.matrix)
    assert (found := find_space_group(shaken, 1e-4)) is None or found.number != 136
    found = find_space_group(shaken, 0.1)
    assert found is not None and found.number == 136 and len(found.primitive.atomic_numbers) == 6
    again = find_space_group(found.primitive, 1e-4)
    assert again is not None and again.number == 136
    assert StructureMatcher().fit(to_structure(found.conventional), to_structure(crystal))


def test_symmetrised_cif_reads_back_as_the_same_crystal() -> None:
    text = symmetrised_cif(rutile())
    assert text.count("\n") > 20 and "data_a_b" in text and "P4_2/mnm" in text
    (block,) = read_blocks(text)
    crystal = block.read("again")
    assert len(crystal.atomic_numbers) == 6
    assert StructureMatcher().fit(to_structure(crystal), to_structure(rutile()))


@pytest.mark.parametrize("symprec", [0.01, 0.1])
def test_symprec_is_named(symprec: float) -> None:
    found = find_space_group(rutile(), symprec)
    assert found is not None and found.symprec == symprec
