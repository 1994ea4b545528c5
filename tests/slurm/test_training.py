"""One training as two tasks of a SLURM job: as one process with the same micro-batches."""

import sys
from pathlib import Path

import pytest
import torch

from groundstate.training.checkpoints import load_checkpoint
from slurm.cluster import Cluster, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.slurm]

SCRIPT = Path(__file__).parents[1] / "training" / "script.py"


def test_two_tasks_train_as_one_process(cluster: Cluster, tmp_path: Path) -> None:
    jobs = []
    for tasks in (1, 2):
        spread = f"--ntasks-per-node={tasks}"
        command = f"srun {spread} {sys.executable} {SCRIPT} {tmp_path / str(tasks)} micro_batches=2"
        options = [spread, "--mem=8000", f"--output={tmp_path / f'{tasks}.log'}"]
        jobs.append(cluster.call("sbatch", "--parsable", *options, "--wrap", command))
    wait_for(lambda: not cluster.call("squeue", "-h", "-j", ",".join(jobs), "-t", "PD,R,CG"), 600, "training")
    assert "MEMBER: 2/2" in (tmp_path / "2.log").read_text()
    one, two = tmp_path / "1", tmp_path / "2"
    assert (two / "training.csv").read_text() == (one / "training.csv").read_text()
    expected = load_checkpoint(one / "last.ckpt", "toy").state_dict
    for name, value in load_checkpoint(two / "last.ckpt", "toy").state_dict.items():
        torch.testing.assert_close(value, expected[name], rtol=1e-6, atol=1e-7)
