"""What a command may write over."""

from pathlib import Path

import pytest

from groundstate.errors import GroundstateError
from groundstate.outputs import TABLE, check_folder, refuse_inputs


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


def test_a_folder_is_ours_where_its_table_names_all(tmp_path: Path) -> None:
    check_folder(tmp_path / "absent", "--d")
    check_folder(tmp_path, "--d")
    (tmp_path / "a.cif").write_text("x")
    with pytest.raises(GroundstateError, match=r"holds a.cif, which this program did not make"):
        check_folder(tmp_path, "--d")
    (tmp_path / TABLE).write_text("id,file\na,a.cif\ngone,b.cif\n")
    check_folder(tmp_path, "--d")
    (tmp_path / "sub").mkdir()
    with pytest.raises(GroundstateError, match="holds sub"):
        check_folder(tmp_path, "--d")
    with pytest.raises(GroundstateError, match="is a file"):
        check_folder(tmp_path / "a.cif", "--d")
