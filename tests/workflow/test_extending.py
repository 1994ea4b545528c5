"""The metric and the model of their page, as a user would try them: copied from the page and run."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import yaml
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from groundstate.molecules.sdf import write_sdf
from pipeline import ROOT, copy_project, planned, snakemake

SECTION = (ROOT / "docs/how-to/own_model.md").read_text()


def write_files(folder: Path) -> None:
    """The files that the section shows, each shorter than a screen."""
    files = re.findall(r"```python\n# new file (\S+)\n(.*?)```", SECTION, re.DOTALL)
    assert len(files) == SECTION.count("```python") == 2
    for name, code in files:
        assert len([line for line in code.splitlines() if line.strip()]) <= 20
        (folder / name).write_text(code)


def test_the_page_adds_a_metric(tmp_path: Path) -> None:
    write_files(tmp_path)
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
    assert scores["definitions"]["gyration"]["source"] == "this page"
    assert scores["intervals"]["gyration"] == [scores["gyration"]] * 2  # one molecule
    assert scores["comparisons"]["other"]["metrics"]["gyration"]["n"] == 1
    assert "Radius of gyration (Å, ↓)" in done.stdout
    with (tmp_path / "out/molecules.csv").open() as handle:
        (row,) = csv.DictReader(handle)
    assert float(row["gyration"]) == scores["gyration"]


def test_the_page_adds_both_to_the_workflow_and_an_edit_reruns_what_they_made(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    write_files(project)
    (config,) = re.findall(r"```yaml\n(.*?)```", SECTION, re.DOTALL)
    values = yaml.safe_load(config)
    options = ["--config", *(f"{key}={json.dumps(value)}" for key, value in values.items())]
    goal = ["all_score_geometry", "--cores", "2", *options]
    snakemake(project, *goal)
    runs = project / "results/test/molecules/tiny_molecules"
    scores = json.loads((runs / "scale/seed0/geometry/summary.json").read_text())
    assert 0 < scores["gyration"] < 1
    assert scores["baselines"]["mmff"]["gyration"] > 0
    assert json.loads((runs / "gaunt/seed0/geometry/summary.json").read_text())["gyration"] > 0
    assert planned(snakemake(project, "-n", *goal)) == {}
    for name, jobs in (
        ("my_models.py", {"train_geometry": 1, "predict_geometry": 1, "score_geometry": 1}),
        ("my_metrics.py", {"score_geometry": 2}),
    ):
        text = (project / name).read_text()
        (project / name).write_text(text + "\n# edited\n")
        assert planned(snakemake(project, "-n", *goal)) == jobs
        (project / name).write_text(text)
    (project / "my_models.py").unlink()
    printed = snakemake(project, "-n", *goal, check=False)
    assert "plug-in my_models: no such module in" in printed
