"""Options within bounds, outputs that may be written, faults as sentences: for every command."""

import errno
import importlib
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

from groundstate.cli import COMMANDS
from groundstate.cli.guard import (
    WRITES,
    check_options,
    full_disk,
    guarded,
    last_sentence,
    os_sentence,
    use_a_cache_folder,
)
from groundstate.errors import GroundstateError
from groundstate.files import write_text

MAIN = "from groundstate.cli import main; main()"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"device": "tpu"}, r"--device: 'tpu' is not one of auto, cpu, cuda"),
        ({"threads": 100000}, r"--threads: 100000 is not between 1 and 1024"),
        ({"workers": 0}, r"--workers: 0 is not between 1 and 1024"),
        ({"seed": -1}, r"--seed: -1 is not between 0 and"),
        ({"seed": 2**63}, r"--seed: 9223372036854775808 is not between"),
        ({"guidance": float("nan")}, r"--guidance: nan is not a finite number"),
        ({"guidance": float("inf")}, r"--guidance: inf is not a finite number"),
        ({"cutoff": [1.0, float("-inf")]}, r"--cutoff: -inf is not a finite number"),
        ({"batch_size": 10**12}, r"--batch-size: 1000000000000 is not at most"),
        ({"output": Path("a_\udcff")}, r"--output: 'a_\\udcff' is not UTF-8; rename it"),
        ({"shard": "2/1"}, r"--shard: '2/1' is not K/N"),
    ],
)
def test_options_out_of_bounds_are_named(values: dict, sentence: str) -> None:
    with pytest.raises(GroundstateError, match=sentence):
        check_options(values)


def test_options_within_bounds_pass() -> None:
    check_options(
        {"device": "cpu", "threads": 4, "seed": 0, "guidance": 1.5, "shard": "1/2", "model": "gaunt"}
    )
    check_options({"workers": None, "extensive": True, "list": []})


def test_an_output_is_never_an_input(tmp_path: Path) -> None:
    calls = []

    def command(checkpoint: Path, output: Path, baseline: list[str]) -> None:
        calls.append(output)
        write_text(output / "a.csv" if output.is_dir() else output, "new")

    for name in ("a.csv", "b.sdf"):
        (tmp_path / name).write_text("old")
    run = guarded(command)
    same = {"checkpoint": tmp_path / "b.sdf", "baseline": [f"x={tmp_path / 'a.csv'}"]}
    for output in (tmp_path / "b.sdf", tmp_path / "a.csv", tmp_path / "x/../a.csv", tmp_path):
        with pytest.raises(GroundstateError, match="is an input of this command"):
            run(output=output, **same)
    assert calls == [tmp_path]  # what a folder gets is seen when it is written
    assert {path.name: path.read_text() for path in tmp_path.glob("*.*") if path.name[0] != "."} == {
        "a.csv": "old",
        "b.sdf": "old",
    }


def test_every_command_with_a_folder_says_what_it_writes_there() -> None:
    for name, (module, _) in COMMANDS.items():
        options = inspect.signature(importlib.import_module(module).command).parameters
        if "output_dir" in options or name.startswith("score "):
            assert WRITES[name], name
        else:  # one file, which is claimed whole; `init` looks at each file itself
            assert name not in WRITES and (options.keys() & {"output"} or name in ("models", "init")), name


def test_the_full_disk_is_named(small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(bytes(500_000))
    sentence = full_disk(["--output", str(small_disk / "a/b/c.csv")])
    assert sentence.startswith(f"no space left on the disk at {small_disk} (")
    error = OSError(errno.ENOSPC, "No space left on device")
    assert f"the disk at {small_disk} " in os_sentence(error, [str(small_disk)])
    hidden = RuntimeError("PytorchStreamWriter failed: No space left on device")
    assert f"the disk at {small_disk} " in last_sentence(hidden, [str(small_disk)])


def test_what_the_system_refuses_has_a_place_and_a_remedy() -> None:
    assert os_sentence(PermissionError(errno.EACCES, "x", "/a")) == (
        "/a: no permission; choose a folder that you may write to"
    )
    assert os_sentence(OSError(errno.EIO, "Input/output error", "/a")) == "/a: Input/output error"


def test_a_fault_of_the_program_is_a_sentence_and_its_traceback_a_file(tmp_path: Path) -> None:
    script = (
        "import groundstate.cli.fetch as fetch, groundstate.cli as cli\n"
        "def download(*_): raise ZeroDivisionError('of the test')\n"
        "fetch.url.download = download; cli.main()\n"
    )
    arguments = ["fetch", "--kind", "url", "--location", "http://localhost", "--output", "x"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    for debug in ([], ["--debug"]):
        done = subprocess.run(
            [sys.executable, "-c", script, *debug, *arguments],
            cwd=tmp_path,
            env=environment,
            text=True,
            capture_output=True,
        )
        assert done.returncode == 1
        assert ("Traceback" in done.stderr) == bool(debug)
        last = done.stderr.splitlines()[-1]
        assert last.startswith("error: ZeroDivisionError: of the test; ")
        kept = Path(last.rpartition(" ")[2])
        assert kept.parent == tmp_path and "Traceback" in kept.read_text() and "localhost" in kept.read_text()


def test_caches_go_to_the_working_folder_where_home_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MPLCONFIGDIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", "/proc/self/fdinfo")  # a folder in which nobody can make one
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).startswith("/proc"))
    use_a_cache_folder()
    assert os.environ["XDG_CACHE_HOME"] == str(tmp_path / ".cache")
    assert os.environ["MPLCONFIGDIR"] == str(tmp_path / ".cache/matplotlib")
    assert f"cannot be written; caches go to {tmp_path}/.cache" in capsys.readouterr().err
    use_a_cache_folder()  # once
    assert capsys.readouterr().err == ""
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    use_a_cache_folder()
    assert "XDG_CACHE_HOME" not in os.environ
