"""Records keep the molecule: graph, charges, stereo, atom order."""

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from groundstate.molecules.mols import (
    RecordError,
    connectivity_inchi,
    has_geometry,
    mol_from_record,
    parse_smiles,
    record_from_mol,
    set_positions,
)

MOLECULES = [
    "C",
    "O",
    "[H][H]",
    "C[C@H](O)F",
    "C[C@@H](O)F",
    r"C/C=C\C",
    "C/C=C/C",
    r"[H]/N=C(\C)N",
    "C[S@](=O)CC",
    "O[C@H]1C[C@@H](F)C1",
    "c1ccc2[nH]ccc2c1",
    "[NH3+]CC(=O)[O-]",
    "C[N+](=O)[O-]",
    "[CH3]",
    "[CH2]C=C",
    "[O][O]",
    "[C-]#[O+]",
    "N[C@@H](C)C(=O)O",
]


def embedded(smiles: str) -> Chem.Mol:
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    assert rdDistGeom.EmbedMolecule(mol, randomSeed=7) == 0
    return mol


def canonical(smiles: str) -> str:
    return Chem.CanonSmiles(smiles)


@pytest.mark.parametrize("smiles", MOLECULES)
def test_a_record_with_geometry_gives_the_molecule_back(smiles):
    mol = embedded(smiles)
    record = record_from_mol("a", mol)
    again = mol_from_record(record)
    assert [a.GetAtomicNum() for a in again.GetAtoms()] == [a.GetAtomicNum() for a in mol.GetAtoms()]
    assert Chem.MolToSmiles(Chem.RemoveHs(again)) == record["smiles"] == canonical(smiles)
    assert [a.GetNumRadicalElectrons() for a in again.GetAtoms()] == record["radical_electrons"]
    np.testing.assert_array_equal(again.GetConformer().GetPositions(), record["positions"])


@pytest.mark.parametrize("smiles", MOLECULES)
def test_a_record_without_geometry_keeps_the_stereo_of_its_smiles(smiles):
    record = record_from_mol("a", parse_smiles(smiles), smiles=smiles)
    assert record["positions"] is None
    again = mol_from_record(record)
    assert not has_geometry(again)
    assert Chem.MolToSmiles(Chem.RemoveHs(again)) == canonical(smiles)


def test_stereo_of_smiles_follows_the_atoms_when_the_record_is_in_another_order():
    mol = Chem.AddHs(Chem.MolFromSmiles("C[C@H](O)F"))
    shuffled = Chem.RenumberAtoms(mol, np.random.default_rng(0).permutation(mol.GetNumAtoms()).tolist())
    record = record_from_mol("a", shuffled)
    again = mol_from_record(record)
    assert [a.GetAtomicNum() for a in again.GetAtoms()] == [a.GetAtomicNum() for a in shuffled.GetAtoms()]
    assert Chem.MolToSmiles(Chem.RemoveHs(again)) == "C[C@H](O)F"


def test_stereo_comes_from_the_geometry_not_from_the_marks():
    mol = embedded("C[C@H](O)F")
    mirrored = set_positions(mol, mol.GetConformer().GetPositions() * [1, 1, -1])
    assert record_from_mol("a", mirrored)["smiles"] == "C[C@@H](O)F"


def test_hydrogens_that_a_geometry_lacks_stay_implicit():
    mol = Chem.RemoveHs(embedded("C[C@H](O)F"))
    record = record_from_mol("a", mol)
    assert record["atomic_numbers"] == [6, 6, 8, 9]
    again = mol_from_record(record)
    assert Chem.MolToSmiles(again) == record["smiles"] == "C[C@H](O)F"
    assert Chem.AddHs(again).GetNumAtoms() == 9


def test_inchi_groups_stereo_isomers_and_nothing_else():
    names = [
        connectivity_inchi(Chem.MolFromSmiles(s)) for s in ("C[C@H](O)F", "C[C@@H](O)F", "CC(O)F", "CCOF")
    ]
    assert names[0] == names[1] == names[2] != names[3]


@pytest.mark.parametrize(
    ("smiles", "reason"),
    [
        ("C.C", "2 disconnected fragments"),
        ("CC*", "stands for several elements or none"),
        ("C(", "cannot parse"),
        ("", "holds no atom"),
        ("C(C)(C)(C)(C)C", "valence"),
        ("c1cccc1", r"aromatic atoms 1 \(C\)"),
        ("[Fe]<-N", "dative"),
    ],
)
def test_what_cannot_be_a_record_is_refused_with_its_reason(smiles, reason):
    with pytest.raises(RecordError, match=f"(?i){reason}"):
        record_from_mol("a", parse_smiles(smiles))


def test_bad_coordinates_are_refused():
    mol = embedded("CO")
    positions = mol.GetConformer().GetPositions()
    bad = positions.copy()
    bad[2, 1] = np.nan
    with pytest.raises(RecordError, match="atom 3 is not a number"):
        record_from_mol("a", set_positions(mol, bad))
    bad = positions.copy()
    bad[4] = bad[1] + 0.01
    with pytest.raises(RecordError, match="atoms 2 and 5 are on the same point"):
        record_from_mol("a", set_positions(mol, bad))
