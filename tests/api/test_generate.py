"""Generation from Python: the crystals of the command line."""

import csv
from pathlib import Path

import ase.io
import numpy as np
import pytest
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Lattice, Structure
from typer.testing import CliRunner

import groundstate
from groundstate.cli import build_app
from groundstate.errors import GroundstateError

PEROVSKITE = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]


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
    for wrong in ({"num": 0}, {"best_of": 0}, {"batch_size": 0}, {"steps": 1}):
        with pytest.raises(GroundstateError, match="is below"):
            groundstate.generate(checkpoint=crystal_model, **wrong)
    with pytest.raises(GroundstateError, match="--num 2, --best-of 10000000: 20000000 crystals drawn in all"):
        groundstate.generate(2, best_of=10**7, checkpoint=crystal_model)


def test_templates_begin_the_samples(crystal_model: Path, tmp_path: Path) -> None:
    known = Structure(Lattice.cubic(4.0), ["Ba", "Ti", "O", "O", "O"], PEROVSKITE)
    known.to(str(tmp_path / "known.cif"))
    asked = {"formula": "SrTiO3", "checkpoint": crystal_model, "templates": tmp_path / "known.cif"}
    with pytest.raises(GroundstateError, match=r"bad\.cif: no crystal to begin from; the first: bad: "):
        (tmp_path / "bad.cif").write_text("mine")
        groundstate.generate(1, noise=1e-3, **asked | {"templates": tmp_path / "bad.cif"})
    near = groundstate.generate(1, noise=1e-3, **asked)[0]
    assert near.composition.formula == "Sr1 Ti1 O3"
    assert StructureMatcher().fit_anonymous(near, known)
    free = groundstate.generate(1, formula="SrTiO3", checkpoint=crystal_model)[0]
    assert not np.allclose(near.lattice.matrix, free.lattice.matrix)
    with pytest.raises(GroundstateError, match="--noise is of templates"):
        groundstate.generate(1, formula="SrTiO3", checkpoint=crystal_model, noise=0.3)
    with pytest.raises(GroundstateError, match="--noise: 2 is not above 0"):
        groundstate.generate(1, noise=2, **asked)
    with pytest.raises(GroundstateError, match="nowhere"):
        groundstate.generate(1, checkpoint=crystal_model, templates=tmp_path / "nowhere.cif")


def test_the_command_line_begins_with_templates_too(crystal_model: Path, tmp_path: Path) -> None:
    output = tmp_path / "two.extxyz"
    arguments = [
        "generate",
        "crystals",
        "--checkpoint",
        str(crystal_model),
        "--output",
        str(output),
        "--num",
        "2",
    ]
    arguments += ["--formula", "SrTiO3", "--templates", "shipped", "--noise", "0.001"]
    assert CliRunner().invoke(build_app(arguments), arguments).exit_code == 0
    first = ase.io.read(output, "0")
    assert first.get_volume() == pytest.approx(60, rel=0.15)


def test_templates_that_cannot_be_read_are_named(crystal_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "known"
    folder.mkdir()
    Structure(Lattice.cubic(4.0), ["Ba", "Ti", "O", "O", "O"], PEROVSKITE).to(str(folder / "good.cif"))
    (folder / "._good.cif").write_text("of the Finder")
    asked = {"formula": "SrTiO3", "checkpoint": crystal_model}
    made = groundstate.generate(1, templates=folder, **asked)
    (rejected,) = made.attrs["rejected"]
    assert (rejected["id"], rejected["stage"]) == ("._good", "read template")
    assert groundstate.generate(1, **asked).attrs["rejected"] == []
    output = tmp_path / "one.extxyz"
    arguments = ["generate", "crystals", "--checkpoint", str(crystal_model), "--output", str(output)]
    arguments += ["--formula", "SrTiO3", "--templates", str(folder), "--num", "1"]
    done = CliRunner().invoke(build_app(arguments), arguments)
    assert done.exit_code == 0 and f"{folder}: 1 rejected, see {output}.rejected.csv" in done.stderr
    with Path(f"{output}.rejected.csv").open(newline="") as handle:
        assert list(csv.DictReader(handle)) == [rejected]
    (folder / "._good.cif").unlink()
    assert CliRunner().invoke(build_app(arguments), arguments).exit_code == 0
    assert not Path(f"{output}.rejected.csv").exists()  # it was of the older run
