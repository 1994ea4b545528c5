"""A checkpoint by path or by name."""

from pathlib import Path

import pytest

from groundstate import weights
from groundstate.errors import GroundstateError
from groundstate.weights import find_checkpoint, is_path, shipped_weights


def test_names_are_the_files_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.ckpt", "b.safetensors", "a.md"):
        (tmp_path / name).touch()
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    assert shipped_weights() == {"a": tmp_path / "a.ckpt", "b": tmp_path / "b.safetensors"}
    assert find_checkpoint("b") == tmp_path / "b.safetensors"
    with pytest.raises(GroundstateError, match=r"'c': not a file, nor the name of shipped weights \(a, b\)"):
        find_checkpoint("c")


def test_a_path_is_taken_as_it_is_where_there_is_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine").touch()
    assert find_checkpoint("mine") == Path("mine")
    with pytest.raises(GroundstateError, match=r"no/best\.ckpt: no such file"):
        find_checkpoint("no/best.ckpt")
    assert [is_path(text) for text in ("qm9", "a/b", "best.ckpt", "x.safetensors")] == [
        False,
        True,
        True,
        True,
    ]
