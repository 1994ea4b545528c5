"""The README's metric of one's own, as a user would try it: copied from the page and run."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

from rdkit import Chem
from rdkit.Chem import rdDistGeom

from groundstate.molecules.sdf import write_sdf
from pipeline import ROOT


def test_the_readme_adds_a_metric(tmp_path: Path) -> None:
    section = (ROOT / "README.md").read_text().split("## Adding a model or a metric")[1]
    (code,) = re.findall(r"```python\n# new file my_metrics.py\n(.*?)```", section, re.DOTALL)
    (tmp_path / "my_metrics.py").write_text(code)
    for name, seed in (("reference", 1), ("predicted", 2), ("other", 3)):
        mol = Chem.AddHs(Chem.MolFromSmiles("CCCCO"))
        assert rdDistGeom.EmbedMolecule(mol, randomSeed=seed) == 0
        write_sdf(tmp_path / f"{name}.sdf", [("pentanol", mol, {})])
    files = ["--predicted", "predicted.sdf", "--reference", "reference.sdf", "--baseline", "other=other.sdf"]
    start = [sys.executable, "-c", "from groundstate.cli import main; main()"]
    command = [*start, "score", "geometry", *files, "--output", "out"]
    done = subprocess.run(
        [*command, "--metric", "my_metrics:GYRATION"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        text=True,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    scores = json.loads((tmp_path / "out/summary.json").read_text())
    assert 0 < scores["gyration"] < 1 and scores["baselines"]["other"]["gyration"] > 0
    assert scores["definitions"]["gyration"]["source"] == "this README"
    assert scores["intervals"]["gyration"] == [scores["gyration"]] * 2  # one molecule
    assert scores["comparisons"]["other"]["metrics"]["gyration"]["n"] == 1
    assert "Radius of gyration (Å, ↓)" in done.stdout
    with (tmp_path / "out/molecules.csv").open() as handle:
        (row,) = csv.DictReader(handle)
    assert float(row["gyration"]) == scores["gyration"]
