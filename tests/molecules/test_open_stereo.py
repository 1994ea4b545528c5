"""Open stereo: isomers that are different, exist, and do not turn into each other."""

import zipfile
from pathlib import Path

import pytest
from rdkit import Chem
from rdkit.Chem import rdDepictor, rdDistGeom

from groundstate.molecules.axes import stereo_axes
from groundstate.molecules.dataset.readers.formats import read_entries
from groundstate.molecules.mols import RecordError, parse_smiles, record_from_mol
from groundstate.molecules.open_stereo import MAX_ISOMERS, open_stereo
from groundstate.molecules.sdf import parse_molblock
from groundstate.molecules.stereo import match_stereo

ROWS = Path(__file__).parents[1] / "data" / "qm9_rows.zip"


def isomers(smiles, hydrogens=True):
    mol = parse_smiles(smiles)
    found = open_stereo(Chem.AddHs(mol) if hydrogens else mol)
    return {Chem.MolToSmiles(Chem.RemoveHs(one)) for one in found.isomers}, found.elements


@pytest.mark.parametrize("hydrogens", [True, False], ids=["explicit", "implicit"])
def test_isomers_and_names_of_what_differs(hydrogens):
    assert isomers("CC(O)C=CC", hydrogens) == (
        {"C/C=C/[C@@H](C)O", "C/C=C/[C@H](C)O", "C/C=C\\[C@@H](C)O", "C/C=C\\[C@H](C)O"},
        ["C2", "C4-C5"],
    )


@pytest.mark.parametrize(
    ("smiles", "forms"),
    [
        ("C1=CC=CC=CC=C1", {"C1=C\\C=C/C=C\\C=C/1"}),  # cyclooctatetraene: no E form
        ("C1CCCCCC=C1", {"C1=C/CCCCCC/1", "C1=C\\CCCCCC/1"}),  # trans-cyclooctene can be bought
        ("C1=CCCC=CCC1", {"C1=C\\CC/C=C\\CC/1", "C1=C\\CC/C=C/CC/1"}),  # (E,Z)-1,5-cyclooctadiene is known
    ],
)
def test_double_bonds_of_rings_have_the_forms_that_exist(smiles, forms):
    found, elements = isomers(smiles)
    assert found == forms
    assert bool(elements) == (len(forms) > 1)


def test_marks_of_the_input_stay():
    smiles, elements = isomers("C[C@H](O)C(F)Cl")
    assert smiles == {"C[C@H](O)[C@H](F)Cl", "C[C@H](O)[C@@H](F)Cl"} and elements == ["C4"]


@pytest.mark.parametrize("v3000", [False, True])
@pytest.mark.parametrize(
    ("smiles", "elements"),
    [("CC(F)O |w:1.0|", ["C2"]), ("CC=CF |w:1.0|", ["C2-C3"]), ("CC(=NO)CC |w:1.0|", ["C2-N3"])],
)
def test_wavy_bonds_of_a_drawing_leave_stereo_open(smiles, elements, v3000):
    drawn = Chem.MolFromSmiles(smiles)
    rdDepictor.Compute2DCoords(drawn)
    mol = parse_molblock(Chem.MolToMolBlock(drawn, forceV3000=v3000))
    found = open_stereo(Chem.AddHs(mol))
    assert found.elements == elements and len(found.isomers) == 2
    for isomer in found.isomers:  # its mark is seen in its geometry
        rdDistGeom.EmbedMolecule(isomer, randomSeed=1)
        assert match_stereo(isomer, isomer.GetConformer().GetPositions()).complete


def test_a_meso_form_is_one_molecule():
    assert len(isomers("OC(C)C(C)O")[0]) == 3


def test_the_skeleton_decides_over_bridgeheads():
    smiles, elements = isomers("OC1CC2CCC1C2")
    assert len(smiles) == 4 and elements == ["C2", "C4", "C7"]
    for one in smiles:  # exo and endo of either hand, never a trans bridge
        assert isomers(one) == ({one}, [])


