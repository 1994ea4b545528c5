"""SDF blocks: ids, cut files, broken records, V3000, gzip."""

import gzip

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from groundstate.errors import GroundstateError
from groundstate.molecules.dataset.requests import read_requests
from groundstate.molecules.mols import RecordError, record_from_mol
from groundstate.molecules.sdf import parse_molblock, read_sdf_blocks, write_sdf


def embedded(smiles: str) -> Chem.Mol:
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    rdDistGeom.EmbedMolecule(mol, randomSeed=1)
    return mol


def test_written_records_come_back_in_order_with_ids_and_properties(tmp_path):
    path = tmp_path / "out.sdf"
    entries = [
        (name, embedded(smiles), {"rank": k})
        for k, (name, smiles) in enumerate([("b.2", "CO"), ("a name", "C[C@H](O)F"), ("c_3", "C")])
    ]
    write_sdf(path, entries)
    blocks = list(read_sdf_blocks(path))
    assert [block.id for block in blocks] == ["b.2", "a name", "c_3"]
    assert [block.properties["rank"] for block in blocks] == ["0", "1", "2"]
    for block, (name, mol, _) in zip(blocks, entries, strict=True):
        read = parse_molblock(block.molblock)
        assert read.GetProp("_Name") == name
        np.testing.assert_allclose(
            read.GetConformer().GetPositions(), mol.GetConformer().GetPositions(), atol=5.1e-5
        )
        assert Chem.MolToSmiles(read) == Chem.MolToSmiles(mol)
    # the same file as RDKit sees it
    with Chem.SDMolSupplier(str(path), removeHs=False) as supplier:
        assert [mol.GetProp("id") for mol in supplier] == ["b.2", "a name", "c_3"]


@pytest.mark.parametrize("smiles", ["C/C=C/F", "C/C=C\\F"])
def test_a_geometry_decides_over_wavy_and_crossed_double_bonds(tmp_path, smiles):
    mol = embedded(smiles)
    Chem.RemoveStereochemistry(mol)
    crossed = Chem.MolToMolBlock(mol)  # as RDKit writes any double bond without a mark
    single, double = "\n  1  2  1  0\n", "\n  2  3  2  3\n"
    assert single in crossed and double in crossed
    wavy = crossed.replace(double, "\n  2  3  2  0\n").replace(single, "\n  1  2  1  4\n")
    for block in (crossed, wavy):
        assert record_from_mol("a", parse_molblock(block))["smiles"] == smiles
        (tmp_path / "a.sdf").write_text(block + "$$$$\n")
        ((name, read),) = read_requests(tmp_path / "a.sdf", [])
        assert (name, Chem.MolToSmiles(Chem.RemoveHs(read))) == ("a-1", smiles)


def test_a_broken_record_in_the_middle_loses_no_other(tmp_path):
    path = tmp_path / "three.sdf"
    write_sdf(path, [(name, embedded("CO"), {}) for name in "abc"])
    text = path.read_text().split("$$$$\n")
    text[1] = text[1].replace(" C ", " Xq").replace(" O ", " Xq")
    path.write_text("$$$$\n".join(text))
    outcome = []
    for block in read_sdf_blocks(path):
        try:
            outcome.append((block.id, parse_molblock(block.molblock).GetNumAtoms()))
        except RecordError as error:
            outcome.append((block.id, str(error)))
    assert outcome == [
        ("a", 6),
        ("b", "RDKit cannot parse the mol block: atom 1 (Xq) is no element; draw it in full"),
        ("c", 6),
    ]


def test_id_property_wins_over_title_and_position(tmp_path):
    block = Chem.MolToMolBlock(embedded("C"))
    path = tmp_path / "my.set.sdf"
    path.write_text(
        "".join(
            [
                f"title{block}>  <id>\nfrom property\n\n$$$$\n",
                f"title{block}$$$$\n",
                f"{block}$$$$\n",
            ]
        )
    )
    assert [b.id for b in read_sdf_blocks(path)] == ["from property", "title", "my-3"]


@pytest.mark.parametrize("force", [False, True])
def test_v3000_gzip_and_a_mol_file_without_dollars(tmp_path, force):
    path = tmp_path / "one.mol.gz"
    with gzip.open(path, "wt") as handle:
        handle.write(Chem.MolToMolBlock(embedded("CCO"), forceV3000=force))
    (block,) = read_sdf_blocks(path)
    assert Chem.MolToSmiles(Chem.RemoveHs(parse_molblock(block.molblock))) == "CCO"


def test_valence_fault_is_named(tmp_path):
    mol = Chem.RWMol(Chem.MolFromSmiles("CCCCCC", sanitize=False))
    for other in (2, 3, 4, 5):
        mol.AddBond(0, other, Chem.BondType.SINGLE)
    with pytest.raises(RecordError, match="valence"):
        parse_molblock(Chem.MolToMolBlock(mol, kekulize=False))


@pytest.mark.parametrize("name", ["a.smi", "a.smi.gz", "a.csv"])
def test_smiles_in_the_place_of_an_sdf_are_told_where_they_belong(tmp_path, name):
    (tmp_path / name).write_bytes(gzip.compress(b"CCO a\n") if name.endswith("gz") else b"CCO a\n")
    with pytest.raises(GroundstateError, match=r"not an SDF, or cut; SMILES are read by .*--format smiles"):
        list(read_sdf_blocks(tmp_path / name))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no SDF record"),
        (b"\n\n", "holds no SDF record"),
        (b"id,smiles\n1,C\n", "not an SDF, or cut"),
    ],
)
def test_file_faults_are_one_sentence(tmp_path, content, message):
    path = tmp_path / "bad.sdf"
    path.write_bytes(content)
    with pytest.raises(GroundstateError, match=message):
        list(read_sdf_blocks(path))


def test_a_record_that_is_cut_loses_itself_alone(tmp_path):
    path = tmp_path / "whole.sdf"
    write_sdf(path, [("a", embedded("CCO"), {}), ("b", embedded("CCO"), {})])
    cut = tmp_path / "cut.sdf"
    cut.write_bytes(path.read_bytes()[:-400])
    first, second = read_sdf_blocks(cut)
    assert (first.id, first.fault, second.id) == ("a", None, "b") and "it is cut" in second.fault
    with pytest.raises(GroundstateError, match="ends in the middle of record 2"):
        list(read_sdf_blocks(cut, whole=True))


def test_packed_files_that_are_cut_are_refused(tmp_path):
    path = tmp_path / "whole.sdf"
    write_sdf(path, [("a", embedded("CCO"), {}), ("b", embedded("CCO"), {})])
    packed = gzip.compress(path.read_bytes())
    half = tmp_path / "half.sdf.gz"
    half.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(GroundstateError, match="broken or cut"):
        list(read_sdf_blocks(half))
    with pytest.raises(GroundstateError, match="no such file"):
        list(read_sdf_blocks(tmp_path / "absent.sdf"))
