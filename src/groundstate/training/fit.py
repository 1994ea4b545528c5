"""The training loop: Lightning with exact resume, moving averages, progress and seeds.

What a step sees depends on (seed, step) alone, never on what ran before: the batch, its augmentation, the
noise and dropout. So a run that is killed at any point and started again ends with the same weights.
Several processes (DDP) share the micro-batches of a step, whose random streams carry their numbers: how many
processes there are changes the time and not the result.
"""

import hashlib
import json
import logging
import os
import shutil
import signal
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import WeightAveraging
from lightning.pytorch.plugins.environments import LightningEnvironment, SLURMEnvironment
from lightning.pytorch.strategies import DDPStrategy
from torch import Tensor

from groundstate.errors import GroundstateError
from groundstate.files import atomic_path, write_text
from groundstate.provenance import write_provenance
from groundstate.training.checkpoints import choose_device, load_checkpoint
from groundstate.training.keeper import Keeper, history_csv
from groundstate.training.module import Loss, MakeBatch, TrainingModule
from groundstate.training.settings import TrainingSettings


class _Average(WeightAveraging):
    """Exponential moving average whose decay warms up, so that short runs forget their start."""

    def __init__(self, decay: float) -> None:
        def update(averages: Sequence[Tensor], weights: Sequence[Tensor], count: Tensor | int) -> None:
            keep = min(decay, (1 + int(count)) / (10 + int(count)))
            if averages[0].is_floating_point():  # called once a dtype; tables of indices stay as they are
                torch._foreach_lerp_(list(averages), list(weights), 1 - keep)

        super().__init__(multi_avg_fn=update)


def _environment(processes: int) -> tuple[LightningEnvironment | SLURMEnvironment, int, int]:
    """Who starts the processes: (environment, processes a node, nodes)."""
    tasks = int(os.environ.get("SLURM_STEP_NUM_TASKS", 1))
    if tasks > 1:
        nodes = int(os.environ["SLURM_STEP_NUM_NODES"])
        # Snakemake requeues jobs, not Lightning
        return SLURMEnvironment(auto_requeue=False), tasks // nodes, nodes
    return LightningEnvironment(), max(processes, 1), 1


def _ddp() -> DDPStrategy:
    # buffers are tables that never change
    return DDPStrategy(broadcast_buffers=False)


def fit(
    network: torch.nn.Module,
    loss: Loss,
    *,
    train_size: int,
    train_batch: MakeBatch,
    validation_size: int,
    validation_batch: MakeBatch,
    settings: TrainingSettings,
    seed: int,
    folder: str | Path,
    config: dict[str, Any],
    inputs: Sequence[Path] = (),
    name: str = "train",
    processes: int = 1,
    stages: dict[str, tuple[str, ...]] | None = None,
    finish: Callable[[Path], None] | None = None,
) -> None:
    """Train ``network``; write best.ckpt, last.ckpt, training.csv and provenance.json to a folder.

    Parameters
    ----------
    loss : ``loss(network, batch, generator) -> (scalar, {name: scalar})``; all noise from ``generator``.
    train_batch, validation_batch : ``make(indices, generator) -> batch`` (tensors in a dict, tuple or
        dataclass); augmentation draws from ``generator``. Indices run to ``train_size``, ``validation_size``.
    config : JSON values that rebuild the network; saved in the checkpoints (``kind`` and ``model`` included).
    inputs : files that the data came from; a checkpoint of other inputs is never resumed.
    stages : parts of the network that learn apart: first letters of the names of their weights -> parts of
        the loss that judge them. Each keeps the weights of its own best validation; None is one stage.
    finish : called with the checkpoint of the best weights before it is published; may add to its config.
    processes : processes on this machine, one GPU each, that share every batch (DDP), started from here.
        Under ``srun`` with several tasks the tasks are the processes, over as many nodes as there are.

    A killed run goes on from its last checkpoint when it is started again with the same arguments: state is
    kept in a hidden folder whose name is a hash of them, and removed when the training is complete. SIGTERM
    writes a checkpoint and exits with status 143. ``best.ckpt`` holds the averaged weights of the best
    validation loss and nothing else, ``last.ckpt`` all that training ended with.

    Raises ``GroundstateError`` on an empty training or validation set, on a loss that is not finite, and
    where the processes cannot share the micro-batches evenly.
    """
    for part, size in (("training", train_size), ("validation", validation_size)):
        if size == 0:
            raise GroundstateError(
                f"{name}: the {part} part is empty; use more data or other split fractions"
            )
    started, folder = time.time(), Path(folder)
    shapes = {key: list(value.shape) for key, value in network.state_dict().items()}
    identity = [config, settings.model_dump(), seed, train_size, validation_size, shapes]
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode())
    for path in inputs:
        digest.update(Path(path).read_bytes())
    work = folder / f".training-{digest.hexdigest()[:16]}"
    work.mkdir(parents=True, exist_ok=True)
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    torch.set_num_threads(settings.threads)
    device = choose_device(settings.device)
    environment, processes, nodes = _environment(processes)
    if settings.micro_batches % (processes * nodes):
        raise GroundstateError(
            f"{name}: {processes * nodes} processes cannot share {settings.micro_batches} micro-batches; "
            f"set training.micro_batches to a multiple of {processes * nodes}"
        )

    keeper = Keeper(
        work,
        config,
        settings,
        name,
        train_size=train_size,
        train_batch=train_batch,
        validation_size=validation_size,
        validation_batch=validation_batch,
        stages=stages or {"": ("loss",)},
    )
    module = TrainingModule(network, loss, settings, seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning")
        warnings.filterwarnings("ignore", message=".*(num_workers|LeafSpec|log_every_n_steps).*")
        trainer = lightning.Trainer(
            accelerator="gpu" if device.type == "cuda" else "cpu",
            devices=processes,
            num_nodes=nodes,
            strategy="auto" if processes * nodes == 1 else _ddp(),
            max_steps=settings.max_steps,
            max_epochs=-1,
            gradient_clip_val=settings.gradient_clip,
            callbacks=[_Average(settings.ema_decay), keeper],
            num_sanity_val_steps=0,
            reload_dataloaders_every_n_epochs=1,
            plugins=[environment],
            use_distributed_sampler=False,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.keeper = keeper
        resume = work / "resume.ckpt"
        if resume.exists():
            step = load_checkpoint(resume).step  # where it is not whole: a sentence
            if trainer.is_global_zero:
                sys.stderr.write(f"{name}: goes on from step {step}\n")
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # until the first step, when the keeper takes over
        trainer.fit(module, ckpt_path=resume if resume.exists() else None, weights_only=True)
    if trainer.global_step < settings.max_steps:
        raise SystemExit(143)
    if not trainer.is_global_zero:
        return
    if finish is not None:
        finish(work / "best.ckpt")
    best = torch.load(work / "best.ckpt", map_location="cpu", weights_only=True)
    with atomic_path(folder / "best.ckpt") as temporary:  # no training goes on from it
        torch.save({key: best[key] for key in ("state_dict", "groundstate")}, temporary)
    with atomic_path(folder / "last.ckpt") as temporary:
        shutil.copyfile(work / "resume.ckpt", temporary)
    write_text(folder / "training.csv", history_csv(keeper.history))
    parameters = sum(p.numel() for p in network.parameters())
    facts = {"config": config, "settings": settings.model_dump(), "seed": seed, "parameters": parameters}
    write_provenance(folder / "provenance.json", started, [Path(path) for path in inputs], **facts)
    shutil.rmtree(work)
