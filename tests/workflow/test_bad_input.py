"""Faults that stop a run before any job, or end a stage with a sentence: real Snakemake, real files."""

from pathlib import Path

import pytest

from pipeline import copy_project, snakemake


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("bad"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seeds: [0\nmolecules:", "not valid JSON or YAML"),
        (
            "molecules: {prepare: {max_molecule: 3}}",
            "molecules.prepare.max_molecule: unknown key; allowed here: ",
        ),
        ("molecules: {datasets: [qm10]}", "molecules.datasets: unknown name 'qm10'; allowed: "),
        ("crystals: {generate: {num: -1}}", "crystals.generate.num: "),
        ("seeds: !!python/object/apply:os.system ['touch hacked']", "not valid JSON or YAML"),
    ],
)
def test_a_bad_config_stops_before_any_job(project: Path, text: str, message: str) -> None:
    (project / "my.yaml").write_text(text)
    printed = snakemake(project, "--cores", "1", config="my.yaml", check=False)
    assert message in printed
    assert "Building DAG" not in printed
    assert not (project / "results").exists()
    assert not (project / "hacked").exists()


def test_an_unreadable_default_config_names_the_file_and_the_line(tmp_path: Path) -> None:
    folder = copy_project(tmp_path)
    path = folder / "config/config.yaml"
    path.write_text(path.read_text() + "\nseeds: [0\n")
    printed = snakemake(folder, "-n", check=False)
    assert f"config.yaml: line {path.read_text().count(chr(10)) + 1}: " in printed


def test_a_broken_data_file_ends_with_its_name_and_leaves_nothing(project: Path) -> None:
    rows = project / "tests/data/flla_rows.tar.gz"
    whole = rows.read_bytes()
    for content, message in ((b"", "empty"), (whole[: len(whole) // 2], "cut")):
        rows.write_bytes(content)
        printed = snakemake(project, "all_prepare_crystals", "--cores", "1", check=False)
        assert "error: " in printed
        assert "flla_rows.tar.gz" in printed.split("error: ")[1].splitlines()[0]
        assert message in printed
        assert "Traceback" not in printed
        assert not list(project.glob("results/test/crystals/tiny_crystals/prepared/*.parquet"))
