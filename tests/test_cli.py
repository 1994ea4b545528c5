"""The command line as a user meets it: real processes."""

import subprocess
import sys

import pytest

from groundstate import __version__
from groundstate.cli import COMMANDS


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", "from groundstate.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, **options)


def test_version_and_help_import_nothing_heavy() -> None:
    script = (
        "import sys; from groundstate.cli import main\n"
        "try: main(['--help'])\nfinally: print(sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0
    assert not any(f"'{name}'" in done.stdout for name in ("torch", "rdkit", "numpy", "pandas", "lightning"))
    assert all(name.split()[0] in done.stdout for name in COMMANDS)
    assert run("--version").stdout == f"groundstate, version {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    done = run(*name.split(), "--help")
    assert done.returncode == 0, done.stderr
    assert "Usage: groundstate " + name in done.stdout


def test_faults_are_one_sentence_and_status_2(tmp_path: object) -> None:
    done = run("prepare", "crystals", "--input", "none.csv", "--format", "csv", "--output-dir", str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.startswith("error: none.csv: ")
    assert "Traceback" not in done.stderr
    done = run(
        "prepare", "crystals", "--input", "x", "--format", "csv", "--output-dir", "y", "--settings", '{"a":1}'
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: --settings: a: unknown key; allowed here: ")
    assert run("predict", "geometri").returncode == 2
