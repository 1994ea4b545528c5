"""The training loop: Lightning with exact resume, moving averages, progress and seeds.

What a step sees depends on (seed, step) alone, never on what ran before: the batch, its augmentation, the
noise and dropout. So a run that is killed at any point and started again ends with the same weights.
Several processes (DDP) share the micro-batches of a step, whose random streams carry their numbers: how many
processes there are changes the time and not the result.
"""

import contextlib
import hashlib
import json
import logging
import shutil
import signal
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor

from groundstate.c_kernels import c_kernels, compiler, pin_c_kernels
from groundstate.errors import GroundstateError
from groundstate.files import atomic_path, write_text
from groundstate.provenance import write_provenance
from groundstate.training.checkpoints import choose_device, load_checkpoint, read_content, save_checkpoint
from groundstate.training.distributed import process_environment, strategy
from groundstate.training.keeper import Keeper, history_csv
from groundstate.training.module import TrainingModule
from groundstate.training.task import TrainingTask


class _Average(WeightAveraging):
    """Exponential moving average whose decay warms up, so that short runs forget their start."""

    def __init__(self, decay: float) -> None:
        def update(averages: Sequence[Tensor], weights: Sequence[Tensor], count: Tensor | int) -> None:
            keep = min(decay, (1 + int(count)) / (10 + int(count)))
            if averages[0].is_floating_point():  # called once a dtype; tables of indices stay as they are
                torch._foreach_lerp_(list(averages), list(weights), 1 - keep)

        super().__init__(multi_avg_fn=update)


def fit(task: TrainingTask, folder: str | Path, *, name: str = "train", processes: int = 1) -> None:
    """Train ``task.network``; write best.ckpt, last.ckpt, training.csv and provenance.json to a folder.

    A killed run goes on from its last checkpoint when it is started again with the same task: state is
    kept in a hidden folder whose name is a hash of it, and removed when the training is complete. SIGTERM
    writes a checkpoint and exits with status 143. ``best.ckpt`` holds the averaged weights of the best
    validation loss and nothing else, ``last.ckpt`` all that training ended with.

    Parameters
    ----------
    task
        The network, its loss, its data and its settings.
    folder
        Where the four files are written.
    name
        Begins the progress line and the sentences of errors.
    processes
        Processes on this machine, one GPU each, that share every batch (DDP), started from here.
        Under ``srun`` with several tasks the tasks are the processes, over as many nodes as there are.

    Raises
    ------
    GroundstateError
        A part of the data is empty, a loss is not finite, or the processes cannot share the micro-batches
        evenly.
    """
    for part, data in (("training", task.train), ("validation", task.validation)):
        if data.size == 0:
            raise GroundstateError(
                f"{name}: the {part} part is empty; use more data or other split fractions"
            )
    started, folder, settings = time.time(), Path(folder), task.settings
    work = folder / f".training-{_identity(task)[:16]}"
    work.mkdir(parents=True, exist_ok=True)
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    torch.set_num_threads(settings.threads)
    environment, processes, nodes = process_environment(processes)
    if settings.micro_batches % (processes * nodes):
        raise GroundstateError(
            f"{name}: {processes * nodes} processes cannot share {settings.micro_batches} micro-batches; "
            f"set training.micro_batches to a multiple of {processes * nodes}"
        )
    kernels = _pin_kernels(work, name)
    keeper = Keeper(work, task, name)
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        warnings.filterwarnings("ignore", module="lightning")
        warnings.filterwarnings("ignore", message=".*(num_workers|LeafSpec|log_every_n_steps).*")
        trainer = lightning.Trainer(
            accelerator="gpu" if choose_device(settings.device).type == "cuda" else "cpu",
            devices=processes,
            num_nodes=nodes,
            strategy=strategy(processes * nodes),
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
        resume = _resumable(work, name, trainer.is_global_zero)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # until the first step, when the keeper takes over
        module = TrainingModule(task, keeper.record)
        try:
            trainer.fit(module, ckpt_path=resume, weights_only=True)
        finally:
            pin_c_kernels(None)
    if trainer.global_step < settings.max_steps:
        raise SystemExit(143)
    if trainer.is_global_zero:
        _publish(task, keeper, folder, started, kernels)


def _pin_kernels(work: Path, name: str) -> str:
    """Let a training that goes on compute as it began: by kernels in C, or by those in Python.

    Raises ``GroundstateError`` where it began with kernels in C and there is no compiler now.
    """
    record = work / "kernels"
    if not record.exists():
        # without a record it was begun by a version that knew kernels in Python alone
        begun = (work / "resume.ckpt").exists()
        write_text(record, "C" if not begun and c_kernels() else "Python")
    kernels = record.read_text(encoding="utf-8")
    if kernels == "C" and compiler() is None:
        raise GroundstateError(
            f"{name}: was begun with kernels in C, and there is no C compiler now; install one, or delete "
            f"{work} to begin anew"
        )
    pin_c_kernels(kernels == "C")
    return kernels


def _identity(task: TrainingTask) -> str:
    """Return a hash of all that decides the result: a run with the same one may be resumed."""
    shapes = {key: list(value.shape) for key, value in task.network.state_dict().items()}
    sizes = [task.train.size, task.validation.size]
    identity = [task.config, task.settings.model_dump(), task.seed, *sizes, shapes]
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode())
    for path in task.inputs:
        digest.update(Path(path).read_bytes())
    return digest.hexdigest()


def _resumable(work: Path, name: str, speaks: bool) -> Path | None:
    """Return the checkpoint to go on from, or None; what is damaged is set aside and made again."""
    resume, best = work / "resume.ckpt", work / "best.ckpt"
    if not resume.exists():
        return None
    try:
        step = load_checkpoint(resume).step
        load_checkpoint(best)
    except GroundstateError as error:
        for path in (resume, best):
            with contextlib.suppress(FileNotFoundError):  # another process of this training was faster
                path.replace(path.with_name(f"{path.name}.damaged"))
        if speaks:
            sys.stderr.write(f"warning: {error}; set aside as *.damaged, {name} begins anew\n")
        return None
    if speaks:
        sys.stderr.write(f"{name}: goes on from step {step}\n")
    return resume


def _publish(task: TrainingTask, keeper: Keeper, folder: Path, started: float, kernels: str) -> None:
    """Write the four files of a complete training and remove its working folder."""
    work = keeper.work
    if task.finish is not None:
        task.finish(work / "best.ckpt")
    best = read_content(work / "best.ckpt")
    # no training goes on from it
    save_checkpoint({key: best[key] for key in ("state_dict", "groundstate")}, folder / "best.ckpt")
    with atomic_path(folder / "last.ckpt") as temporary:
        shutil.copyfile(work / "resume.ckpt", temporary)
    write_text(folder / "training.csv", history_csv(keeper.history))
    write_provenance(
        folder / "provenance.json",
        started,
        [Path(path) for path in task.inputs],
        config=task.config,
        settings=task.settings.model_dump(),
        seed=task.seed,
        kernels=kernels,
        parameters=sum(weights.numel() for weights in task.network.parameters()),
    )
    shutil.rmtree(work)
