"""A whole score: groups, elements, scans, what is left out, the committee's mean."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from groundstate.errors import GroundstateError
from groundstate.interatomic.data import load_configurations
from groundstate.metrics.interatomic.score import score

DATA = Path(__file__).parents[2] / "data"
SCAN = DATA / "peroxide_scan.extxyz"


def test_parts_add_up_to_the_whole(untrained: list[Path], tmp_path: Path) -> None:
    summary = score(untrained[:1], DATA / "peroxide.extxyz.gz", tmp_path, scans=[SCAN])
    assert json.loads((tmp_path / "summary.json").read_text()) == summary
    assert summary["n"] == summary["structures"] == 40
    assert {name: row["n"] for name, row in summary["groups"].items()} == {"0.05_A": 20, "0.10_A": 20}
    squares = [row["force_rmse"] ** 2 for row in summary["groups"].values()]
    assert np.mean(squares) == pytest.approx(summary["force_rmse"] ** 2)
    assert list(summary["elements"]) == ["H", "O"]
    squares = [row["force_rmse"] ** 2 for row in summary["elements"].values()]  # as many H as O
    assert np.mean(squares) == pytest.approx(summary["force_rmse"] ** 2)
    atoms = pq.read_table(tmp_path / "atoms.parquet").to_pylist()
    apart = np.array([atom["predicted"] for atom in atoms]) - [atom["reference"] for atom in atoms]
    assert apart.shape == (160, 3)
    assert 1e3 * np.sqrt(np.mean(apart**2)) == pytest.approx(summary["force_rmse"])
    reference = np.array([atom["reference"] for atom in atoms])
    constant = summary["baselines"]["constant"]
    assert constant["force_rmse"] == pytest.approx(1e3 * np.sqrt(np.mean(reference**2)))
    # the shift is -2 an atom: two of 3 eV and two of 5 eV, less 8
    energies = np.array([one.energy for one in load_configurations(DATA / "peroxide.extxyz.gz")][2:])
    assert constant["energy_rmse"] == pytest.approx(1e3 * np.sqrt(np.mean((energies - 8.0) ** 2)))


def test_a_scan_is_scored_as_a_curve(untrained: list[Path], tmp_path: Path) -> None:
    summary = score(untrained[:1], DATA / "peroxide.extxyz.gz", tmp_path, scans=[SCAN])
    rows = pd.read_csv(tmp_path / "scans.csv")
    assert rows["coordinate"].tolist() == [30.0 * number for number in range(12)]
    assert set(rows["axis"]) == {"dihedral angle, degrees"}
    scan = summary["scans"]["peroxide_scan"]
    assert scan["n"] == 12
    assert scan["energy_rmse_shifted"] == pytest.approx(1e3 * np.std(rows["predicted"] - rows["energy"]))
    barriers = np.ptp(rows["energy"]), np.ptp(rows["predicted"])
    assert scan["barrier_error"] == pytest.approx(1e3 * abs(barriers[0] - barriers[1]))
    assert scan["baselines"]["constant"]["barrier_error"] == pytest.approx(1e3 * barriers[0])


def test_what_cannot_be_scored_is_named(untrained: list[Path], tmp_path: Path) -> None:
    path = tmp_path / "mine.xyz"
    frame = '2\nProperties=species:S:1:pos:R:3 {}pbc="F F F"\n{} 0 0 0\nH 0 0 1.0\n'
    given = [("energy=1 ", "O"), ("energy=1 ", "C"), ("", "O"), ("energy=1 ", "Xx"), ("energy=nan ", "O")]
    path.write_text("".join(frame.format(*one) for one in given))
    summary = score(untrained[:1], path, tmp_path)
    assert (summary["structures"], summary["n"], summary["force_rmse"]) == (5, 1, None)
    rejected = pd.read_csv(tmp_path / "rejected.csv").set_index("id")["reason"]
    assert sorted(rejected.index) == ["mine-1", "mine-2", "mine-3", "mine-4"]
    assert rejected["mine-3"].endswith("frame 4 is not readable: 'Xx' is no chemical symbol")
    assert rejected["mine-4"].endswith("frame 5 is not readable: its energy is nan")
    assert rejected["mine-1"] == "the potential has not seen C"
    assert rejected["mine-2"].startswith("it has no energy")
    path.write_text(frame.format("energy=1 ", "C"))
    with pytest.raises(GroundstateError, match="to score; the first: the potential has not seen C"):
        score(untrained[:1], path, tmp_path / "none")
    assert (tmp_path / "none/rejected.csv").exists()


def test_a_committee_is_scored_by_its_mean(untrained: list[Path], tmp_path: Path) -> None:
    tables = []
    for number, checkpoints in enumerate(([untrained[0]], [untrained[1]], untrained)):
        score(checkpoints, SCAN, tmp_path / str(number))
        tables.append(pd.read_csv(tmp_path / str(number) / "structures.csv"))
    np.testing.assert_allclose((tables[0]["predicted"] + tables[1]["predicted"]) / 2, tables[2]["predicted"])
    apart = (tables[0]["predicted"] - tables[1]["predicted"]).abs() / 2**0.5
    np.testing.assert_allclose(tables[2]["energy_spread"], apart, atol=1e-10)
