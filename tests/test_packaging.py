"""What people install: the sdist makes the wheel, the wheel has all, a workflow folder comes out of it."""

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest
import yaml

from groundstate import __version__
from groundstate.errors import GroundstateError
from groundstate.layout import OF_TESTS, lay_out, project_files
from pipeline import planned

ROOT = Path(__file__).parents[1]
BUILD = "import sys; from setuptools import build_meta; print(getattr(build_meta, sys.argv[1])(sys.argv[2]))"


def built(kind: str, source: Path, target: Path) -> Path:
    command = [sys.executable, "-c", BUILD, f"build_{kind}", str(target)]
    done = subprocess.run(command, cwd=source, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return target / done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the sdist of what git has."""
    folder = tmp_path_factory.mktemp("build")
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, text=True, capture_output=True, check=True
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file() and not name.startswith(("tests/", "benchmarks/", "docs/")):
            (folder / "clone" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "clone" / name).write_bytes((ROOT / name).read_bytes())
    (folder / "clone/docs").mkdir()
    sdist = built("sdist", folder / "clone", folder)
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    return built("wheel", next((folder / "unpacked").iterdir()), folder)


def test_the_wheel_holds_the_workflow_the_c_sources_and_the_data(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"groundstate/project/{place}" for _, place in project_files()} <= names
    for kind in (".c", ".js", ".html", ".csv", ".json.gz", ".parquet"):
        here = {path for path in (ROOT / "src").rglob(f"*{kind}") if path.is_file()}
        assert {path.relative_to(ROOT / "src").as_posix() for path in here} <= names, kind
    shipped = (".bin", ".ckpt", ".safetensors")
    weights = {p for p in (ROOT / "src/groundstate/weights").iterdir() if p.suffix in shipped}
    assert {path.relative_to(ROOT / "src").as_posix() for path in weights} <= names
    assert not any(OF_TESTS.name in name for name in names)


def test_an_installed_wheel_lays_out_a_workflow_that_plans_its_jobs(wheel: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    python = tmp_path / "venv/bin/python"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
    ]
    subprocess.run([*pip, str(wheel)], check=True)
    site = next((tmp_path / "venv/lib").glob("python*/site-packages"))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    program = tmp_path / "venv/bin/groundstate"

    def run(*command: object, where: Path = tmp_path) -> str:
        done = subprocess.run(
            [*map(str, command)],
            cwd=where,
            env=clean,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    assert run(program, "--version") == f"groundstate, version {__version__}\n"
    assert "snakemake --cores all" in run(program, "init", "mine")
    assert "groundstate/__init__" in run(python, "-c", "import groundstate; print(groundstate.__file__)")
    jobs = planned(run(python, "-m", "snakemake", "-n", "--cores", "2", where=tmp_path / "mine"))
    assert {"train_geometry", "train_crystals", "report"} <= set(jobs)


def test_nothing_is_written_where_a_file_is(tmp_path: Path) -> None:
    for name in ("Snakefile", "workflow"):
        (tmp_path / name).write_text("mine")
        with pytest.raises(GroundstateError, match=f"{name}: is there already"):
            lay_out(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == [name]
        (tmp_path / name).unlink()
    (tmp_path / "Snakefile").symlink_to("absent")
    with pytest.raises(GroundstateError, match="Snakefile: is there already"):
        lay_out(tmp_path)
    assert not (tmp_path / "absent").exists()


def test_the_conda_environment_installs_this_release(wheel: Path) -> None:
    """Conda itself is not run here: its file is read, and pip resolves what stands in its pip part."""
    environment = yaml.safe_load((ROOT / "envs/groundstate.yaml").read_text())
    conda, pins = environment["dependencies"][:-1], environment["dependencies"][-1]["pip"]
    assert conda == ["python =3.11", "pip"]
    assert pins[0] == f"groundstate=={__version__}"
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--dry-run",
        "--no-index",
        "--force-reinstall",
        "--no-deps",
    ]
    done = subprocess.run(
        [*command, "--find-links", str(wheel.parent), pins[0]], text=True, capture_output=True, check=True
    )
    assert f"Would install groundstate-{__version__}" in done.stdout


def test_one_release_number_everywhere() -> None:
    assert f"version: {__version__}\n" in (ROOT / "CITATION.cff").read_text()
    latest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert latest and latest[1] == __version__
