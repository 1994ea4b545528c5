"""Rows of record files that cannot be molecules: each is named, and the others go on."""

import copy

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from groundstate.errors import GroundstateError
from groundstate.molecules.conformers.embed import embed_conformers
from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.dataset.record_file import RecordFile, RecordPart
from groundstate.molecules.models.predict import molecules_of
from groundstate.molecules.mols import record_from_mol
from groundstate.records import MOLECULE_SCHEMA, read_records, read_split, write_records


def good(name="ethanol", smiles="CCO", geometry=True):
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    if geometry:
        rdDistGeom.EmbedMolecule(mol, randomSeed=1)
    return record_from_mol(name, mol, {"gap": 1.0})


GOOD = good()


def bad(**columns):
    return copy.deepcopy(GOOD) | {"id": "bad"} | columns


def with_item(column, place, value):
    values = copy.deepcopy(GOOD[column])
    values[place] = value
    return bad(**{column: values})


BAD_ROWS = {
    "atomic number -6": with_item("atomic_numbers", 0, -6),
    "atomic number 0": with_item("atomic_numbers", 0, 0),
    "atomic number 200": with_item("atomic_numbers", 0, 200),
    "atomic number null": with_item("atomic_numbers", 0, None),
    "atomic numbers null": bad(atomic_numbers=None),
    "no atoms": bad(atomic_numbers=[], formal_charges=[], radical_electrons=[], bonds=[], positions=[]),
    "one atom more": bad(atomic_numbers=[*GOOD["atomic_numbers"], 1]),
    "another element": with_item("atomic_numbers", 0, 9),
    "charge 100": with_item("formal_charges", 0, 100),
    "charge null": with_item("formal_charges", 0, None),
    "charges null": bad(formal_charges=None),
    "one charge less": bad(formal_charges=GOOD["formal_charges"][1:]),
    "radicals -1": with_item("radical_electrons", 0, -1),
    "radicals null": bad(radical_electrons=None),
    "one radical less": bad(radical_electrons=GOOD["radical_electrons"][1:]),
    "bonds null": bad(bonds=None),
    "bond null": with_item("bonds", 0, None),
    "bond beyond the atoms": with_item("bonds", 0, [0, 99, 1]),
    "bond index -1": with_item("bonds", 0, [0, -1, 1]),
    "bond to itself": with_item("bonds", 0, [1, 1, 1]),
    "bond order 0": with_item("bonds", 0, [0, 1, 0]),
    "bond order 4": with_item("bonds", 0, [0, 1, 4]),
    "bond order null": with_item("bonds", 0, [0, 1, None]),
    "bond twice": bad(bonds=[*GOOD["bonds"], [1, 0, 1]]),
    "valence 5": with_item("bonds", 0, [0, 1, 3]),
    "position null": with_item("positions", 0, None),
    "coordinate null": with_item("positions", 0, [0.0, None, 0.0]),
    "coordinate nan": with_item("positions", 0, [0.0, float("nan"), 0.0]),
    "coordinate inf": with_item("positions", 0, [0.0, float("inf"), 0.0]),
    "one position less": bad(positions=GOOD["positions"][1:]),
    "property nan": bad(properties={"gap": float("nan")}),
    "property null": bad(properties={"gap": None}),
    "id null": bad(id=None),
    "id empty": bad(id=""),
    "smiles null": bad(smiles=None),
    "smiles of another molecule": bad(smiles="CCC", positions=None),
    "smiles broken": bad(smiles="C(", positions=None),
    "inchi null": bad(inchi=None),
    "id twice": bad(id="ethanol"),
}


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """All bad rows in one file, between two good ones."""
    path = tmp_path_factory.mktemp("bad") / "records.parquet"
    write_records(path, [GOOD, *BAD_ROWS.values(), good("methane", "C")], MOLECULE_SCHEMA)
    return path


def place_of(name):
    return list(BAD_ROWS).index(name) + 2


@pytest.fixture(scope="module")
def predicted(records):
    rejections = []
    kept = [one.id for one in molecules_of(read_records(records, MOLECULE_SCHEMA), rejections)]
    return kept, rejections


