"""Start geometries: stereo, seeds, cages, missing hydrogens, big and tiny molecules."""

import time

import numpy as np
import pytest
from rdkit import Chem
from scipy.spatial.distance import pdist

from groundstate.molecules.conformers.etkdg import Embedded, conformers_of, embed, relax, with_hydrogens
from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.mols import parse_smiles, set_positions
from groundstate.molecules.stereo import match_stereo

SETTINGS = EmbedConformers()
CAGES = [
    "NC(=O)C12CC(C1)C2",
    "C[C@H]1[C@H]2CO[C@@H]12",
    "C1=C2[C@@H]3[C@@H]4[C@H]2N4[C@@H]3C1",
    "C12C3C4C1C5C2C3C45",
]


def conformers(smiles: str, settings: EmbedConformers = SETTINGS, name: str = "a") -> list[dict]:
    return conformers_of(name, Chem.AddHs(parse_smiles(smiles)), settings)


def smiles_from_3d(smiles: str, positions: list) -> str:
    mol = set_positions(Chem.AddHs(Chem.MolFromSmiles(smiles)), np.array(positions))
    Chem.AssignStereochemistryFrom3D(mol)
    return Chem.MolToSmiles(Chem.RemoveHs(mol))


@pytest.mark.parametrize(
    "smiles",
    ["C[C@H](O)F", "C[C@@H](O)F", r"C/C=C\C", "C/C=C/C", r"[H]/N=C(\C)N", "C[S@](=O)CC", *CAGES],
)
def test_both_geometries_have_the_stereo_of_the_record(smiles):
    start, relaxed = conformers(smiles)
    assert (start["method"], relaxed["method"]) == ("etkdg", "mmff")
    for row in (start, relaxed):
        assert row["stereo_kept"]
        assert smiles_from_3d(smiles, row["positions"]) == Chem.CanonSmiles(smiles)
    assert start["energy"] is None


def test_a_cage_that_rdkit_refuses_comes_out_marked():
    rows = conformers("C[C@H]1[C@H]2CO[C@@H]12")
    assert rows[0]["origin"] == "fallback" and rows[0]["stereo_kept"]


def test_every_minimum_comes_once_and_depends_on_nothing_but_record_and_settings():
    settings = EmbedConformers(num_conformers=8)
    rows = conformers("CCCCO", settings)
    assert [row["method"] for row in rows] == ["etkdg"] + ["mmff"] * (len(rows) - 1)
    minima = rows[1:]
    assert minima[0]["conformer"] == 0 and sum(row["copies"] for row in minima) == 8
    assert 3 <= len(minima) <= 8
    shapes = [np.sort(pdist(row["positions"])) for row in minima]
    for k, (row, shape) in enumerate(zip(minima, shapes, strict=True)):
        for other, known in zip(minima[:k], shapes[:k], strict=True):
            assert abs(row["energy"] - other["energy"]) > 0.05 or abs(shape - known).max() > 0.05
    assert rows == conformers("CCCCO", settings)
    assert rows[0] == conformers("CCCCO")[0]
    assert rows[0]["positions"] != conformers("CCCCO", settings, "b")[0]["positions"]
    assert len(conformers("C1CC1", settings)) == 2  # a rigid molecule has one


def test_a_cage_has_as_many_fallback_conformers_as_wanted():
    rows = conformers("OCCC[C@H]1[C@H]2CO[C@@H]12", EmbedConformers(num_conformers=4))
    assert all(row["origin"] == "fallback" and row["stereo_kept"] for row in rows)
    assert sum(row["copies"] for row in rows[1:]) == 4 and len(rows) > 2


def test_relaxing_lowers_the_energy_and_names_the_force_field():
    row = conformers("CCO")[1]
    assert row["force_field"] == "mmff94"
    # ethanol's anti and gauche minima of MMFF94 are within 0.2 kcal/mol of -1.25
    assert row["energy"] == pytest.approx(-1.25, abs=0.2)
    boron = conformers("CB(O)O")[1]
    assert boron["force_field"] == "uff" and boron["energy"] is not None


def test_a_minimum_of_other_stereo_is_not_taken():
    mol = Chem.AddHs(Chem.MolFromSmiles("C[C@H](O)F"))
    (right,) = embed(mol, 1, 1, SETTINGS)
    mirrored = Embedded(right.positions * [1, 1, -1], "etkdg", True)  # claims a stereo that it has not
    (relaxed,) = relax(mol, [mirrored], 200)
    assert relaxed.force_field == "none"
    np.testing.assert_array_equal(relaxed.positions, mirrored.positions)


def test_hydrogens_that_the_record_lacks_are_left_out_again():
    full = Chem.AddHs(Chem.MolFromSmiles("C[C@H](O)F"))
    heavy = Chem.RemoveHs(set_positions(full, embed(full, 1, 1, SETTINGS)[0].positions))
    rows = conformers_of("a", heavy, SETTINGS)
    assert [len(row["positions"]) for row in rows] == [4, 4]
    assert match_stereo(heavy, np.array(rows[1]["positions"])).complete


def test_hydrogens_that_were_left_out_come_back_where_they_were():
    lacking, whole = parse_smiles("CCO"), Chem.AddHs(parse_smiles("CCO"))
    rows, complete = (
        [row for row in conformers_of("a", mol, SETTINGS) if row["method"] == "mmff"]
        for mol in (lacking, whole)
    )
    mol, shapes = with_hydrogens(lacking, rows)
    assert Chem.MolToSmiles(mol) == Chem.MolToSmiles(whole)
    np.testing.assert_array_equal(shapes, [row["positions"] for row in complete])
    assert with_hydrogens(whole, complete)[0] is whole
    assert with_hydrogens(lacking, []) == (lacking, [])


@pytest.mark.parametrize("smiles", ["[He]", "[Na+]", "[H][H]", "O"])
def test_tiny_molecules(smiles):
    for row in conformers(smiles):
        assert np.isfinite(row["positions"]).all() and row["stereo_kept"]


def test_time_is_bounded_and_something_always_comes_out():
    smiles = "C" * 120
    started = time.process_time()  # other work on the machine does not count
    rows = conformers(smiles, EmbedConformers(time_limit=1.0, force_field_steps=0))
    assert time.process_time() - started < 20  # minutes without a limit
    assert np.isfinite(rows[0]["positions"]).all() and len(rows[0]["positions"]) == 362


def test_stereo_of_a_mirror_image_is_wrong():
    mol = Chem.AddHs(Chem.MolFromSmiles(r"C[C@H](O)/C=C\F"))
    positions = embed(mol, 1, 1, SETTINGS)[0].positions
    assert match_stereo(mol, positions) == (1, 1, 1, 1)
    assert match_stereo(mol, positions * [1, 1, -1]) == (1, 0, 1, 1)
    assert match_stereo(Chem.AddHs(Chem.MolFromSmiles(r"C[C@H](O)/C=C/F")), positions) == (1, 1, 1, 0)
