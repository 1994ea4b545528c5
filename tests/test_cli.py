"""The command line as a user meets it: real processes."""

import functools
import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from groundstate import __version__
from groundstate.cli import COMMANDS, build_app

MAIN = "from groundstate.cli import main; main()"
ROOT = Path(__file__).parents[1]


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", MAIN, *arguments]
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


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "groundstate", "--version"], capture_output=True, text=True)
    assert done.stdout == f"groundstate, version {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    done = run(*name.split(), "--help")
    assert done.returncode == 0, done.stderr
    assert "Usage: groundstate " + name in done.stdout
    assert "Example: groundstate " + name in done.stdout
    assert "<bool>" not in done.stdout
    assert "--no-" not in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_the_example_of_every_command_can_be_called(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    called = []

    def noted(command: Callable, _: str = "") -> Callable:
        @functools.wraps(command)
        def noting(**values: object) -> None:
            called.append(values)

        return noting

    monkeypatch.setattr("groundstate.cli.guarded", noted)
    text = importlib.import_module(COMMANDS[name][0]).command.__doc__.partition("Example: groundstate ")[2]
    arguments = text.split()
    assert arguments[: len(name.split())] == name.split()
    build_app(arguments)(args=arguments, prog_name="groundstate", standalone_mode=False)
    assert len(called) == 1


def test_the_help_without_a_command_says_what_the_package_is() -> None:
    done = run("--help")
    assert "Ground-state molecular geometries" in done.stdout
    assert all(name.split()[0] in done.stdout for name in COMMANDS)


def test_a_group_lists_what_is_in_it() -> None:
    done = run("score", "--help")
    assert all(name.split()[1] in done.stdout for name in COMMANDS if name.startswith("score "))
    assert " or property or " not in done.stdout and "<bool>" not in done.stdout


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


PREPARE = (
    "prepare",
    "crystals",
    "--input",
    "tests/data/flla_rows.tar.gz",
    "--format",
    "flla",
    "--output-dir",
)


def test_a_full_disk_is_a_sentence_and_leaves_nothing_half_written(small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(bytes(500_000))
    done = run(*PREPARE, str(small_disk / "prepared"), cwd=ROOT)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert "no space left" in done.stderr
    assert "Traceback" not in done.stderr
    left = [path for path in small_disk.rglob("*") if path.is_file() and path.name != "filler"]
    assert not [path for path in left if path.suffix == ".parquet"]


def test_a_folder_without_permission_is_a_sentence(locked_folder: Path) -> None:
    # imported while still root: the user may not be able to read this Python
    load = "import os, encodings.idna, groundstate.cli.prepare_crystals; from groundstate.cli import main"
    code = f"{load}; os.setgid(65534); os.setuid(65534); main()"
    command = [sys.executable, "-c", code, *PREPARE, str(locked_folder / "prepared")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert "error: " in done.stderr
    assert "no permission" in done.stderr
    assert not list(locked_folder.iterdir())


def test_a_shell_completes_commands_and_options() -> None:
    def words(line: str) -> str:
        asked = {
            "_GROUNDSTATE_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(line.count(" ")),
        }
        done = run(env=os.environ | asked)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "predict" in words("groundstate pre").split()
    assert "--level" in words("groundstate predict geometry --le").split()
    assert "--install-completion" in run("--help").stdout


def test_names_beyond_ascii_work_in_a_locale_of_ascii(tmp_path: Path) -> None:
    (tmp_path / "é.smi").write_text("CC éthane\n", encoding="utf-8")
    ascii_alone = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-m", "groundstate", "prepare", "molecules", "--format", "smiles"]
    done = subprocess.run(
        [*command, "--input", "é.smi", "--output-dir", "aus_ü"],
        cwd=tmp_path,
        env={**os.environ, **ascii_alone},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().endswith("written to aus_ü\n")
    assert "éthane," in (tmp_path / "aus_ü/splits.csv").read_text(encoding="utf-8")
