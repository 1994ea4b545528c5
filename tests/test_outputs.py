"""What a command may write over."""

from pathlib import Path

import pytest

from groundstate.errors import GroundstateError
from groundstate.outputs import refuse_inputs


def test_an_input_in_any_disguise_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "a.txt"
    source.write_text("x")
    (tmp_path / "soft").symlink_to(source)
    (tmp_path / "hard").hardlink_to(source)
    for output in (source, tmp_path / "soft", tmp_path / "hard", tmp_path / "b" / ".." / "a.txt", tmp_path):
        with pytest.raises(GroundstateError, match=r"--output .*: would write over --input"):
            refuse_inputs({"--output": output}, {"--input": source, "--other": None})
    refuse_inputs({"--output": tmp_path / "b.txt", "--folder": None}, {"--input": source})
    refuse_inputs({"--output": tmp_path / "in/b.txt"}, {"--input": tmp_path / "in"})


def test_two_outputs_lie_apart(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    for other in (tmp_path / "c", tmp_path / "c/x"):
        with pytest.raises(GroundstateError, match="name two that lie apart"):
            refuse_inputs({"--cif-dir": tmp_path / "c", "--output": other}, {})
