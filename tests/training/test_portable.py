"""Weights as safetensors: what goes in comes out, and what was changed is refused."""

import pytest
import torch
from safetensors.torch import save_file

from groundstate.errors import GroundstateError
from groundstate.training.checkpoints import load_checkpoint
from groundstate.training.portable import read_portable, save_portable

STATE = {"a": torch.arange(6.0).reshape(2, 3), "scalar": torch.tensor(1.5), "none": torch.zeros(0, 2)}
CONFIG = {"kind": "geometry", "model": "gaunt"}


@pytest.fixture
def path(tmp_path):
    save_portable(STATE, CONFIG, 7, {"seed": 3}, tmp_path / "w.safetensors")
    return tmp_path / "w.safetensors"


def test_weights_and_settings_come_back(path):
    checkpoint = load_checkpoint(path, "geometry")
    assert checkpoint.config == CONFIG and checkpoint.step == 7
    assert checkpoint.state_dict.keys() == STATE.keys()
    assert all(torch.equal(STATE[name], value) for name, value in checkpoint.state_dict.items())
    assert read_portable(path)[1]["provenance"] == '{"seed": 3}'


@pytest.mark.parametrize("place", [-1, 200])
def test_a_changed_byte_is_refused(path, place):
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(GroundstateError, match=r"w\.safetensors"):
        load_checkpoint(path)


def test_other_files_are_refused(tmp_path):
    save_file({"a": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(GroundstateError, match="not of this program"):
        load_checkpoint(tmp_path / "other.safetensors")
    (tmp_path / "text.safetensors").write_text("nothing")
    with pytest.raises(GroundstateError, match="not a whole safetensors file"):
        load_checkpoint(tmp_path / "text.safetensors")
    with pytest.raises(GroundstateError, match="no such file"):
        load_checkpoint(tmp_path / "absent.safetensors")
