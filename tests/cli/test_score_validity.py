"""`groundstate score validity` on real files, through the command line."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import write

from groundstate.cli import main
from groundstate.crystals.crystal import Crystal, to_record
from groundstate.records import CRYSTAL_SCHEMA, write_records


def run(*arguments):
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "from groundstate.cli import main; main()",
            "score",
            "validity",
            *map(str, arguments),
        ],
        capture_output=True,
        text=True,
    )


@pytest.fixture
def crystals(tmp_path):
    """Rock salt (valid), Na2Cl (not neutral), two overlapping atoms, one frame without a cell."""
    salt = bulk("NaCl", "rocksalt", 5.64)
    poor = Atoms(
        "Na2Cl", cell=np.eye(3) * 5, pbc=True, scaled_positions=[[0, 0, 0], [0.5, 0, 0], [0, 0.5, 0.5]]
    )
    overlap = Atoms("NaCl", cell=np.eye(3) * 5, pbc=True, positions=[[0, 0, 0], [0.3, 0, 0]])
    frames = {
        "salt": salt,
        "poor": poor,
        "overlap": overlap,
        "gas": Atoms("O2", positions=[[0, 0, 0], [1.2, 0, 0]]),
    }
    for name, atoms in frames.items():
        atoms.info["id"] = name
    path = tmp_path / "mine.extxyz"
    write(path, list(frames.values()), format="extxyz")
    return path


def test_scores_and_counts_add_up(crystals, tmp_path):
    record = Crystal("a", np.array([11, 17]), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]), np.eye(3) * 4.1)
    write_records(tmp_path / "train.parquet", [to_record(record)], CRYSTAL_SCHEMA)
    baseline = f"training={tmp_path / 'train.parquet'}"
    done = run("--structures", crystals, "--baseline", baseline, "--output", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert (summary["n"], summary["failed"]) == (4, 1)
    assert summary["structure_validity"] == 0.5
    assert summary["composition_validity"] == 0.5
    assert summary["valid"] == 0.25
    assert summary["baselines"]["training"]["valid"] == 1.0
    assert summary["definitions"]["composition_validity"]["oxidation_states"] == "smact14"
    low, high = summary["intervals"]["valid"]
    assert 0.0 <= low <= 0.25 <= high <= 1.0
    table = pd.read_csv(tmp_path / "out/crystals.csv").set_index("id")
    assert list(table.index) == ["salt", "poor", "overlap", "gas"]
    assert table.loc["overlap", "shortest_distance"] == pytest.approx(0.3, abs=1e-6)
    assert "molecule or cluster" in table.loc["gas", "reason"]


def test_a_repeated_id_is_rejected_and_the_first_is_scored(tmp_path):
    atoms = bulk("Cu")
    atoms.info["id"] = "same"
    write(tmp_path / "two.extxyz", [atoms, atoms], format="extxyz")
    with pytest.raises(SystemExit) as stop:
        main(["score", "validity", "--structures", f"{tmp_path}/two.extxyz", "--output", f"{tmp_path}/out"])
    assert not stop.value.code
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert (summary["n"], summary["failed"]) == (2, 1)
    table = pd.read_csv(tmp_path / "out/crystals.csv")
    assert table["id"].tolist() == ["same", "same"]
    assert "occurs twice" in " ".join(table["reason"].dropna())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--structures", "absent.extxyz"], "absent.extxyz"),
        (["--structures", "notes.docx"], "unknown kind"),
        (["--structures", "mine.extxyz", "--baseline", "training"], "NAME=FILE"),
        (["--structures", "mine.extxyz", "--oxidation-list", "mine"], "smact14"),
    ],
)
def test_bad_arguments(crystals, tmp_path, capsys, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.docx").touch()
    with pytest.raises(SystemExit) as stop:
        main(["score", "validity", *arguments, "--output", "out"])
    assert stop.value.code == 2
    assert words in capsys.readouterr().err
