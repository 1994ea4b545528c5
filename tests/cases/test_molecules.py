"""Molecules as people have them: every input comes out right, or is refused by name, and loses no other.

The files of ``tests/data/molecule_cases`` are the inputs, with the outcome of each in ``expected.csv``; what
follows them are siblings of our own. ``pytest -v tests/cases/test_molecules.py`` prints one line per input.
"""

import csv
import gzip
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from groundstate.errors import GroundstateError
from groundstate.molecules.dataset.prepare import prepare_molecules
from groundstate.molecules.dataset.readers.formats import read_entries
from groundstate.molecules.dataset.requests import read_requests
from groundstate.molecules.dataset.settings import PrepareMolecules
from groundstate.molecules.mols import set_positions
from groundstate.molecules.pairing import read_geometries
from groundstate.molecules.sdf import molblock_with_properties, read_sdf_blocks, write_sdf

sys.path.insert(0, str(Path(__file__).parent))
import molecule_inputs
from molecule_cases import judge, read

SIBLINGS = molecule_inputs.CASES[molecule_inputs.GIVEN :]
CASES = Path(__file__).parents[1] / "data" / "molecule_cases"
with (CASES / "expected.csv").open(newline="", encoding="utf-8") as handle:
    ROWS = list(csv.DictReader(handle))
EXPECTED = {
    file: [(row["id"], row["outcome"], row["reason"]) for row in rows]
    for file, rows in itertools.groupby(ROWS, key=lambda row: row["file"])
}


def outcomes(path, **options):
    """(id, kept, "") and (id, rejected, reason) of a file, or one (file, refused, sentence)."""
    rejections = []
    try:
        kept = read_requests(path, rejections, **options)
    except GroundstateError as error:
        return [("", "refused", str(error))]
    return [(name, "kept", "") for name, _ in kept] + [(r.id, "rejected", r.reason) for r in rejections]


def kept(path, **options):
    return [name for name, outcome, _ in outcomes(path, **options) if outcome == "kept"]