@pytest.fixture(scope="module")
def embedded(records, tmp_path_factory):
    folder = tmp_path_factory.mktemp("embedded") / "out"
    settings = EmbedConformers(max_iterations=2)
    embed_conformers(RecordFile(records, MOLECULE_SCHEMA), ["ethanol"], settings, 1, folder)
    return folder


def test_the_good_rows_go_on(predicted):
    kept, rejections = predicted
    assert kept == ["ethanol", "methane"] and len(rejections) == len(BAD_ROWS)


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_bad_row_is_rejected_with_a_sentence(predicted, name):
    rejection = predicted[1][place_of(name) - 2]
    assert rejection.id == (BAD_ROWS[name]["id"] or f"row {place_of(name)}")
    assert len(rejection.reason) > 10


def test_the_embed_stage_rejects_the_same(embedded, predicted):
    ids = set(pq.read_table(embedded / "conformers.parquet")["id"].to_pylist())
    assert ids == {"ethanol", "methane"}
    lines = (embedded / "rejected.csv").read_text().splitlines()[1:]
    assert [line.split(",")[0] for line in lines] == [row.id for row in predicted[1]]


def write_splits(folder, text):
    path = folder / "splits.csv"
    path.write_text(text)
    return path


def test_a_part_passes_bad_rows_over(records, tmp_path, capsys):
    names = dict.fromkeys(["ethanol", "bad", "methane"])
    splits = write_splits(tmp_path, "id,random\n" + "".join(f"{name},train\n" for name in names))
    part = RecordPart(records, splits, "random", "train")
    assert [row["id"] for row in part if row["id"] != "bad"] == ["ethanol", "ethanol", "methane"]
    assert "bond 1 joins atoms 0 and 99" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("id,random\na,train\nb\n", "line 3 is cut"),
        ("id,random\na,train\nb,tra", "'tra' is no part"),
        ("id,random\na,train\nb,tset\n", "'tset' is no part"),
        ("id,random\na,train\nc,test\n", "'c' is not among the records"),
        ("id,random\na,test\n", "the record 'b' is in no part"),
        ("id,random\na,train\na,test\nb,test\n", "'a' stands twice"),
        ("id,random\na,train\n,test\n", "cut or has no id"),
        ("id,random\na,train\nb,train\n", "no record is in the part 'test'"),
        ("id,scaffold\na,train\nb,test\n", "no split named 'random'"),
        ("", "no split named 'id'"),
        ("name,random\na,test\n", "no split named 'id'"),
    ],
)
def test_a_split_file_that_does_not_fit_is_refused(tmp_path, text, sentence):
    with pytest.raises(GroundstateError, match=sentence):
        read_split(write_splits(tmp_path, text), "random", "test", ["a", "b"])


def test_the_validation_part_may_be_empty(tmp_path):
    path = write_splits(tmp_path, "id,random\na,train\nb,\n")
    assert read_split(path, "random", "validation", ["a", "b"]) == []


def test_types_of_other_programs_are_read_and_wrong_ones_named(tmp_path):
    table = pa.Table.from_pylist([GOOD], schema=MOLECULE_SCHEMA)
    place = table.schema.get_field_index("atomic_numbers")
    wide = table.set_column(place, "atomic_numbers", table["atomic_numbers"].cast(pa.large_list(pa.int64())))
    pq.write_table(wide, tmp_path / "wide.parquet")
    assert next(iter(RecordFile(tmp_path / "wide.parquet", MOLECULE_SCHEMA)))["id"] == "ethanol"
    pq.write_table(table.set_column(place, "atomic_numbers", pa.array(["C"])), tmp_path / "text.parquet")
    for read in (
        lambda path: RecordFile(path, MOLECULE_SCHEMA),
        lambda path: read_records(path, MOLECULE_SCHEMA),
    ):
        with pytest.raises(GroundstateError, match=r"text.parquet"):
            read(tmp_path / "text.parquet")
