"""POSCAR files: as pymatgen and ASE write them, in folders beside CIFs, and those that are refused."""

import gzip
from pathlib import Path

import ase.io
import numpy as np
import pytest
from pymatgen.core import Lattice, Structure
from pymatgen.io.ase import AseAtomsAdaptor
from pymatgen.io.vasp import Poscar

from groundstate.crystals.dataset.readers.formats import reader_of
from groundstate.crystals.dataset.readers.poscar import read_poscar
from groundstate.crystals.structures import read_structures
from groundstate.records import Rejection

ROWS = ["rutile", "1.0", "4.6 0 0", "0 4.6 0", "0 0 3.0", "Ti O", "1 1", "Direct", "0 0 0", "0.3 0.3 0.5"]


@pytest.fixture
def rutile() -> Structure:
    cell = Lattice.from_parameters(4.59, 4.7, 2.96, 80, 95, 100)
    return Structure(cell, ["Ti", "O", "O"], [[0.1, 0, 0.9], [0.305, 0.305, 0], [0.7, 0.6, 0.5]])


def same(crystal: Structure, other: Structure) -> bool:
    """Say whether distances, elements and cells are the same; the cell may be turned."""
    return (
        crystal.atomic_numbers == other.atomic_numbers
        and np.allclose(crystal.lattice.parameters, other.lattice.parameters, atol=1e-5)
        and np.allclose(crystal.distance_matrix, other.distance_matrix, atol=1e-5)
    )


@pytest.mark.parametrize("name", ["POSCAR", "CONTCAR_1", "TiO2.vasp", "a_POSCAR", "POSCAR.gz", "b.poscar"])
def test_a_file_by_its_name(tmp_path: Path, rutile: Structure, name: str) -> None:
    text = Poscar(rutile).get_str().replace("\n", "\r\n").encode()
    (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    (read,), rejections = read_structures(tmp_path / name)
    assert not rejections and same(read.structure, rutile)
    assert read.id == {"TiO2.vasp": "TiO2", "POSCAR.gz": "POSCAR", "b.poscar": "b"}.get(name, name)


@pytest.mark.parametrize("direct", [True, False])
def test_what_ase_writes(tmp_path: Path, rutile: Structure, direct: bool) -> None:
    from ase.constraints import FixAtoms

    atoms = AseAtomsAdaptor.get_atoms(rutile)
    atoms.set_constraint(FixAtoms([0]))  # selective dynamics
    ase.io.write(tmp_path / "POSCAR", atoms, format="vasp", direct=direct)
    assert "Selective" in (tmp_path / "POSCAR").read_text()
    (read,), _ = read_structures(tmp_path / "POSCAR")
    assert same(read.structure, rutile)


@pytest.mark.parametrize("scale", ["2.0", "-507.84", "2 2 2"])  # factor, minus the volume, three factors
def test_the_scale_is_of_cell_and_cartesian_positions(scale: str) -> None:
    rows = [ROWS[0], scale, *ROWS[2:7], "Cartesian", "0 0 0", "2.3 2.3 1.5"]
    crystal = read_poscar("\n".join(rows), "a")
    assert np.allclose(np.diag(crystal.lattice), [9.2, 9.2, 6.0])
    assert np.allclose(crystal.frac_coords[1], 0.5)


def test_a_folder_of_calculations_beside_cifs(tmp_path: Path, rutile: Structure) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        Poscar(rutile).write_file(tmp_path / folder / "POSCAR")
    rutile.to(str(tmp_path / "c.cif"))
    (tmp_path / "d.vasp").write_text("cut")
    (tmp_path / "OUTCAR").write_text("other")
    structures, rejections = read_structures(tmp_path)
    assert [one.id for one in structures] == ["a/POSCAR", "b/POSCAR", "c"]
    assert {one.id for one in rejections} == {"OUTCAR", "d"}


@pytest.mark.parametrize(
    ("row", "text", "said"),
    [
        (1, "0", "line 2 is '0'"),
        (1, "1 2", "line 2 is '1 2'"),
        (2, "4.6 x 0", "line 3 is '4.6 x 0', not 3 numbers"),
        (3, "4.6 0 0", "lie in a plane"),
        (4, "0 0 nan", "line 5"),
        (5, "2 1", "VASP 4"),
        (5, "Ti Xx", "'Xx' is no element"),
        (6, "1", "line 7"),
        (6, "1 2", "2 positions for 3 atoms"),
        (6, "1 999999999999", "lines for"),
        (7, "0 0 0", "not Direct or Cartesian"),
        (9, "0.3 0.3", "line 10"),
    ],
)
def test_what_is_refused_names_the_line(tmp_path: Path, row: int, text: str, said: str) -> None:
    path = tmp_path / "x.vasp"
    path.write_text("\n".join([*ROWS[:row], text, *ROWS[row + 1 :]]))
    (rejection,) = reader_of(path)(path)
    assert isinstance(rejection, Rejection)
    assert rejection.id == "x" and said in rejection.reason
