"""Readers on real rows, and on files that are empty, cut, wrong or half wrong."""

import gzip
import json
import zipfile
from pathlib import Path
from typing import get_args

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from groundstate.errors import GroundstateError
from groundstate.molecules.dataset.readers.formats import FORMATS, read_entries
from groundstate.molecules.mols import RecordError, mol_from_record, record_from_mol
from groundstate.molecules.sdf import write_sdf
from groundstate.sources.settings import MoleculeFormat

TESTS = Path(__file__).parents[3]
ROWS = TESTS / "data" / "qm9_rows.zip"
MOLECULE3D = TESTS.parents[1] / "shared" / "data" / "molecule3d_random_train_chon20.sdf.gz"
HEADER = "Index,SMILES,Elements,XYZ_Ang,Dipole_debye,HOMO_au,LUMO_au,HOMO_LUMO_gap_au,InternalEnergy_0K_au\n"
WATER = "\"['O','H','H']\",\"[[0.,0.,0.1],[0.,0.76,-0.48],[0.,-0.76,-0.48]]\",1.8,-0.3,0.1,0.4,-76.\n"


def outcomes(format: str, *paths: Path) -> dict[str, dict | str]:
    found = {}
    for entry in read_entries(format, list(paths)):
        try:
            found[entry.id] = record_from_mol(entry.id, *entry.build())
        except RecordError as error:
            found[entry.id] = str(error)
    return found


def test_qm9_rows_become_records():
    records = outcomes("qm9pack", ROWS)
    assert len(records) == 81 and all(isinstance(record, dict) for record in records.values())
    water = records["qm9_000003"]
    assert water["smiles"] == "O" and water["inchi"] == "InChI=1S/H2O/h1H2"
    assert water["atomic_numbers"] == [8, 1, 1] and water["bonds"] == [[0, 1, 1], [0, 2, 1]]
    # published: HOMO -0.2928, LUMO 0.0687 hartree, dipole 1.8511 debye
    assert water["properties"]["homo_ev"] == pytest.approx(-0.2928 * 27.211386)
    assert water["properties"]["homo_lumo_gap_ev"] == pytest.approx(0.3615 * 27.211386)
    assert water["properties"]["dipole_debye"] == pytest.approx(1.8511)
    for record in records.values():
        assert Chem.MolToSmiles(Chem.RemoveHs(mol_from_record(record))) == record["smiles"]
        assert np.isfinite(record["positions"]).all()
    assert any("@" in record["smiles"] for record in records.values())


def test_bad_rows_are_rejected_one_by_one(tmp_path):
    path = tmp_path / "qm9_part1.csv"
    path.write_text(
        HEADER
        + f"1,O,{WATER}"
        + f"2,O,{WATER.replace('0.76,-0.48],', 'nan,-0.48],', 1)}"
        + f"3,O,{WATER.replace(chr(39) + 'O' + chr(39), chr(39) + 'Xx' + chr(39))}"
        + f"4,O(,{WATER}"
        + f"5,N,{WATER}"
        + "6,O\n"
        + f"7,O,{WATER.replace('-76.', 'many')}"
        + f"8,O,{WATER.replace('[0.,0.,0.1],', '')}"
        + f"9,O,{WATER}"
    )
    found = outcomes("qm9pack", path)
    assert [name for name, value in found.items() if isinstance(value, dict)] == ["qm9_000001", "qm9_000009"]
    reasons = {name: value for name, value in found.items() if isinstance(value, str)}
    for number, reason in [
        (2, "coordinate of atom 2 is not a number"),
        (3, "unknown element"),
        (4, "cannot parse the SMILES"),
        (5, "heavy atoms of SMILES and geometry differ"),
        (6, "is cut: it has 2 of 9 cells"),
        (7, "not a number"),
        (8, "3 elements, but 6 coordinates"),
    ]:
        assert reason in reasons[f"qm9_{number:06d}"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("Index,Elements\n1,2\n", "has no column SMILES, XYZ_Ang"),
    ],
)
def test_qm9_file_faults_name_the_file_and_the_columns(tmp_path, text, message):
    path = tmp_path / "qm9_part1.csv"
    path.write_text(text)
    with pytest.raises(GroundstateError, match=message) as caught:
        outcomes("qm9pack", path)
    assert str(path) in str(caught.value)


def test_a_row_that_is_cut_loses_itself_alone(tmp_path):
    path = tmp_path / "qm9_part1.csv"
    for rest in ("2,O", '2,O,"[', f"2,O,{WATER}".rpartition(",")[0]):
        path.write_text(HEADER + f"1,O,{WATER}" + rest)
        first, second = outcomes("qm9pack", path).values()
        assert isinstance(first, dict) and ("line 3 is cut" in second or "line 3 is no row" in second)


def test_a_cut_or_foreign_archive_is_refused(tmp_path):
    cut = tmp_path / "cut.whl"
    cut.write_bytes(ROWS.read_bytes()[:20000])
    with pytest.raises(GroundstateError, match=r"cut\.whl"):
        outcomes("qm9pack", cut)
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(GroundstateError, match=r"qm9_part1\.csv"):
        outcomes("qm9pack", other)