def smi(tmp_path, text, name="in.smi", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("file", EXPECTED)
def test_inputs_of_users(file):
    actual = outcomes(CASES / file)
    assert [row[:2] for row in actual] == [row[:2] for row in EXPECTED[file]]
    for (_, _, reason), (name, _, fragment) in zip(actual, EXPECTED[file], strict=True):
        assert fragment in reason, f"{name}: {reason}"


@pytest.mark.parametrize("case", SIBLINGS, ids=[f"{case.kind}-{case.name}-{case.id}" for case in SIBLINGS])
def test_siblings_of_these(tmp_path, case):
    verdict = judge(case, read(case.make(tmp_path)))
    assert verdict in ("right", "refused", "refused row by row"), verdict


# 1. a centre is open only where its configurations are different molecules that exist and do not interconvert
COUNTS = {
    "C1CC2CCC1O2": 1, "C1CC2CCC1N2": 1, "C1C2CC3CC1CC(C2)C3": 1, "C1C2CC3CC1CN(C2)C3": 1, "C12C3C1C1C2C31": 1,
    "C1CN2CCC1C2": 1, "CC1CN1": 2, "CN1NC1C": 2, "C1OC1C": 2, "CC1(C)C2CCC1(C)C(=O)C2": 2, "OC1CC2CCC1CC2": 2,
    "C1CCC2CCCCC2C1": 2, "C1CC2CCC2C1": 3, "CC=NO": 2, "CC(C)=NC": 1, "NC(=N)C": 1, "CC(O)C(O)C": 3,
    "CP(C)(=O)O": 1, "CS(=O)CC": 2, "C[N+](CC)(C(C)C)C(C)(C)C": 2, "C1CC2CC1C=C2": 1, "C1CC12CC2": 1,
    "N1(C)CCC(C)CC1": 1, "CC1CN2CCC1CC2": 2, "C1CN2CCC(C1)C2": 2, "C1N2CN3CN1CN(C2)C3": 1,
    "OC1C2CC3CC1CC(O)(C2)C3": 2,
}  # fmt: skip


@pytest.mark.parametrize(("smiles", "count"), COUNTS.items())
def test_isomers_are_counted_as_a_chemist_does(tmp_path, smiles, count):
    assert len(kept(smi(tmp_path, f"{smiles} m\n"))) == count


@pytest.mark.parametrize(("smiles", "count"), COUNTS.items())
def test_the_workflow_agrees_with_the_command(tmp_path, smiles, count):
    path = smi(tmp_path, f"{smiles} m\nCC other\n")
    summary = prepare_molecules(lambda: read_entries("smiles", [path]), PrepareMolecules(), tmp_path / "out")
    assert summary["rejected"] == (count > 1)


def embedded(smiles, seed=7):
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    assert rdDistGeom.EmbedMolecule(mol, randomSeed=seed) == 0
    return mol


BINOL = "Oc1ccc2ccccc2c1-c1c(O)ccc2ccccc12"


# two hands of Troeger's base exist and do not interconvert, but nothing but its nitrogens tells them apart
@pytest.mark.parametrize(
    ("smiles", "told"),
    [
        ("Cc1ccc2c(c1)CN1CN2Cc2cc(C)ccc21", True),
        ("Cc1ccc2c(c1)C[N@@]1C[N@]2Cc2cc(C)ccc21", True),
        ("CC1(C)CN2CN1CC2(C)C", True),
        ("C1CN2CCN(C1)C2", False),  # the mirror image is the molecule itself
        ("c1ccc2c(c1)N1CCC2CC1", False),
        ("C1CC2CCCN2C1", False),  # inverts
    ],
)
def test_bridgehead_nitrogens_that_alone_make_two_molecules_are_refused(tmp_path, smiles, told):
    ((name, outcome, reason),) = outcomes(smi(tmp_path, f"{smiles} m\n"))
    assert (outcome == "rejected") == told and ("bridgehead nitrogens" in reason) == told
    if not told:
        assert name == "m"


# 2. the hand of a geometry is the hand of what comes out; what cannot be kept is refused
@pytest.mark.parametrize(
    "smiles", ["C[C@H](F)O", "C[C@@H](F)O", "C/C=C\\C", "C/C=C/C", "C[C@@H]1O[C@H]1C", "C[S@](=O)CC"]
)
def test_the_stereo_of_a_geometry_is_kept(tmp_path, smiles):
    write_sdf(tmp_path / "in.sdf", [("m", embedded(smiles), {})])
    ((_, mol),) = read_requests(tmp_path / "in.sdf", [])
    assert Chem.MolToSmiles(Chem.RemoveHs(mol)) == Chem.CanonSmiles(smiles)


@pytest.mark.parametrize(
    "smiles",
    [
        "FC=C=CF",
        "CC=C=C=CC",
        "OC(=O)C=C=CC",
        "Cc1cccc(Cl)c1-c1c(C)cccc1O",
        "Oc1ccc2ccccc2c1-c1c(O)ccc2ccccc12",
    ],
)
@pytest.mark.parametrize("geometry", [False, True], ids=["SMILES", "3D"])
def test_an_axis_is_refused(tmp_path, smiles, geometry):
    path = smi(tmp_path, f"{smiles} m\n")
    if geometry:
        path = tmp_path / "in.sdf"
        write_sdf(path, [("m", embedded(smiles), {})])
    ((name, outcome, reason),) = outcomes(path)
    assert (name, outcome) == ("m", "rejected") and "stereo of the axis" in reason


@pytest.mark.parametrize(
    "smiles",
    ["C=C=CF", "CC(C)=C=CC", "O=C=C=C=O", "Cc1ccccc1-c1ccccc1C", "Cc1cccc(C)c1-c1c(C)cccc1C", "N=C=NC"],
)
def test_what_is_no_axis_is_kept(tmp_path, smiles):
    assert kept(smi(tmp_path, f"{smiles} m\n")) == ["m"]


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("C[C@H](F)[C@@H](Cl)O |&1:1,3| m", 2),
        ("C[C@H](F)[C@@H](Cl)O |o1:1,o2:3| m", 4),
        ("C[C@H](F)[C@@H](Cl)O |a:1,o2:3| m", 2),
        ("C[C@H](F)[C@@H](Cl)O |a:1,3| m", 1),
        ("C[C@H](F)O |$_AV:a;b;c;d$| m", 1),
    ],
)
def test_groups_of_relative_stereo_are_enumerated(tmp_path, line, count):
    names = kept(smi(tmp_path, line + "\n"))
    assert names == (["m"] if count == 1 else [f"m-{number}" for number in range(1, count + 1)])
    ((_, outcome, reason), *rest) = outcomes(tmp_path / "in.smi", stereo="refuse")
    assert not rest and (outcome == "kept" or "mark it" in reason)


