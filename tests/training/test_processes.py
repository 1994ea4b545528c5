"""One training on several processes (gloo on CPU): as one process with the same micro-batches."""

import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from groundstate.errors import GroundstateError
from groundstate.training.checkpoints import load_checkpoint

SCRIPT = Path(__file__).with_name("script.py")


def command(folder: Path, *words: str) -> list[str]:
    return [sys.executable, str(SCRIPT), str(folder), "micro_batches=2", *words]


@pytest.fixture(scope="module")
def one_process(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("one")
    runpy.run_path(str(SCRIPT))["main"](folder, micro_batches=2)
    return folder


def assert_same(folder: Path, expected: Path) -> None:
    assert (folder / "training.csv").read_text() == (expected / "training.csv").read_text()
    for name in ("best.ckpt", "last.ckpt"):
        mine, whole = (load_checkpoint(each / name, "toy").state_dict for each in (folder, expected))
        for key in whole:
            torch.testing.assert_close(mine[key], whole[key], rtol=1e-6, atol=1e-7)


def test_two_processes_give_the_loss_curve_of_one(one_process: Path, tmp_path: Path) -> None:
    done = subprocess.run(command(tmp_path, "processes=2"), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "MEMBER: 2/2" in done.stderr
    assert_same(tmp_path, one_process)


@pytest.mark.slow
def test_stopped_on_two_processes_goes_on_with_one(one_process: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(command(tmp_path, "processes=2", "delay=0.05"))
    while not list(tmp_path.glob(".training-*/resume.ckpt")):
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 143
    (work,) = tmp_path.glob(".training-*")
    assert load_checkpoint(work / "resume.ckpt", "toy").step > 20
    subprocess.run(command(tmp_path), check=True)
    assert_same(tmp_path, one_process)


def test_uneven_shares_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GroundstateError, match="3 processes cannot share 2 micro-batches"):
        runpy.run_path(str(SCRIPT))["main"](tmp_path, micro_batches=2, processes=3)
    with pytest.raises(ValueError, match="3 does not divide batch_size 4"):
        runpy.run_path(str(SCRIPT))["main"](tmp_path, micro_batches=3)
