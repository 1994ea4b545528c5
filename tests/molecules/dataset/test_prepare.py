"""The prepare stage: nothing disappears, samples and splits are stable, bad files leave nothing behind."""

import csv
import functools
import json
import operator
from pathlib import Path

import pytest

from groundstate.cli import main
from groundstate.errors import GroundstateError
from groundstate.molecules.dataset.prepare import prepare_molecules
from groundstate.molecules.dataset.readers.formats import read_entries
from groundstate.molecules.dataset.settings import PrepareMolecules
from groundstate.molecules.sdf import read_sdf_blocks
from groundstate.records import MOLECULE_SCHEMA, read_records, read_split

ROWS = Path(__file__).parents[2] / "data" / "qm9_rows.zip"
PARTS = ("train", "validation", "test")


def prepare(
    output: Path, format: str = "qm9pack", path: Path = ROWS, split: str = "random", **settings
) -> dict:
    return prepare_molecules(
        lambda: read_entries(format, [path]), PrepareMolecules(**settings), output, split
    )


def rejected(folder: Path) -> list[dict]:
    with (folder / "rejected.csv").open() as handle:
        return list(csv.DictReader(handle))


def test_every_row_is_a_record_in_one_part(tmp_path):
    summary = prepare(tmp_path)
    records = read_records(tmp_path / "records.parquet", MOLECULE_SCHEMA)
    assert summary["source"] == summary["sampled"] == summary["records"] == len(records) == 81
    assert json.loads((tmp_path / "summary.json").read_text()) == summary
    ids = [record["id"] for record in records]
    for column in ("random", "scaffold"):
        parts = {part: read_split(tmp_path / "splits.csv", column, part) for part in PARTS}
        assert sorted(functools.reduce(operator.iadd, parts.values(), [])) == sorted(ids)
        assert {part: len(names) for part, names in parts.items()} == summary["splits"][column]
        inchis = {record["id"]: record["inchi"] for record in records}
        assert len(set(inchis.values())) < len(inchis)
        sides = [{inchis[name] for name in names} for names in parts.values()]
        assert not sides[0] & sides[1] and not sides[0] & sides[2] and not sides[1] & sides[2]
    blocks = [block.id for block in read_sdf_blocks(tmp_path / "test.sdf")]
    assert blocks == read_split(tmp_path / "splits.csv", "random", "test")


def test_the_test_sdf_follows_the_chosen_split(tmp_path):
    prepare(tmp_path, split="scaffold")
    blocks = [block.id for block in read_sdf_blocks(tmp_path / "test.sdf")]
    assert blocks == read_split(tmp_path / "splits.csv", "scaffold", "test")


def test_samples_are_random_seeded_and_nested(tmp_path):
    sets = {}
    for name, options in {
        "small": {"max_molecules": 10},
        "big": {"max_molecules": 30},
        "other": {"max_molecules": 10, "sample_seed": 1},
        "again": {"max_molecules": 10},
    }.items():
        summary = prepare(tmp_path / name, **options)
        assert summary["source"] == 81 and summary["records"] == options["max_molecules"]
        sets[name] = [r["id"] for r in read_records(tmp_path / name / "records.parquet", MOLECULE_SCHEMA)]
    assert sets["small"] == sets["again"] and set(sets["small"]) < set(sets["big"])
    assert set(sets["small"]) != set(sets["other"])
    first = [entry.id for entry in read_entries("qm9pack", [ROWS])][:10]
    assert set(sets["small"]) != set(first)


def test_rejected_rows_and_duplicates_are_listed(tmp_path):
    path = tmp_path / "my.smi"
    path.write_text("CCO a\nC(C x\nCC a\nC.C b\nCCC c d\nCCN a\n")
    summary = prepare(tmp_path / "out", "smiles", path)
    assert summary["source"] == summary["records"] + summary["rejected"] == 6
    reasons = [(row["id"], row["stage"]) for row in rejected(tmp_path / "out")]
    assert reasons == [(name, "prepare") for name in "xaba"]
    records = read_records(tmp_path / "out" / "records.parquet", MOLECULE_SCHEMA)
    assert [(record["id"], record["smiles"]) for record in records] == [("a", "CCO"), ("c d", "CCC")]
    assert records[0]["positions"] is None and summary["with_geometry"] == 0


def test_a_file_without_one_good_molecule_leaves_nothing(tmp_path):
    path = tmp_path / "bad.smi"
    path.write_text("C( a\nC.C b\n")
    with pytest.raises(GroundstateError, match="none of 2 molecules could be used; a: RDKit cannot parse"):
        prepare(tmp_path / "out", "smiles", path)
    assert not list((tmp_path / "out").glob("*"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pdb", "--input", str(ROWS)], "error: --format pdb: unknown; one of"),
        (["qm9pack", "--input", "empty.csv"], "is empty; expected a CSV with the columns Index, SMILES"),
        (["qm9pack", "--input", "absent.whl"], "absent.whl"),
        (["qm9pack", "--input", str(ROWS), "--settings", '{"max_molecules": -1}'], "max_molecules"),
        (["qm9pack", "--input", str(ROWS), "--settings", '{"train_fraction": 0.9}'], "below 1"),
    ],
)
def test_command_line_faults_are_sentences(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    Path("empty.csv").touch()
    with pytest.raises(SystemExit) as exit:
        main(["prepare", "molecules", "--output-dir", "out", "--format", *arguments])
    assert exit.value.code == 2 and message in capsys.readouterr().err
    assert not Path("out/records.parquet").exists()


def test_published_and_ungrouped_splits_stand_beside_ours(tmp_path):
    path = tmp_path / "in.smi"
    path.write_text("".join(f"{'C' * (k + 1)}O m{k}\n" for k in range(50)))

    def entries():
        for k, entry in enumerate(read_entries("smiles", [path])):
            yield entry._replace(parts={"official_random": "test"}) if k % 10 == 9 else entry

    summary = prepare_molecules(entries, PrepareMolecules(), tmp_path / "out", "official_random")
    assert summary["splits"]["official_random"] == {"test": 5}
    assert summary["splits"]["molecule3d_random"] == {"train": 30, "validation": 10, "test": 10}
    assert summary["splits"]["property"] == {"train": 8, "validation": 1, "test": 1}
    assert read_split(tmp_path / "out" / "splits.csv", "official_random", "test") == [
        "m9",
        "m19",
        "m29",
        "m39",
        "m49",
    ]
    assert len(list(read_sdf_blocks(tmp_path / "out" / "test.sdf"))) == 5
    with pytest.raises(GroundstateError, match="--split other: unknown; this data set has random, scaffold"):
        prepare_molecules(entries, PrepareMolecules(), tmp_path / "no", "other")


def test_undefined_stereo_is_refused_unless_it_is_asked_for(tmp_path):
    path = tmp_path / "my.smi"
    path.write_text(
        "CC(O)F centre\nC[C@H](O)F marked\nCC=CC bond\nC/C=C/C trans\nCC plain\nNC(=N)C amidine\n"
    )
    prepare(tmp_path / "out", "smiles", path)
    reasons = {row["id"]: row["reason"] for row in rejected(tmp_path / "out")}
    assert set(reasons) == {"centre", "bond"}
    assert "undefined stereo at C2: mark it" in reasons["centre"] and "C2-C3" in reasons["bond"]
    assert prepare(tmp_path / "kept", "smiles", path, undefined_stereo="keep")["rejected"] == 0