@pytest.mark.parametrize("smiles", ["C1C2CC3CC1CC(C2)C3", "C12C3C4C1C5C2C3C45", "C1C2CC1C2", "C1CN2CCN1CC2"])
def test_marks_that_say_nothing_are_taken_off_a_cage(smiles):
    mol = parse_smiles(smiles)
    for atom in mol.GetAtoms():
        if atom.GetDegree() == 3 and atom.GetAtomicNum() == 6:
            atom.SetChiralTag(Chem.ChiralType.CHI_TETRAHEDRAL_CCW)
    ((one,), elements) = open_stereo(Chem.AddHs(mol))
    assert not elements
    assert all(atom.GetChiralTag() == Chem.ChiralType.CHI_UNSPECIFIED for atom in one.GetAtoms())


def test_too_many_isomers_are_refused_with_the_centres():
    chain = "C" + "C(F)" * 7 + "O"
    with pytest.raises(RecordError, match=f"C2, C4, C6.*more than {MAX_ISOMERS} isomers; mark some"):
        isomers(chain)


def test_a_cage_of_many_centres_is_decided_in_bounded_time():
    dodecahedrane = "C12C3C4C5C1C6C7C2C8C3C9C4C%10C5C6C%11C7C8C9C%10%11"
    assert len(isomers(dodecahedrane)[0]) == 1


@pytest.mark.parametrize(
    ("smiles", "axes"),
    [
        ("CC=C=CC", ["C2-C3-C4"]),
        ("C=C=CC", []),
        ("CC=C=C=CC", ["C2-C3-C4-C5"]),
        ("CC1=CC=CC(I)=C1N1C(C)=CC=C1Br |wU:7.6|", ["C8-N9"]),
        ("Cc1cccc(O)c1-c1c(C)cccc1N", ["C8-C9"]),
        ("Cc1cccc(C)c1-c1c(C)cccc1N", []),
        ("Fc1cccc(O)c1-c1c(F)cccc1N", []),
        ("c1ccccc1-c1ccccc1", []),
        # rings with equal halves in the place of double bonds
        ("FC=C=C1CCC(C)CC1", ["C2-C3-C4-C7"]),
        ("FC=C1CC(C)C1", ["C2-C3-C5"]),
        ("ON=C1CCC(C)CC1", ["N2-C3-C6"]),
        ("C[N+]([O-])=C1CCC(C)CC1", ["N2-C4-C7"]),
        ("ON=C1CCC(=NO)CC1", ["N2-C3-C6-N7"]),
        ("CC1CCC(=C2CCC(C)CC2)CC1", ["C2-C5-C6-C9"]),
        ("CC1CC2(C1)CC(Cl)C2", ["C2-C4-C7"]),
        ("CC1CC2(C1)CC1(CC(C)C1)C2", ["C2-C4-C7-C9"]),
        ("C1CCC2(O1)CCCO2", ["C3-C4-C6"]),
        ("O=C1CCCC12CCCC2=O", ["C2-C6-C10"]),
        ("N=C1CCC(C)CC1", []),  # inverts
        ("FC=C1CCN(C)CC1", []),
        ("FC=C1CCCCC1", []),
        ("FC(F)=C1CCC(C)CC1", []),
        ("CC1CCC(C)CC1", []),  # two marks
        ("CC1CC1=C1CC1C", []),
        ("C1CC2(C1)CCC2", []),
        ("C[C@@H]1CC[C@@]2(CC[C@H](C)C2)C1", []),
    ],
)
def test_axes(smiles, axes):
    mol = parse_smiles(smiles)
    assert stereo_axes(mol) == stereo_axes(Chem.AddHs(mol)) == axes


def test_rows_of_qm9_marked_from_their_geometry_are_one_molecule_each():
    assert zipfile.is_zipfile(ROWS)
    for entry in read_entries("qm9pack", [ROWS]):
        record = record_from_mol(entry.id, *entry.build())
        assert len(open_stereo(Chem.AddHs(parse_smiles(record["smiles"]))).isomers) == 1, record["smiles"]
