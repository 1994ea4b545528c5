"""Prediction from Python: the same geometries as the command line, whatever the molecules come as."""

from pathlib import Path

import ase
import numpy as np
import pandas as pd
import pytest
from pymatgen.core import Molecule
from rdkit import Chem
from typer.testing import CliRunner

import groundstate
from groundstate.cli import build_app
from groundstate.errors import GroundstateError

SMILES = ["CCO", "c1ccncc1", "C[C@H](N)C(=O)O"]


def positions(mol: Chem.Mol) -> np.ndarray:
    return mol.GetConformer().GetPositions()


def test_smiles_molecules_and_mappings_give_the_geometries_of_the_command_line(
    geometry_model: Path, tmp_path: Path
) -> None:
    table = groundstate.predict(SMILES, checkpoint=geometry_model, num_conformers=2)
    assert list(table.id) == ["molecule-1", "molecule-2", "molecule-3"]
    assert list(table.smiles) == [Chem.CanonSmiles(one) for one in SMILES]
    path, output = tmp_path / "three.smi", tmp_path / "three.sdf"
    path.write_text("\n".join(f"{one} molecule-{i}" for i, one in enumerate(SMILES, 1)))
    arguments = ["predict", "geometry", "--input", path, "--checkpoint", geometry_model, "--output", output]
    arguments = [*map(str, arguments), "--num-conformers", "2"]
    done = CliRunner().invoke(build_app(arguments), arguments)
    assert done.exit_code == 0, done.output
    written = list(Chem.SDMolSupplier(str(output), removeHs=False))
    names = list(table.id)  # the seed of a molecule's conformers depends on its id
    other = {name: Chem.MolFromSmiles(one) for name, one in zip(names, SMILES, strict=True)}
    as_molecules = groundstate.predict(other, checkpoint=geometry_model, num_conformers=2)
    as_series = groundstate.predict(
        pd.Series(SMILES, index=["a", "b", "c"]), checkpoint=geometry_model, num_conformers=2
    )
    from_file = groundstate.predict(path, checkpoint=geometry_model, num_conformers=2)
    assert list(as_molecules.id) == names
    assert list(as_series.id) == ["a", "b", "c"]
    for row, mol in zip(table.mol, written, strict=True):
        np.testing.assert_allclose(positions(row), positions(mol), atol=1e-4)  # digits of an SDF
    for one, two in zip(table.mol, as_molecules.mol, strict=True):
        np.testing.assert_allclose(positions(one), positions(two), atol=1e-6)
    for one, two in zip(table.mol, from_file.mol, strict=True):
        np.testing.assert_array_equal(positions(one), positions(two))


def test_bare_atoms_get_bonds_and_keep_their_charge(geometry_model: Path) -> None:
    water = ase.Atoms("OH2", [[0, 0, 0.12], [0, 0.76, -0.48], [0, -0.76, -0.48]], info={"id": "w"})
    methane = Molecule(
        "CHHHH", [[0, 0, 0], [0.63] * 3, [-0.63, -0.63, 0.63], [-0.63, 0.63, -0.63], [0.63, -0.63, -0.63]]
    )
    table = groundstate.predict([water, methane], checkpoint=geometry_model, num_conformers=1)
    assert list(table.id) == ["w", "molecule-2"]
    assert list(table.smiles) == ["O", "C"]


def test_the_table_says_what_its_columns_are_and_what_is_missing(geometry_model: Path, capsys) -> None:
    table = groundstate.predict(["CCO", "CCN.Cl", "xx"], checkpoint=geometry_model, num_conformers=1)
    assert set(table.columns) == set(table.attrs["definitions"])
    assert [one["id"] for one in table.attrs["rejected"]] == ["molecule-2", "molecule-3"]
    assert all(one["reason"] for one in table.attrs["rejected"])
    assert "2 rejected (molecule-2, molecule-3)" in capsys.readouterr().err
    assert pd.concat([table, table]).attrs["groundstate"] == groundstate.__version__


def test_runners_up_have_ranks(geometry_model: Path) -> None:
    table = groundstate.predict("OCCCO", checkpoint=geometry_model, num_geometries=3, num_conformers=4)
    assert list(table["rank"]) == list(range(1, len(table) + 1))


def test_faults_are_sentences(geometry_model: Path) -> None:
    with pytest.raises(GroundstateError, match="none of 1 could be used; the first: molecule-1: RDKit"):
        groundstate.predict("xx", checkpoint=geometry_model)
    with pytest.raises(GroundstateError, match="there is no molecule"):
        groundstate.predict([], checkpoint=geometry_model)
    with pytest.raises(GroundstateError, match="int: no molecule"):
        groundstate.predict(3, checkpoint=geometry_model)
    with pytest.raises(GroundstateError, match="level: 'best' is not one of fast, standard, thorough"):
        groundstate.predict("CCO", level="best", checkpoint=geometry_model)
    for wrong in ({"num_geometries": 0}, {"num_conformers": 0}, {"batch_size": 0}, {"workers": 0}):
        with pytest.raises(GroundstateError, match=f"{next(iter(wrong))}: 0 is below 1"):
            groundstate.predict("CCO", checkpoint=geometry_model, **wrong)
    with pytest.raises(GroundstateError, match="no such file"):
        groundstate.predict("CCO", checkpoint=geometry_model / "none.ckpt")
