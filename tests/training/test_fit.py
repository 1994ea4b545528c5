"""The training loop: determinism, exact resume after kill -9 and SIGTERM, refusals."""

import csv
import json
import os
import re
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from groundstate.c_kernels import c_kernels, compiler, pin_c_kernels
from groundstate.errors import GroundstateError
from groundstate.training.checkpoints import load_checkpoint
from groundstate.training.fit import _identity, _pin_kernels, fit
from groundstate.training.module import step_indices
from groundstate.training.settings import TrainingSettings
from groundstate.training.task import TrainingData, TrainingTask

SCRIPT = Path(__file__).with_name("script.py")


def run(folder: Path, **changes: float) -> None:
    runpy.run_path(str(SCRIPT))["main"](folder, **changes)


def weights(folder: Path, name: str = "last.ckpt") -> dict[str, torch.Tensor]:
    return load_checkpoint(folder / name, "toy").state_dict


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    run(folder)
    return folder


def test_loss_falls_and_outputs_are_complete(undisturbed: Path) -> None:
    assert {p.name for p in undisturbed.iterdir()} == {
        "best.ckpt",
        "last.ckpt",
        "training.csv",
        "provenance.json",
    }
    with (undisturbed / "training.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    assert [int(row["step"]) for row in rows] == [20, 40, 60, 70]
    assert float(rows[-1]["validation_loss"]) < 0.5 * float(rows[0]["validation_loss"])
    assert load_checkpoint(undisturbed / "best.ckpt").config == {"kind": "toy", "model": "linear"}


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_interrupted_run_ends_with_the_same_weights(
    undisturbed: Path, tmp_path: Path, how: signal.Signals
) -> None:
    process = subprocess.Popen([sys.executable, SCRIPT, tmp_path, "delay=0.05"])
    while not list(tmp_path.glob(".training-*/resume.ckpt")):
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(0.3)  # now inside the second interval
    os.kill(process.pid, how)
    code = process.wait(timeout=20)
    assert code == (-signal.SIGKILL if how is signal.SIGKILL else 143)
    assert not (tmp_path / "last.ckpt").exists()
    run(tmp_path)
    for name in ("last.ckpt", "best.ckpt"):
        mine, whole = weights(tmp_path, name), weights(undisturbed, name)
        assert all(torch.equal(mine[key], whole[key]) for key in whole)
    assert (tmp_path / "training.csv").read_bytes() == (undisturbed / "training.csv").read_bytes()


def test_a_cut_checkpoint_is_set_aside_and_one_of_another_config_is_left_alone(
    undisturbed: Path, tmp_path: Path, capfd: pytest.CaptureFixture
) -> None:
    process = subprocess.Popen([sys.executable, SCRIPT, tmp_path, "delay=0.05"])
    while not list(tmp_path.glob(".training-*/resume.ckpt")):
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.wait()
    (resume,) = tmp_path.glob(".training-*/resume.ckpt")
    whole = resume.read_bytes()
    run(tmp_path, seed=1)  # other arguments: begins anew, beside the unfinished one
    assert resume.read_bytes() == whole
    resume.write_bytes(whole[:1000])
    run(tmp_path)
    warning = capfd.readouterr().err
    assert re.search(
        r"warning: .*resume.ckpt: not a whole .*; set aside as \*.damaged, train begins anew", warning
    )
    assert (tmp_path / "training.csv").read_bytes() == (undisturbed / "training.csv").read_bytes()


def test_training_leaves_the_global_random_stream_as_it_was(tmp_path: Path) -> None:
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    data = TrainingData(3, lambda indices, generator: torch.ones(len(indices), 1))
    task = TrainingTask(
        network=torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.Dropout(0.5)),
        loss=lambda network, batch, generator: (network(batch).square().mean(), {}),
        train=data,
        validation=data,
        settings=TrainingSettings(max_steps=2, batch_size=2, device="cpu"),
        seed=0,
        config={"kind": "toy"},
    )
    torch.random.set_rng_state(before)
    fit(task, tmp_path)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_other_seed_other_weights(undisturbed: Path, tmp_path: Path) -> None:
    run(tmp_path, seed=1)
    assert any(
        not torch.equal(a, b)
        for a, b in zip(weights(tmp_path).values(), weights(undisturbed).values(), strict=True)
    )


