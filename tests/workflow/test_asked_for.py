"""Only what was asked: one half of the pipeline; the workflow as a module of another, and uninstalled."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import ROOT, planned, snakemake

MOLECULES = {"prepare_molecules", "embed_conformers", "train_geometry", "predict_geometry", "score_geometry"}
CRYSTALS = {
    *("prepare_crystals", "train_crystals", "generate_crystals"),
    *("score_validity", "score_crystals", "score_stability"),
}
MODULE = """
from snakemake.utils import min_version
configfile: "mine.yaml"
module groundstate:
    snakefile: "{root}/workflow/Snakefile"
    config: config
use rule * from groundstate as groundstate_*
rule all:
    default_target: True
    input: rules.groundstate_all.input
"""


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("molecules: {models: [gaunt]}", MOLECULES),
        ("crystals: {generate: {num: 4}}", CRYSTALS),
        ("seeds: [1]", MOLECULES | CRYSTALS | {"discover"}),
        ("molecules: {}\ndiscover: {}", MOLECULES | {"discover"}),
        ("molecules: {}\ncrystals: {}", MOLECULES | CRYSTALS),
    ],
)
def test_a_config_that_names_one_half_runs_that_half(tmp_path: Path, text: str, rules: set[str]) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    where = ("--directory", str(tmp_path))
    jobs = planned(snakemake(ROOT, "-n", "--cores", "2", *where, config=str(tmp_path / "mine.yaml")))
    assert set(jobs) == rules | {"fetch", "report"}


def test_the_workflow_is_a_module_of_another(tmp_path: Path) -> None:
    (tmp_path / "src").symlink_to(ROOT / "src")
    (tmp_path / "Snakefile").write_text(MODULE.format(root=ROOT))
    (tmp_path / "mine.yaml").write_text("molecules: {datasets: [qm9]}\nresults: my_results\n")
    jobs = planned(snakemake(tmp_path, "-n", "--cores", "2", config="mine.yaml"))
    assert set(jobs) == {f"groundstate_{name}" for name in MOLECULES | {"fetch", "report"}}


def test_without_the_package_the_workflow_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "groundstate.py").write_text("raise ImportError('of the test')\n")
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--lint", "--snakefile", str(ROOT / "workflow/Snakefile")],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        text=True,
        capture_output=True,
    )
    printed = done.stdout + done.stderr
    assert done.returncode != 0 and "Traceback" not in printed
    assert "this workflow needs the package groundstate" in printed and "pip install ." in printed