def embedded(smiles: str) -> Chem.Mol:
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    rdDistGeom.EmbedMolecule(mol, randomSeed=1)
    return mol


def test_sdf_keeps_numeric_fields_and_atom_order(tmp_path):
    path = tmp_path / "my.sdf"
    write_sdf(path, [("a", embedded("OC"), {"energy": "-1.5", "note": "text"})])
    record = outcomes("sdf", path)["a"]
    assert record["atomic_numbers"] == [8, 6, 1, 1, 1, 1]
    assert record["properties"] == {"energy": -1.5}


def test_a_flat_drawing_is_no_geometry_but_its_wedges_are_read(tmp_path):
    mol = Chem.MolFromSmiles("C[C@H](O)F")
    from rdkit.Chem import AllChem

    AllChem.Compute2DCoords(mol)
    path = tmp_path / "flat.sdf"
    write_sdf(path, [("a", mol, {})])
    record = outcomes("sdf", path)["a"]
    assert record["positions"] is None and record["smiles"] == "C[C@H](O)F"
    assert len(record["atomic_numbers"]) == 9
    assert Chem.MolToSmiles(Chem.RemoveHs(mol_from_record(record))) == "C[C@H](O)F"


def test_smiles_lines(tmp_path):
    path = tmp_path / "my.mols.smi"
    path.write_text("smiles name\nCCO ethyl alcohol 1.0\n# a comment\n\nC[C@H](O)F\nC1CC\tring\nC.C pair\n")
    found = outcomes("smiles", path)
    assert list(found) == ["ethyl alcohol 1.0", "my-2", "ring", "pair"]
    assert found["ethyl alcohol 1.0"]["positions"] is None
    assert found["my-2"]["smiles"] == "C[C@H](O)F"
    assert "cannot parse" in found["ring"] and "2 disconnected" in found["pair"]


def test_smiles_table_and_gzip(tmp_path):
    path = tmp_path / "set.csv.gz"
    with gzip.open(path, "wt") as handle:
        handle.write('ID,activity,SMILES\nx,1,OCC\n"y, z",2,"C"\n')
    found = outcomes("smiles", path)
    assert list(found) == ["x", "y, z"]
    assert found["x"]["atomic_numbers"][:3] == [8, 6, 6]
    (tmp_path / "no.csv").write_text("id,structure\n1,C\n")
    with pytest.raises(GroundstateError, match="has no column smiles"):
        outcomes("smiles", tmp_path / "no.csv")
    (tmp_path / "empty.smi").write_text("")
    with pytest.raises(GroundstateError, match="holds no SMILES"):
        outcomes("smiles", tmp_path / "empty.smi")


@pytest.mark.parametrize("title", ["Compound ID", "CMPD_CHEMBLID", "mol_id", "Title", "Drug-ID"])
def test_ids_of_a_table_by_the_names_that_exports_give_them(tmp_path, title, capsys):
    path = tmp_path / "export.csv"
    path.write_text(f"{title}|Canonical SMILES|n\nx|CCO|1\n|CCN|2\n")
    assert list(outcomes("smiles", path)) == ["x", "export-2"]
    assert not capsys.readouterr().err


def test_a_table_without_ids_says_how_its_molecules_are_called(tmp_path, capsys):
    path = tmp_path / "mine.csv"
    path.write_text("batch,smiles\nx,CCO\ny,CCN\n")
    assert list(outcomes("smiles", path)) == ["mine-1", "mine-2"]
    assert "no column of ids (id, name, compound_id, ...)" in capsys.readouterr().err


def test_a_name_ends_at_a_tab(tmp_path):
    path = tmp_path / "mine.smi"
    path.write_text("CCO\tethyl alcohol\t46.07\nCCN amine\t45.1\nC\t\t16\nCl |$a$|\tx\ty\n")
    assert list(outcomes("smiles", path)) == ["ethyl alcohol", "amine", "mine-3", "x"]


def test_an_sdf_named_as_smiles_is_refused(tmp_path):
    path = tmp_path / "wrong.smi"
    write_sdf(path, [("a", embedded("CCO"), {})])
    with pytest.raises(GroundstateError, match=r"wrong.smi: is an SDF by its line 4; give its name the end"):
        outcomes("smiles", path)


def parquet_rows() -> list[dict]:
    block = Chem.MolToMolBlock(Chem.RemoveHs(embedded("C[C@H](O)F")))
    row = {name: 0.5 for name in ("dipole x", "dipole y", "dipole z", "homo", "lumo", "homolumogap")}
    row |= {"index": 7, "SMILES": "CC(O)F", "cid": 11, "scf energy": -100.0}
    return [
        row | {"sdf": block},
        row | {"index": 8, "sdf": block.split("\n", 1)[1]},  # as in the mirror: no title line
        row | {"index": 9, "sdf": None},
        row | {"index": 10, "sdf": "nonsense"},
    ]


