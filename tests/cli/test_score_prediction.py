"""``score prediction`` on files: ids, several samples, strays, the template beside it."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groundstate.cli import main
from groundstate.crystals.crystal import Crystal
from groundstate.crystals.models.generate import write_extxyz

SITES = np.array([[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0], [0, 0.5, 0.5]])


def perovskite(name: str, first: int, second: int, length: float = 3.9) -> Crystal:
    return Crystal(name, np.array([first, second, 8, 8, 8]), SITES, np.eye(3) * length)


def test_samples_are_matched_by_id_beside_the_blind_template(tmp_path: Path) -> None:
    truth = [perovskite("SrTi", 38, 22), perovskite("BaZr", 56, 40)]
    mine = [perovskite("SrTi_0", 22, 38), perovskite("SrTi_1", 38, 22, 4.0), perovskite("stray", 56, 40)]
    write_extxyz(tmp_path / "truth.extxyz", truth)
    write_extxyz(tmp_path / "mine.extxyz", mine)
    files = ["--predicted", "mine", "--reference", "truth", "--train", "truth"]
    arguments = [one if one.startswith("--") else str(tmp_path / f"{one}.extxyz") for one in files]
    with pytest.raises(SystemExit) as stop:
        main(["score", "prediction", *arguments, "--output", str(tmp_path / "out")])
    assert not stop.value.code
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert (summary["n"], summary["missing"], summary["extra"], summary["samples"]) == (2, 1, 1, 2)
    assert (summary["match_rate"], summary["match_rate_k"]) == (0.0, 0.5)
    assert summary["match_rmse_k"] == pytest.approx(0.0, abs=1e-6)
    assert summary["baselines"]["template"]["match_rate_k"] == 1.0
    assert set(summary["intervals"]) <= set(summary["definitions"])
    assert pd.read_csv(tmp_path / "out/rejected.csv")["id"].tolist() == ["stray"]
    assert pd.read_csv(tmp_path / "out/crystals.csv")["samples"].tolist() == [2, 0]
