"""Which checkpoint a call means."""

from pathlib import Path

import pytest

import groundstate.weights
from groundstate.api.weights import checkpoint_of
from groundstate.errors import GroundstateError


def test_shipped_weights_of_the_kind_stand_in(
    geometry_model: Path, crystal_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groundstate.weights, "FOLDER", tmp_path)
    with pytest.raises(GroundstateError, match="no weights of the kind 'geometry'"):
        checkpoint_of("geometry", None)
    for name, path in {"a": crystal_model, "b": geometry_model}.items():
        (tmp_path / f"{name}.ckpt").write_bytes(path.read_bytes())
    assert checkpoint_of("geometry", None) == tmp_path / "b.ckpt"
    assert checkpoint_of("crystals", "a") == tmp_path / "a.ckpt"
    assert checkpoint_of("crystals", crystal_model) == crystal_model