def test_each_pass_sees_every_item_once() -> None:
    seen = [i for step in range(10) for i in step_indices(3, step, 20, 4)]
    assert sorted(seen[:20]) == sorted(seen[20:]) == list(range(20))
    assert seen[:20] != seen[20:]


def test_an_empty_part_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GroundstateError, match="validation part is empty"):
        fit(
            TrainingTask(
                network=torch.nn.Linear(1, 1),
                loss=None,
                train=TrainingData(1, None),
                validation=TrainingData(0, None),
                settings=TrainingSettings(),
                seed=0,
                config={},
            ),
            tmp_path,
        )


class TwoParts(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.early, self.late = torch.nn.Linear(1, 1, bias=False), torch.nn.Linear(1, 1, bias=False)


def test_each_stage_keeps_the_weights_of_its_own_best_validation(tmp_path: Path) -> None:
    seen: list[tuple[float, float]] = []

    def loss(network: TwoParts, batch: None, generator: torch.Generator) -> tuple[torch.Tensor, dict]:
        weights = [part.weight.squeeze() for part in (network.early, network.late)]
        # both move from 0 towards 2, but to the validation the first has gone too far beyond 0.5
        goals = (2.0, 2.0) if torch.is_grad_enabled() else (0.5, 2.0)
        early, late = ((weight - goal).square() for weight, goal in zip(weights, goals, strict=True))
        if not torch.is_grad_enabled():
            seen.append((float(weights[0]), float(weights[1])))
        return early + late, {"early": early, "late": late}

    network = TwoParts()
    for part in (network.early, network.late):
        torch.nn.init.zeros_(part.weight)
    settings = TrainingSettings(
        max_steps=60, batch_size=1, learning_rate=0.05, checkpoint_every=5, ema_decay=0.5, device="cpu"
    )
    data = TrainingData(1, lambda indices, generator: None)
    task = TrainingTask(
        network=network,
        loss=loss,
        train=data,
        validation=data,
        settings=settings,
        seed=0,
        config={"kind": "toy"},
        stages={"early.": ("early",), "late.": ("late",)},
    )
    fit(task, tmp_path)
    early = min((one for one, _ in seen), key=lambda one: abs(one - 0.5))
    late = min((one for _, one in seen), key=lambda one: abs(one - 2.0))
    kept = weights(tmp_path, "best.ckpt")
    assert (float(kept["early.weight"]), float(kept["late.weight"])) == (early, late)
    assert seen[-1][0] != early  # else the test shows nothing


def test_a_training_keeps_the_kernels_that_it_began_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[bool] = []

    def loss(network: torch.nn.Linear, batch: None, generator: torch.Generator) -> tuple[torch.Tensor, dict]:
        used.append(c_kernels())
        return network.weight.square().sum(), {}

    data = TrainingData(1, lambda indices, generator: None)
    settings = TrainingSettings(max_steps=2, batch_size=1, checkpoint_every=1, device="cpu")
    task = TrainingTask(torch.nn.Linear(1, 1), loss, data, data, settings, 0, {"kind": "toy"})
    work = tmp_path / f".training-{_identity(task)[:16]}"
    work.mkdir()
    (work / "kernels").write_text("Python")  # it was begun where there was no compiler
    fit(task, tmp_path)
    assert used and not any(used)
    assert json.loads((tmp_path / "provenance.json").read_text())["kernels"] == "Python"
    assert c_kernels() is (compiler() is not None)  # the process is as before
    work.mkdir()
    (work / "kernels").write_text("C")
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(GroundstateError, match="begun with kernels in C, and there is no C compiler now"):
        fit(task, tmp_path)
    (work / "kernels").unlink()
    (work / "resume.ckpt").write_text("of a version that kept no record")
    assert _pin_kernels(work, "train") == "Python"
    pin_c_kernels(None)
