"""The ablation script at toy length: every variant trains and samples, and a second run adds nothing."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from groundstate.crystals.dataset.prepare import prepare
from groundstate.crystals.dataset.settings import PrepareCrystals

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
@pytest.mark.parametrize("network", ["unet", "patch"])
def test_every_variant_has_a_row_and_a_second_run_repeats_none(tmp_path: Path, network: str) -> None:
    settings = PrepareCrystals(max_atoms=6, max_atoms_per_element=3, validation_fraction=0.3)
    prepare([ROOT / "tests/data/flla_rows.tar.gz"], "flla", settings, tmp_path)
    command = [
        sys.executable,
        ROOT / "benchmarks/unimat_ablations.py",
        "--records",
        tmp_path / "records.parquet",
    ]
    command += ["--splits", tmp_path / "splits.csv", "--output", tmp_path / "out", "--minutes", "0.002"]
    command += ["--width", "8", "--blocks", "1", "--batch", "2", "--num", "2", "--sampling-steps", "2"]
    command += ["--network", network]
    subprocess.run(command, check=True)
    table = pd.read_csv(tmp_path / "out/table.csv")
    assert len(table) == 8 and (table["steps"] >= 1).all()
    assert table[["train_loss", "validation_loss", "atoms"]].notna().all(axis=None)
    subprocess.run(command, check=True)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "out/table.csv"), table)
