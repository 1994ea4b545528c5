"""Embedding of record files: workers, kills, the cache, and what the SDF files say."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from groundstate.molecules.conformers.embed import embed_conformers
from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.conformers.shards import CONFORMER_SCHEMA
from groundstate.molecules.mols import parse_smiles, record_from_mol
from groundstate.molecules.sdf import parse_molblock, read_sdf_blocks
from groundstate.records import MOLECULE_SCHEMA, write_records

SETTINGS = EmbedConformers(max_iterations=5)
SMILES = ["C" * n + tail for n in range(1, 7) for tail in ("O", "N", "F", "C#N", "OC", "C(F)F", "SC")]


@pytest.fixture(scope="module")
def records() -> list[dict]:
    return [record_from_mol(f"m{k}", parse_smiles(s), smiles=s) for k, s in enumerate(SMILES)]


def chosen(records: list[dict]) -> list[str]:
    return [record["id"] for record in records[::5]]


@pytest.fixture(scope="module")
def whole(records, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "conformers"
    summary = embed_conformers(records, chosen(records), SETTINGS, 1, folder)
    assert summary["records"] == len(records) == sum(summary["origin"].values()) + summary["rejected"]
    assert summary["computed_now"] == len(records)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    table = pq.read_table(folder / "conformers.parquet").to_pylist()
    return {
        name: (folder / name).read_bytes() for name in ("etkdg.sdf", "mmff.sdf", "lowest.sdf", "rejected.csv")
    } | {"rows": json.dumps(table).encode()}


def test_the_result_does_not_depend_on_the_worker_count(records, whole, tmp_path):
    embed_conformers(records, chosen(records), SETTINGS, 2, tmp_path / "two")
    assert contents(tmp_path / "two") == contents(whole)
    ids = pq.read_table(whole / "conformers.parquet", columns=["id"])["id"].to_pylist()
    assert ids[::2] == [record["id"] for record in records]
    assert pq.read_schema(whole / "conformers.parquet").names == CONFORMER_SCHEMA.names
    assert [block.id for block in read_sdf_blocks(whole / "mmff.sdf")] == chosen(records)


def test_a_killed_run_goes_on_where_it_was(records, whole, tmp_path):
    write_records(tmp_path / "records.parquet", records, MOLECULE_SCHEMA)
    parts = ["test" if record["id"] in chosen(records) else "train" for record in records]
    rows = [f"{record['id']},{part}\n" for record, part in zip(records, parts, strict=True)]
    (tmp_path / "splits.csv").write_text("id,random\n" + "".join(rows))
    command = [sys.executable, "-c", "from groundstate.cli import main; main()", "embed", "conformers"]
    command += ["--records", "records.parquet", "--splits", "splits.csv", "--output-dir", "out/conformers"]
    command += ["--workers", "2", "--settings", SETTINGS.model_dump_json()]
    work = tmp_path / "out" / ".conformers.work"
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    while not list(work.glob("*.parquet")):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "out" / "conformers" / "conformers.parquet").exists()
    time.sleep(2)  # the workers notice within a second that their parent is gone
    finished = sum(len(set(pq.read_table(path)["id"].to_pylist())) for path in work.glob("*.parquet"))
    assert finished > 0
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    summary = json.loads((tmp_path / "out" / "conformers" / "summary.json").read_text())
    assert summary["computed_now"] == len(records) - finished
    assert contents(whole) == contents(tmp_path / "out" / "conformers")


def test_finished_work_is_reused_by_content(records, whole):
    before = contents(whole)
    again = embed_conformers(records, chosen(records), SETTINGS, 1, whole)
    assert again["computed_now"] == 0 and contents(whole) == before
    assert embed_conformers(records[10:], [], SETTINGS, 1, whole)["computed_now"] == 0
    changed = [records[-1] | {"id": "renamed"}]
    assert embed_conformers(changed, [], SETTINGS, 1, whole)["computed_now"] == 1
    other = EmbedConformers(max_iterations=5, seed=1)
    assert embed_conformers(records[:2], [], other, 1, whole)["computed_now"] == 2


def test_failures_are_written_with_their_geometry_and_say_so(tmp_path):
    smiles = ["CO", "C[C@H]1[C@H]2CO[C@@H]12"]
    records = [record_from_mol(f"m{k}", parse_smiles(s), smiles=s) for k, s in enumerate(smiles)]
    broken = records[0] | {"id": "broken", "smiles": "CCO"}
    summary = embed_conformers([*records, broken], ["m0", "m1", "broken"], SETTINGS, 1, tmp_path / "c")
    assert summary["origin"] == {"etkdg": 1, "fallback": 1} and summary["rejected"] == 1
    assert "is not the molecule of the record" in (tmp_path / "c" / "rejected.csv").read_text()
    plain, cage = read_sdf_blocks(tmp_path / "c" / "mmff.sdf")
    assert "failed" not in plain.properties and plain.properties["force_field"] == "mmff94"
    assert cage.properties["failed"] and cage.properties["origin"] == "fallback"
    assert np.ptp(parse_molblock(cage.molblock).GetConformer().GetPositions(), axis=0).min() > 1


def test_the_lowest_of_several_conformers_is_a_baseline_of_its_own(tmp_path):
    records = [record_from_mol("m", parse_smiles("OCCCCCF"), smiles="OCCCCCF")]
    embed_conformers(records, ["m"], EmbedConformers(num_conformers=6), 1, tmp_path / "c")
    rows = pq.read_table(tmp_path / "c" / "conformers.parquet").to_pylist()
    minimised = [row for row in rows if row["method"] == "mmff"]
    lowest = min(minimised, key=lambda row: row["energy"])
    assert lowest["conformer"] != 0  # else the case shows nothing
    for name, row in (("mmff", minimised[0]), ("lowest", lowest)):
        (block,) = read_sdf_blocks(tmp_path / "c" / f"{name}.sdf")
        positions = parse_molblock(block.molblock).GetConformer().GetPositions()
        np.testing.assert_allclose(positions, row["positions"], atol=5.1e-5)


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"inchi": None}, "its inchi is missing"), ({"properties": {"x": np.nan}}, "its property x is nan")],
)
def test_a_fault_in_a_column_without_effect_is_of_its_row_alone(tmp_path, change, reason):
    good = [record_from_mol(name, parse_smiles(smiles)) for name, smiles in (("a", "CO"), ("b", "CF"))]
    settings = EmbedConformers(num_conformers=1)
    for records, rejected in ((good, []), ([good[0], good[1] | change], [f"b,embed,{reason}"]), (good, [])):
        embed_conformers(records, ["a", "b"], settings, 1, tmp_path / "c")
        lines = (tmp_path / "c" / "rejected.csv").read_text().splitlines()[1:]
        assert len(lines) == len(rejected) and all(map(str.startswith, lines, rejected))
