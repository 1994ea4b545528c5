"""Generation from Python: the crystals of the command line."""

from pathlib import Path

import ase.io
import numpy as np
import pytest
from typer.testing import CliRunner

import groundstate
from groundstate.cli import build_app
from groundstate.errors import GroundstateError


def test_structures_are_those_of_the_command_line(crystal_model: Path, tmp_path: Path) -> None:
    structures = groundstate.generate(3, checkpoint=crystal_model, seed=2)
    assert [one.properties["id"] for one in structures] == [f"seed2-0000{i}" for i in range(3)]
    output = tmp_path / "three.extxyz"
    arguments = ["generate", "crystals", "--checkpoint", str(crystal_model), "--output", str(output)]
    arguments += ["--num", "3", "--seed", "2"]
    assert CliRunner().invoke(build_app(arguments), arguments).exit_code == 0
    for structure, atoms in zip(structures, ase.io.read(output, ":"), strict=True):
        np.testing.assert_array_equal(structure.atomic_numbers, atoms.numbers)
        np.testing.assert_allclose(structure.lattice.matrix, atoms.cell.array, atol=1e-6)


def test_a_formula_is_obeyed(crystal_model: Path) -> None:
    structures = groundstate.generate(2, formula="SrTiO3", checkpoint=crystal_model)
    assert {one.composition.formula for one in structures} == {"Sr1 Ti1 O3"}


def test_faults_are_sentences(crystal_model: Path, geometry_model: Path) -> None:
    with pytest.raises(GroundstateError, match="'Xy' is not a formula"):
        groundstate.generate(1, formula="Xy", checkpoint=crystal_model)
    with pytest.raises(GroundstateError, match="'crystals' is needed"):
        groundstate.generate(1, checkpoint=geometry_model)
