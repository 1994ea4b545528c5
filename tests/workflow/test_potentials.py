"""Potentials by the workflow: only where they are asked for, seeds as a committee, the report's section."""

import json
from pathlib import Path

import pytest
import yaml

from pipeline import ROOT, copy_project, planned, snakemake

CONFIG = "config/test_potential.yaml"
RULES = {"fetch": 2, "prepare_potential": 1, "train_potential": 2, "score_potential": 2, "score_committee": 1}


def test_a_section_of_potentials_runs_those_alone(tmp_path: Path) -> None:
    where = ("--directory", str(tmp_path))
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    jobs = planned(snakemake(ROOT, "-n", "--cores", "2", *where, config=str(ROOT / CONFIG)))
    assert jobs == RULES | {"report": 1}
    values = yaml.safe_load((ROOT / CONFIG).read_text())
    values["potentials"]["models"] = ["gaunt", "clebsch-gordan"]
    values["seeds"] = [3]
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(values))
    jobs = planned(snakemake(ROOT, "-n", "--cores", "2", *where, config=str(tmp_path / "mine.yaml")))
    assert jobs == {
        "fetch": 2,
        "prepare_potential": 1,
        "train_potential": 2,
        "score_potential": 2,
        "report": 1,
    }


def test_published_files_and_the_mirror_are_planned(tmp_path: Path) -> None:
    names = yaml.safe_load((ROOT / "config/3bpa.yaml").read_text())["sources"]["three_bpa"]["files"]
    sources = yaml.safe_load((ROOT / "config/sources.yaml").read_text())["sources"]
    assert {name: about["part"] for name, about in names.items()} == {
        name: about["part"] for name, about in sources["three_bpa"]["files"].items()
    }
    (tmp_path / "mirror/dataset_3BPA").mkdir(parents=True)
    for name in names:
        (tmp_path / "mirror/dataset_3BPA" / name).write_text("")
    where, config = ("--directory", str(tmp_path)), str(ROOT / "config/3bpa.yaml")
    jobs = planned(snakemake(ROOT, "-n", "--cores", "2", *where, "all_score_potential", config=config))
    assert jobs == {"fetch": 8, "prepare_potential": 1, "train_potential": 1, "score_potential": 1}


@pytest.mark.slow
def test_from_files_to_a_report_and_nothing_twice(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    snakemake(project, "--cores", "2", config=CONFIG)
    folder = project / "results/test/potentials/tiny_peroxide"
    summaries = [
        json.loads((folder / f"gaunt/{name}/errors/summary.json").read_text())
        for name in ("seed0", "seed1", "committee")
    ]
    assert [one["n"] for one in summaries] == [10, 10, 10]
    assert all(one["scans"]["peroxide_scan"]["n"] == 12 for one in summaries)
    assert (folder / "prepared/rejected.csv").read_text().count("\n") == 1
    report = (project / "results/test/report.html").read_text()
    assert "Interatomic potentials: gaunt" in report
    assert "gaunt, committee" in report
    assert planned(snakemake(project, "-n", "--cores", "2", config=CONFIG)) == {}
