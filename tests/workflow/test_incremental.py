"""What reruns when something changes, read from dry runs after one finished run."""

import os
import shutil
from pathlib import Path

import pytest

from pipeline import planned, snakemake

GEOMETRY = {"train_geometry": 1, "predict_geometry": 1, "score_geometry": 1, "report": 1}
CRYSTALS = {
    "train_crystals": 1,
    "generate_crystals": 1,
    "score_validity": 1,
    "score_stability": 1,
    "report": 1,
}


def dry(folder: Path, *arguments: str) -> dict[str, int]:
    return planned(snakemake(folder, "-n", "--cores", "2", *arguments))


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Path:
    """The finished run, copied with its times, so that a test may change it."""
    return Path(shutil.copytree(finished, tmp_path / "project", symlinks=True))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_nothing_changed_nothing_runs(finished: Path) -> None:
    assert dry(finished) == {}


@pytest.mark.parametrize(
    ("override", "rules"),
    [
        ('molecules={"train": {"training": {"max_steps": 7}}}', GEOMETRY),
        ('crystals={"train": {"training": {"learning_rate": 0.5}}}', CRYSTALS),
        ('crystals={"stability": {"fmax": 0.2}}', {"score_stability": 1, "report": 1}),
        ('crystals={"oxidation_list": "icsd24"}', {"score_validity": 1, "report": 1}),
        ('crystals={"generate": {"num": 5}}', {k: v for k, v in CRYSTALS.items() if k != "train_crystals"}),
        ("seeds=[0,1]", {**GEOMETRY, **CRYSTALS}),
    ],
)
def test_a_changed_parameter_reruns_its_stages(finished: Path, override: str, rules: dict[str, int]) -> None:
    assert dry(finished, "--config", override) == rules


@pytest.mark.parametrize(
    ("source", "rules"),
    [
        ("metrics/structure_validity.py", {"score_validity", "report"}),
        ("cli/report.py", {"report"}),
        ("cli/generate_crystals.py", {"generate_crystals", "score_validity", "score_stability", "report"}),
        ("molecules/splits.py", {"prepare_molecules", "embed_conformers", *GEOMETRY}),
        ("cli/__init__.py", set()),
    ],
)
def test_an_edited_source_file_reruns_its_stages_only(project: Path, source: str, rules: set[str]) -> None:
    path = project / "src/groundstate" / source
    path.write_text(path.read_text() + "\n# edited\n")
    assert set(dry(project)) == rules


def test_touching_reruns_nothing(project: Path) -> None:
    for path in [*project.glob("data/**/*"), project / "src/groundstate/training.py"]:
        os.utime(path)
    assert dry(project) == {}


def test_a_changed_download_reruns_everything_after_it(project: Path) -> None:
    (download,) = (project / "data/test/tiny_crystals").iterdir()
    with download.open("ab") as handle:
        handle.write(b"\0")
    assert set(dry(project)) == {"prepare_crystals", *CRYSTALS}


def test_an_edited_file_of_the_user_is_fetched_again(project: Path) -> None:
    (download,) = (project / "data/test/tiny_crystals").iterdir()
    with (project / "tests/data" / download.name).open("ab") as handle:
        handle.write(b"\0")
    assert set(dry(project)) == {"fetch", "prepare_crystals", *CRYSTALS}


def test_another_seed_runs_beside_the_first(finished: Path) -> None:
    assert dry(finished, "--config", "seeds=[1]") == {**GEOMETRY, **CRYSTALS}


def test_resources_rerun_nothing(finished: Path) -> None:
    more = ["--set-threads", "embed_conformers=3", "--set-resources", "train_crystals:mem_mb=9000"]
    assert planned(snakemake(finished, "-n", "--cores", "5", *more)) == {}


def test_pins_rerun_nothing(project: Path) -> None:
    with (project / "envs/requirements.txt").open("a") as handle:
        handle.write("one-more==1.0\n")
    assert dry(project) == {}
