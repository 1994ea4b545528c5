"""What reruns when something changes, read from dry runs after one finished run."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from groundstate.cli.guard import WRITES
from groundstate.files import MADE
from pipeline import planned, snakemake

GEOMETRY = {"train_geometry": 1, "predict_geometry": 1, "score_geometry": 1, "report": 1}
CRYSTALS = {
    "train_crystals": 1,
    "generate_crystals": 1,
    "score_validity": 1,
    "score_crystals": 1,
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


def test_what_is_written_into_folders_stands_in_the_table_of_the_guard(finished: Path) -> None:
    single = {"report.html", "predicted.sdf", "predicted.rejected.csv", "generated.extxyz", "cifs"}
    baselines = {f"molecules_{name}.csv" for name in ("etkdg", "mmff", "lowest")}
    for record in (finished / "results").rglob(MADE):
        names = {json.loads(line)[0] for line in record.read_text().splitlines()}
        assert names <= single | baselines | {name for files in WRITES.values() for name in files}, record


def test_nothing_changed_nothing_runs(finished: Path) -> None:
    assert dry(finished) == {}


@pytest.mark.parametrize(
    ("override", "rules"),
    [
        ('molecules={"train": {"training": {"max_steps": 7}}}', GEOMETRY),
        ('crystals={"train": {"training": {"learning_rate": 0.5}}}', CRYSTALS),
        ('crystals={"stability": {"fmax": 0.2}}', {"score_stability": 1, "report": 1}),
        ('crystals={"oxidation_list": "icsd24"}', {"score_validity": 1, "score_crystals": 1, "report": 1}),
        ('crystals={"score": {"cutoffs": "perov_5"}}', {"score_crystals": 1, "report": 1}),
        ('crystals={"generate": {"num": 5}}', {k: v for k, v in CRYSTALS.items() if k != "train_crystals"}),
        ("seeds=[0,1]", {**GEOMETRY, **CRYSTALS}),
        ('molecules={"train": {"dagnn": {"width": 7}}}', {}),  # of a model that is not trained here
        ('crystals={"train": {"unimat": {"width": 8}}}', {}),
        ('molecules={"metrics": ["json:dumps"]}', {"score_geometry": 1, "report": 1}),
        ('discover={"wanted": ["Na-Cl"]}', {"discover": 1, "report": 1}),
        ('crystals={"metrics": ["json:dumps"]}', {"score_validity": 1, "score_crystals": 1, "report": 1}),
    ],
)
def test_a_changed_parameter_reruns_its_stages(finished: Path, override: str, rules: dict[str, int]) -> None:
    assert dry(finished, "--config", override) == rules


@pytest.mark.parametrize(
    ("source", "rules"),
    [
        ("metrics/crystals/structure_validity.py", {"score_validity", "score_crystals", "report"}),
        ("cli/report.py", {"report"}),
        ("cli/generate_crystals.py", {*CRYSTALS} - {"train_crystals"}),
        ("molecules/dataset/splits.py", {"prepare_molecules", "embed_conformers", *GEOMETRY}),
        ("cli/__init__.py", set()),
        ("plugins.py", set()),
        ("molecules/models/dagnn/model.py", set()),
        ("molecules/models/gaunt/model.py", {*GEOMETRY}),
        ("crystals/models/unimat/model.py", set()),
        ("gaunt/contraction/rules.json", {*GEOMETRY}),
        ("gaunt/kernels/compiled.c", {*GEOMETRY}),
        ("metrics/crystals/fingerprints/cdvae_magpie.json", {"score_crystals", "report"}),
    ],
)
def test_an_edited_source_file_reruns_its_stages_only(project: Path, source: str, rules: set[str]) -> None:
    path = project / "src/groundstate" / source
    path.write_text(path.read_text() + ("\n# edited\n" if path.suffix == ".py" else "\n"))
    assert set(dry(project)) == rules


@pytest.mark.parametrize("where", ["mine.ckpt", "results"])
def test_a_checkpoint_stands_for_a_training_whatever_changed_in_the_code(project: Path, where: str) -> None:
    pretrained = {}
    for part, data, model in (
        ("molecules", "tiny_molecules", "gaunt"),
        ("crystals", "tiny_crystals", "unimat-compact"),
    ):
        trained = project / f"results/test/{part}/{data}/{model}/seed0/best.ckpt"
        mine = project / f"{part}-{where}"
        shutil.copy2(trained, mine)
        path = trained if where == "results" else mine
        pretrained[part] = {"pretrained": {data: str(path.relative_to(project))}}
    edited = project / "src/groundstate/training/fit.py"
    edited.write_text(edited.read_text() + "\n# edited\n")
    assert {"train_geometry", "train_crystals"} <= {*dry(project)}
    jobs = dry(project, "--config", *(f"{part}={json.dumps(value)}" for part, value in pretrained.items()))
    assert set(jobs) == {*GEOMETRY, *CRYSTALS} - {"train_geometry", "train_crystals"}


def test_touching_reruns_nothing(project: Path) -> None:
    for path in [*project.glob("data/**/*"), project / "src/groundstate/training/fit.py"]:
        os.utime(path)
    assert dry(project) == {}


def test_a_changed_download_reruns_everything_after_it(project: Path) -> None:
    (download,) = (project / "data/test/tiny_crystals").glob("[!.]*")
    with download.open("ab") as handle:
        handle.write(b"\0")
    assert set(dry(project)) == {"prepare_crystals", *CRYSTALS}


def test_a_deleted_intermediate_is_made_again_when_something_needs_it(project: Path) -> None:
    (download,) = (project / "data/test/tiny_crystals").glob("[!.]*")
    records = project / "results/test/crystals/tiny_crystals/prepared/records.parquet"
    before = download.read_bytes(), records.read_bytes()
    download.unlink()
    assert dry(project) == {}  # what was made from it is there
    records.unlink()
    printed = snakemake(project, "--cores", "1", str(records.relative_to(project)))
    assert planned(printed) == {"fetch": 1, "prepare_crystals": 1}
    assert (download.read_bytes(), records.read_bytes()) == before
    assert dry(project) == {}  # the same content: nothing after it is made again


def test_an_edited_file_of_the_user_is_fetched_again(project: Path) -> None:
    (download,) = (project / "data/test/tiny_crystals").glob("[!.]*")
    with (project / "tests/data" / download.name).open("ab") as handle:
        handle.write(b"\0")
    assert set(dry(project)) == {"fetch", "prepare_crystals", *CRYSTALS}


def test_another_seed_runs_beside_the_first(finished: Path) -> None:
    assert dry(finished, "--config", "seeds=[1]") == {**GEOMETRY, **CRYSTALS}


def test_an_edited_file_that_only_the_report_reads_reruns_the_report(project: Path) -> None:
    molecules, crystals = "molecules/tiny_molecules", "crystals/tiny_crystals/unimat-compact/seed0"
    edited = [
        project / "results/test" / name
        for name in (
            f"{molecules}/conformers/rejected.csv",
            f"{molecules}/gaunt/seed0/predicted.rejected.csv",
            f"{molecules}/gaunt/seed0/geometry/molecules_mmff.csv",
            f"{crystals}/provenance.json",
            f"{crystals}/stability/relaxed.extxyz",
        )
    ]
    for path in edited:
        with path.open("a") as handle:
            handle.write(" ")
    printed = snakemake(project, "-n", "--cores", "2")
    assert planned(printed) == {"report": 1}
    (reason,) = re.findall("Reason: Updated input files: (.*)", printed)
    assert set(reason.split(", ")) == {str(path.relative_to(project)) for path in edited}


def test_more_shards_rerun_the_parts_what_collects_them_and_what_follows(finished: Path) -> None:
    jobs = dry(finished, "--config", "shards=2", 'crystals={"stability": {"max_crystals": 3}}')
    parts = {"embed_part": 2, "embed_conformers": 1, "relax_part": 2, "score_stability": 1}
    assert jobs == {**parts, **GEOMETRY}


def test_resources_rerun_nothing(finished: Path) -> None:
    more = ["--set-threads", "embed_conformers=3", "--set-resources", "train_crystals:mem_mb=9000"]
    assert planned(snakemake(finished, "-n", "--cores", "5", *more)) == {}


def test_other_pins_and_versions_are_one_warning_and_rerun_nothing(project: Path) -> None:
    with (project / "envs/requirements.txt").open("a") as handle:
        handle.write("one-more==1.0\n")
    for path in project.glob("results/test/*/*/*/seed0/provenance.json"):
        facts = json.loads(path.read_text())
        facts["versions"]["rdkit"] = "2020.1.1"
        path.write_text(json.dumps(facts))
    printed = snakemake(project, "--cores", "1")  # a real run: a job might say it again
    assert planned(printed) == {"report": 1}  # which shows the edited files
    assert printed.count("made with other versions than are installed now (rdkit 2020.1.1 -> ") == 1
    assert "seed0 and 1 more: made with" in printed