# 4. text, salts, drawings, properties
TEXT = "CCO éthanol\nc1ccccc1 benzène\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_encodings(tmp_path, encoding, packed):
    path = smi(tmp_path, TEXT, encoding=encoding)
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    assert kept(path) == ["éthanol", "benzène"]


@pytest.mark.parametrize(
    ("smiles", "largest", "stripped"),
    [
        ("CC(=O)[O-].[Na+]", "CC(=O)[O-]", "[Na+]"),
        ("O.C[C@H](N)C(=O)O.O", "C[C@H](N)C(=O)O", "O.O"),
        ("CCO.CCS", "CCS", "CCO"),
        ("Cl.CCN", "CCN", "Cl"),
    ],
)
def test_salts(tmp_path, smiles, largest, stripped):
    path = smi(tmp_path, f"{smiles} salt\nCC other\n")
    assert "disconnected fragments" in outcomes(path)[1][2]
    (_, mol), _ = read_requests(path, [], fragments="largest")
    assert Chem.MolToSmiles(Chem.RemoveHs(mol)) == Chem.CanonSmiles(largest)
    assert mol.GetProp("stripped") == Chem.CanonSmiles(stripped)


def flat(smiles):
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    Chem.rdDepictor.Compute2DCoords(mol)
    return mol


def prepared(tmp_path, entries, **settings):
    write_sdf(tmp_path / "in.sdf", entries)
    read = lambda: read_entries("sdf", [tmp_path / "in.sdf"])  # noqa: E731
    prepare_molecules(read, PrepareMolecules(**settings), tmp_path / "out")
    with (tmp_path / "out" / "rejected.csv").open(newline="") as file:
        rejected = {row["id"]: row["reason"] for row in csv.DictReader(file)}
    with (tmp_path / "out" / "splits.csv").open(newline="") as file:
        return [row["id"] for row in csv.DictReader(file)], rejected


def test_a_drawing_among_geometries_is_rejected(tmp_path):
    entries = [(f"m{k}", embedded("C" * k), {}) for k in range(1, 6)]
    ids, rejected = prepared(tmp_path, [entries[0], ("drawn", flat("CCO"), {}), *entries[1:]])
    assert ids == ["m1", "m2", "m3", "m4", "m5"]
    assert list(rejected) == ["drawn"] and "no 3D coordinates" in rejected["drawn"]


def test_drawings_alone_are_there_to_be_predicted(tmp_path):
    ids, rejected = prepared(tmp_path, [(f"m{k}", flat("C" * k), {}) for k in range(1, 4)])
    assert ids == ["m1", "m2", "m3"] and not rejected


@pytest.mark.parametrize("value", ["nan", "inf", "-Infinity", "1e400", "1_000", "12%"])
def test_what_is_no_number_is_no_property(tmp_path, value):
    entries = [(f"m{k}", embedded("C" * k), {"gap": value if k == 2 else "5.0"}) for k in range(1, 6)]
    ids, rejected = prepared(tmp_path, entries)
    assert len(ids) == 5 and not rejected
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["properties"] == {"gap": 4}


