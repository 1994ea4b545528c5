"""A training's best weights as a file that ships."""

import torch

from groundstate.training.checkpoints import save_checkpoint
from groundstate.training.portable import read_portable
from groundstate.training.publish import publish


def test_a_training_is_published_with_its_provenance(tmp_path):
    weights = torch.arange(4.0)
    content = {"groundstate": {"config": "{}", "step": 2}, "state_dict": {"network.a": weights}}
    save_checkpoint(content, tmp_path / "best.ckpt")
    (tmp_path / "provenance.json").write_text('{"seed": 5}')
    publish(tmp_path / "best.ckpt", tmp_path / "out.safetensors")
    state, metadata = read_portable(tmp_path / "out.safetensors")
    assert torch.equal(state["a"], weights)
    assert (metadata["step"], metadata["provenance"]) == ("2", '{"seed": 5}')
