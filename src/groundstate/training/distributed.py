"""Several processes that share a training: who starts them, and how they exchange gradients."""

import os

from lightning.pytorch.plugins.environments import LightningEnvironment, SLURMEnvironment
from lightning.pytorch.strategies import DDPStrategy


def process_environment(processes: int) -> tuple[LightningEnvironment | SLURMEnvironment, int, int]:
    """Say who starts the processes: (environment, processes per node, nodes).

    Under ``srun`` with several tasks the tasks are the processes, over as many nodes as there are; else
    ``processes`` are started from here (0 is 1).
    """
    tasks = int(os.environ.get("SLURM_STEP_NUM_TASKS", 1))
    if tasks > 1:
        nodes = int(os.environ["SLURM_STEP_NUM_NODES"])
        # Snakemake requeues jobs, not Lightning
        return SLURMEnvironment(auto_requeue=False), tasks // nodes, nodes
    return LightningEnvironment(), max(processes, 1), 1


def strategy(processes: int) -> DDPStrategy | str:
    """Return Lightning's strategy for so many processes in all."""
    # buffers are tables that never change
    return "auto" if processes == 1 else DDPStrategy(broadcast_buffers=False)