# 8. one bad row loses itself alone
@pytest.mark.parametrize(
    "row", ['"CCO', "CCO,a,b,c,d", 'C"C"O,x', "\x00", "C(,x", "[Xx],x", ",x", "CCO"], ids=repr
)
def test_a_bad_csv_row(tmp_path, row):
    path = smi(tmp_path, f"smiles,id\nCC,first\n{row}\nCCC,last\n", "in.csv", "latin-1")
    names = kept(path)
    assert names[0] == "first" and names[-1] == "last"
    assert len(outcomes(path)) == 3


# 17. ids come back unchanged from our own readers, or are refused
@pytest.mark.parametrize(
    "name",
    [
        ">  <id>",
        "M  END",
        "a/b",
        "../up",
        "=cmd|x",
        '"q", c',
        "é中",
        "007",
        "nan",
        "> <x>",
        "x" * 300,
        "$$$",
        "V2000",
    ],
)
def test_an_odd_id_comes_back(tmp_path, name):
    write_sdf(
        tmp_path / "out.sdf", [(name, embedded("CO"), {"note": "> <id>"}), ("next", embedded("CC"), {})]
    )
    assert [block.id for block in read_sdf_blocks(tmp_path / "out.sdf")] == [name, "next"]
    assert [block.properties.get("note") for block in read_sdf_blocks(tmp_path / "out.sdf")] == [
        "> <id>",
        None,
    ]


@pytest.mark.parametrize("name", ["", "$$$$", "$$$$ x", "a\nb", "a\rb", "a\x0bb", " a", "a\x00"])
def test_an_id_that_would_be_changed_is_refused(name):
    with pytest.raises(GroundstateError):
        molblock_with_properties(embedded("CO"), name, {})


# 21. limits for one item
@pytest.mark.parametrize("smiles", ["C" * 1000, "C" * 30_000, "C1CC1" * 300, "[Na+].[Cl-]." * 600 + "C"])
def test_a_big_smiles_is_refused_and_the_others_go_on(tmp_path, smiles):
    path = smi(tmp_path, f"CC first\n{smiles} big\nCCC last\n")
    result = outcomes(path)
    assert [row[:2] for row in result] == [("first", "kept"), ("last", "kept"), ("big", "rejected")]
    assert "max_atoms" in result[2][2] or "at most" in result[2][2]


def test_a_big_sdf_record_is_refused_and_the_others_go_on(tmp_path):
    small = molblock_with_properties(embedded("CC"), "small", {})
    line = np.arange(1200)[:, None] * [1.5, 0.0, 0.0]
    big = molblock_with_properties(set_positions(Chem.MolFromSmiles("C" * 1200), line), "big", {})
    endless = "endless\n" + "x\n" * 150_000 + "$$$$\n"
    path = smi(tmp_path, big + endless + small, "in.sdf")
    assert [row[:2] for row in outcomes(path)] == [
        ("small", "kept"),
        ("big", "rejected"),
        ("endless", "rejected"),
    ]


def test_a_bomb_is_refused(tmp_path):
    path = tmp_path / "in.smi.gz"
    with gzip.open(path, "wb", compresslevel=1) as handle:
        for _ in range(60):
            handle.write(b"#" * 2**19 + b"\n" + b"#" * 2**19)
    assert "looks like a bomb" in outcomes(path)[0][2]


# 24. the locale changes nothing
def test_ids_do_not_depend_on_the_locale(tmp_path):
    write_sdf(tmp_path / "in.sdf", [("é中", embedded("CO"), {})])
    assert [name for name, _ in read_geometries(tmp_path / "in.sdf")] == ["é中"]
    code = (
        "from groundstate.molecules.pairing import read_geometries\n"
        f"print(ascii([name for name, _ in read_geometries({str(tmp_path / 'in.sdf')!r})]))"
    )
    environment = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert run.stdout.strip() == ascii(["é中"]), run.stderr