def test_molecule3d_parquet(tmp_path):
    path = tmp_path / "part.parquet"
    pq.write_table(pa.Table.from_pylist(parquet_rows()), path)
    found = outcomes("molecule3d_parquet", path)
    first, second = found["m3d_0000007"], found["m3d_0000008"]
    assert first["atomic_numbers"] == [6, 6, 8, 9] and first["smiles"] == "C[C@H](O)F"
    assert first["properties"]["scf_energy_ev"] == -100.0
    assert second | {"id": ""} == first | {"id": ""}
    assert "no mol block" in found["m3d_0000009"] and "no counts line" in found["m3d_0000010"]
    wrong = tmp_path / "wrong.parquet"
    pq.write_table(pa.table({"a": [1]}), wrong)
    with pytest.raises(GroundstateError, match="has no column index, sdf"):
        outcomes("molecule3d_parquet", wrong)
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(GroundstateError, match="not a readable Parquet file"):
        outcomes("molecule3d_parquet", cut)


@pytest.mark.skipif(not MOLECULE3D.exists(), reason="needs ../shared/data")
def test_real_molecule3d_records_read_as_their_own_smiles(tmp_path):
    with gzip.open(MOLECULE3D, "rt") as handle:
        head = "".join(handle.readlines()[:6000])
    path = tmp_path / "head.sdf"
    path.write_text(head[: head.rindex("$$$$")] + "$$$$\n")
    smiles = [b.split("\n", 1)[0] for b in path.read_text().split("<SMILES>\n")[1:]]
    records = list(outcomes("sdf", path).values())
    assert len(records) == len(smiles) > 100
    for record, expected in zip(records, smiles, strict=True):
        assert len(record["atomic_numbers"]) == 20
        flat = [
            Chem.MolToSmiles(Chem.MolFromSmiles(s), isomericSmiles=False)
            for s in (record["smiles"], expected)
        ]
        assert flat[0] == flat[1]


def test_unknown_format_is_named():
    with pytest.raises(GroundstateError, match="--format pdb: unknown; one of"):
        list(read_entries("pdb", []))
    assert tuple(FORMATS) == get_args(MoleculeFormat)


def official(folder: Path, count: int = 20) -> list[Path]:
    """The official layout in small: two SDF parts, properties, split files."""
    mols = [Chem.AddHs(Chem.MolFromSmiles("C" * (1 + k % 4) + "O")) for k in range(count)]
    for mol in mols:
        rdDistGeom.EmbedMolecule(mol, randomSeed=1)
    half = count // 2
    for start, end in ((0, half), (half, count)):
        entries = [(f"cid {k}", mols[k], {}) for k in range(start, end)]
        write_sdf(folder / f"combined_mols_{start}_to_{end}.sdf", entries)
    header = "cid,dipole x,dipole y,dipole z,homo,lumo,homolumogap,scf energy\n"
    rows = [f"{k},0,0,1,-5,1,6,{-100 - k}\n" for k in range(count)]
    (folder / "properties.csv").write_text(header + "".join(rows))
    splits = {"train": [0, 2, 4, 19], "valid": [1, 3], "test": [10, 5, 15]}
    (folder / "random_split_inds.json").write_text(json.dumps(splits))
    (folder / "random_test_split_inds.json").write_text(json.dumps({"train": [0], "valid": [2], "test": [1]}))
    return sorted(folder.iterdir(), reverse=True)


def test_official_molecule3d_files(tmp_path):
    entries = list(read_entries("molecule3d", official(tmp_path)))
    assert [entry.id for entry in entries] == [f"m3d_{k:07d}" for k in range(20)]
    records = [record_from_mol(entry.id, *entry.build()) for entry in entries]
    assert [len(r["smiles"]) - 1 for r in records] == [1 + k % 4 for k in range(20)]
    assert [r["properties"]["scf_energy_ev"] for r in records] == [-100 - k for k in range(20)]
    parts = {k: entry.parts.get("official_random") for k, entry in enumerate(entries)}
    assert [k for k, part in parts.items() if part == "validation"] == [1, 3]
    assert [k for k, part in parts.items() if part == "test"] == [5, 10, 15]
    assert parts[6] is None
    # positions within the test part in ascending order of molecules: 0 -> 5, 1 -> 10, 2 -> 15
    inner = {k: e.parts["official_random_property"] for k, e in enumerate(entries) if len(e.parts) == 2}
    assert inner == {5: "train", 10: "test", 15: "validation"}


def test_official_files_that_do_not_belong_together(tmp_path):
    files = official(tmp_path)
    with pytest.raises(GroundstateError, match="expected SDF parts"):
        list(read_entries("molecule3d", [*files, tmp_path / "notes.txt"]))
    with pytest.raises(GroundstateError, match=r"needs random_split_inds\.json beside it"):
        list(read_entries("molecule3d", [p for p in files if p.name != "random_split_inds.json"]))
    table = tmp_path / "properties.csv"
    table.write_text("\n".join(table.read_text().splitlines()[:-3]) + "\n")
    with pytest.raises(GroundstateError, match="differ in length at 17"):
        list(read_entries("molecule3d", files))
    (tmp_path / "random_split_inds.json").write_text('{"train": [1, 2')
    with pytest.raises(GroundstateError, match="expected JSON with the lists train, valid, test"):
        list(read_entries("molecule3d", files))
