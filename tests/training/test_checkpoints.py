"""Checkpoints on disk: any damage is seen, code is never run, what does not fit is refused by name."""

import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from groundstate.errors import GroundstateError
from groundstate.training.checkpoints import (
    choose_device,
    load_checkpoint,
    model_of,
    read_content,
    rebuild,
    save_checkpoint,
    seal,
)

CONFIG = {"kind": "toy", "model": "linear", "width": 3}


def content(config: dict = CONFIG, **weights: torch.Tensor) -> dict:
    state = {f"network.{name}": value for name, value in nn.Linear(3, 3).state_dict().items()} | weights
    return {"state_dict": state, "groundstate": {"config": json.dumps(config), "step": 7}}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save_checkpoint(content(), tmp_path / "a.ckpt")
    return tmp_path / "a.ckpt"


def test_a_checkpoint_comes_back_and_other_tools_can_read_it(saved: Path) -> None:
    checkpoint = load_checkpoint(saved, "toy")
    assert (checkpoint.config, checkpoint.step) == (CONFIG, 7)
    assert torch.equal(checkpoint.state_dict["weight"], torch.load(saved)["state_dict"]["network.weight"])
    assert zipfile.ZipFile(saved).testzip() is None


def test_every_flipped_bit_is_seen(saved: Path, tmp_path: Path) -> None:
    whole = saved.read_bytes()
    generator = np.random.default_rng(0)
    places = generator.choice(8 * len(whole), 300, replace=False).tolist()
    places += range(8 * (len(whole) - 90), 8 * len(whole))  # the archive's end and the digest itself
    for place in places:
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        (tmp_path / "flipped.ckpt").write_bytes(damaged)
        with pytest.raises(GroundstateError, match=r"flipped.ckpt: not a whole groundstate checkpoint"):
            read_content(tmp_path / "flipped.ckpt")


@pytest.mark.parametrize("size", [0, 1, 63, 64, 500, -1, -64, -90])
def test_a_cut_file_is_seen(saved: Path, tmp_path: Path, size: int) -> None:
    (tmp_path / "cut.ckpt").write_bytes(saved.read_bytes()[:size])
    with pytest.raises(GroundstateError, match=r"cut.ckpt: not a whole"):
        read_content(tmp_path / "cut.ckpt")


def test_files_that_are_none(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(GroundstateError, match=r"none.ckpt: no such checkpoint; train the model first"):
        load_checkpoint(tmp_path / "none.ckpt")
    with pytest.raises(GroundstateError, match="not readable"):
        load_checkpoint(tmp_path)
    with pytest.raises(GroundstateError, match="'crystals' is needed"):
        load_checkpoint(saved, "crystals")
    torch.save(content(), tmp_path / "unsealed.ckpt")
    with pytest.raises(GroundstateError, match="no digest at its end"):
        load_checkpoint(tmp_path / "unsealed.ckpt")
    for number, other in enumerate(([1, 2], {"state_dict": {}}, {"groundstate": {"config": "{", "step": 1}})):
        torch.save(other, tmp_path / f"{number}.ckpt")
        seal(tmp_path / f"{number}.ckpt")
        with pytest.raises(GroundstateError, match=rf"{number}.ckpt: not a whole"):
            load_checkpoint(tmp_path / f"{number}.ckpt")


def test_code_is_refused(tmp_path: Path) -> None:
    torch.save({"groundstate": Path("x"), "state_dict": os.system}, tmp_path / "code.ckpt")
    seal(tmp_path / "code.ckpt")
    with pytest.raises(GroundstateError, match="files that hold code are refused"):
        load_checkpoint(tmp_path / "code.ckpt")


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_weights_that_are_not_finite_are_named(tmp_path: Path, value: float) -> None:
    save_checkpoint(content(**{"network.late": torch.tensor([1.0, value])}), tmp_path / "a.ckpt")
    with pytest.raises(GroundstateError, match=r"a.ckpt: the weight late is not finite"):
        load_checkpoint(tmp_path / "a.ckpt")


def test_absurd_sizes_are_refused_before_memory_is_taken(tmp_path: Path) -> None:
    weights = {"network.huge": torch.zeros(1).expand(10**14)}
    save_checkpoint(content(**weights), tmp_path / "a.ckpt")
    with pytest.raises(GroundstateError, match=r"a.ckpt: its weights are larger than the file"):
        load_checkpoint(tmp_path / "a.ckpt")
    save_checkpoint(content({**CONFIG, "width": 10**7}), tmp_path / "b.ckpt")
    with pytest.raises(GroundstateError, match=r"b.ckpt: .*other shapes than its config says"):
        rebuild(load_checkpoint(tmp_path / "b.ckpt"), lambda config: nn.Linear(config["width"], 10**9))


def test_weights_of_other_shapes_or_names_are_refused(saved: Path) -> None:
    checkpoint = load_checkpoint(saved)
    network = rebuild(checkpoint, lambda config: nn.Linear(config["width"], 3))
    assert torch.equal(network.weight, checkpoint.state_dict["weight"])
    assert not network.training and not network.weight.requires_grad
    for build in (
        lambda config: nn.Linear(4, 3),
        lambda config: nn.Linear(config["absent"], 3),
        lambda config: nn.Linear(3, 3, bias=False),
        lambda config: nn.Sequential(nn.Linear(3, 3)),
    ):
        with pytest.raises(GroundstateError, match=r"a.ckpt: written by another version of 'linear' \("):
            rebuild(checkpoint, build)


def test_a_plug_in_is_loaded_only_where_it_is_named(saved: Path) -> None:
    checkpoint = load_checkpoint(saved)

    def named(own: object, model: str | None) -> str:
        return model_of(checkpoint._replace(config={"model": own}), "crystal model", model)

    assert named("unimat", None) == named("unimat", "unimat") == "unimat"
    assert named("mine:Toy", "mine:Toy") == "mine:Toy"
    for own, model, reason in (
        ("mine:Toy", None, "a checkpoint loads no code by itself; name it: --model mine:Toy"),
        ("mine:Toy", "other:Toy", "not of 'other:Toy'"),
        ("unimat", "unimat-64", "is of the crystal model 'unimat', not of 'unimat-64'"),
        ("unimat-huge", None, "which this version does not have"),
        (3, None, "names no model"),
    ):
        with pytest.raises(GroundstateError, match=reason):
            named(own, model)


def test_devices() -> None:
    assert choose_device("cpu") == torch.device("cpu")
    with pytest.raises(GroundstateError, match="device: 'tpu' is not one of auto, cpu, cuda"):
        choose_device("tpu")
