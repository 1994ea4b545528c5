"""The training loop: Lightning with exact resume, moving averages, progress and seeds.

What a step sees depends on (seed, step) alone, never on what ran before: the batch, its augmentation, the
noise and dropout. So a run that is killed at any point and started again ends with the same weights.
Several processes (DDP) share the micro-batches of a step, whose random streams carry their numbers: how many
processes there are changes the time and not the result.
"""

import csv
import hashlib
import io
import json
import logging
import math
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
from lightning.pytorch.callbacks import Callback, WeightAveraging
from lightning.pytorch.plugins.environments import LightningEnvironment, SLURMEnvironment
from lightning.pytorch.strategies import DDPStrategy
from torch import Tensor

from groundstate.checkpoints import choose_device, load_checkpoint
from groundstate.errors import GroundstateError
from groundstate.files import atomic_path, write_text
from groundstate.progress import Progress
from groundstate.provenance import write_provenance
from groundstate.seeds import derive_seed
from groundstate.training_settings import TrainingSettings

Loss = Callable[[torch.nn.Module, Any, torch.Generator], tuple[Tensor, dict[str, Tensor]]]
MakeBatch = Callable[[list[int], torch.Generator], Any]


def step_indices(seed: int, step: int, size: int, batch_size: int) -> list[int]:
    """Items of step ``step``: seeded permutations of the ``size`` items, one after another."""
    wanted = range(step * batch_size, (step + 1) * batch_size)
    orders: dict[int, list[int]] = {}
    for passes in {position // size for position in wanted}:
        generator = torch.Generator().manual_seed(derive_seed(seed, "order", passes))
        orders[passes] = torch.randperm(size, generator=generator).tolist()
    return [orders[position // size][position % size] for position in wanted]


class _Module(lightning.LightningModule):
    def __init__(self, network: torch.nn.Module, loss: Loss, settings: TrainingSettings, seed: int) -> None:
        super().__init__()
        self.network, self.loss, self.settings, self.seed = network, loss, settings, seed

    def _evaluate(self, make_batch: MakeBatch, indices: list[int], *stream: object) -> tuple[Tensor, dict]:
        # every random draw of this step comes from its own name, dropout included
        draw = torch.Generator().manual_seed(derive_seed(self.seed, "data", *stream))
        batch = self.transfer_batch_to_device(make_batch(indices, draw), self.device, 0)
        torch.manual_seed(derive_seed(self.seed, "dropout", *stream))
        noise = torch.Generator().manual_seed(derive_seed(self.seed, "noise", *stream))
        return self.loss(self.network, batch, noise)

    def training_step(self, batch: object, batch_idx: int) -> Tensor:
        step, keeper, total = self.global_step, self.trainer.keeper, self.settings.batch_size
        indices = step_indices(self.seed, step, keeper.train_size, total)
        size = total // self.settings.micro_batches
        losses = []
        for part in range(self.global_rank, self.settings.micro_batches, self.trainer.world_size):
            mine = indices[part * size : (part + 1) * size]
            loss, parts = self._evaluate(keeper.train_batch, mine, "train", step, part)
            if not torch.isfinite(loss):
                raise GroundstateError(
                    f"training: the loss is {loss.item()} at step {step}; lower learning_rate"
                )
            keeper.record("train", loss, parts, len(mine))
            losses.append(loss)
        return torch.stack(losses).mean()

    def validation_step(self, batch: object, batch_idx: int) -> None:
        if batch_idx % self.trainer.world_size != self.global_rank:
            return
        keeper, size = self.trainer.keeper, self.settings.batch_size
        indices = list(range(keeper.validation_size))[batch_idx * size : (batch_idx + 1) * size]
        loss, parts = self._evaluate(keeper.validation_batch, indices, "validation", batch_idx)
        keeper.record("validation", loss, parts, len(indices))

    # the loaders only count: a step builds its own batch from its number
    def train_dataloader(self) -> range:
        every, steps = self.settings.checkpoint_every, self.settings.max_steps
        begun = self.global_step // every * every
        return range(min(every, steps - begun))

    def val_dataloader(self) -> range:
        return range(math.ceil(self.trainer.keeper.validation_size / self.settings.batch_size))

    def configure_optimizers(self) -> dict:
        settings = self.settings
        optimizer = torch.optim.AdamW(
            self.network.parameters(),
            lr=settings.learning_rate,
            betas=(0.9, 0.99),
            weight_decay=settings.weight_decay,
            fused=True,
        )

        def factor(step: int) -> float:
            warm = min(1.0, (step + 1) / max(settings.warmup_steps, 1))
            return warm * 0.5 * (1 + math.cos(math.pi * min(step / settings.max_steps, 1.0)))

        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}


class _Keeper(Callback):
    """Keeps the history, the checkpoints and the progress of one run."""

    def __init__(self, work: Path, config: dict, settings: TrainingSettings, name: str, **data: Any) -> None:
        self.work, self.config, self.settings, self.name = work, config, settings, name
        self.stages: dict[str, tuple[str, ...]] = data["stages"]
        self.train_size: int = data["train_size"]
        self.validation_size: int = data["validation_size"]
        self.train_batch: MakeBatch = data["train_batch"]
        self.validation_batch: MakeBatch = data["validation_batch"]
        self.sums: dict[str, list[float]] = {}
        self.history: list[dict[str, float]] = []
        self.progress: Progress | None = None
        self.stop = False

    def record(self, part: str, loss: Tensor, parts: dict[str, Tensor], count: int) -> None:
        for key, value in {"loss": loss, **parts}.items():
            pair = self.sums.setdefault(f"{part}_{key}", [0.0, 0])
            pair[0] += float(value.detach()) * count
            pair[1] += count

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        if trainer.is_global_zero:
            self.progress = Progress(self.name, self.settings.max_steps, "step", trainer.global_step)
        else:
            self.sums = {}  # those of a checkpoint are of all processes

        def note(number: int, frame: object) -> None:
            if not self.stop and trainer.strategy.launcher is not None:
                trainer.strategy.launcher.kill(number)
            self.stop = True

        signal.signal(signal.SIGTERM, note)

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: object) -> None:
        if self.progress:
            total, count = self.sums["train_loss"]
            self.progress.update(note=f"train loss {total / count:.4g}" + self._last_validation())
        if trainer.strategy.reduce_boolean_decision(self.stop, all=False):
            self.sums = self._all_sums(trainer.world_size)
            self._save(trainer, "resume.ckpt")
            sys.stderr.write(f"{self.name}: stopped at step {trainer.global_step}; run it again to go on\n")
            raise SystemExit(143)

    def _last_validation(self) -> str:
        return f", validation loss {self.history[-1]['validation_loss']:.4g}" if self.history else ""

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        # resumed from a checkpoint of this very hook: Lightning calls it once more
        if not trainer.strategy.reduce_boolean_decision(bool(self.sums), all=False):
            return
        sums = self._all_sums(trainer.world_size)
        row = {"step": trainer.global_step, **{key: total / count for key, (total, count) in sums.items()}}
        self.sums = {}
        improved = [stage for stage in self.stages if self._improves(row, stage)]
        self.history.append(row)
        if improved:
            self._save(trainer, "candidate.ckpt")
            if trainer.is_global_zero:
                self._take_over(improved)
        self._save(trainer, "resume.ckpt")

    def _improves(self, row: dict[str, float], stage: str) -> bool:
        """Whether the stage's validation loss in ``row`` is below all before."""

        def total(one: dict[str, float]) -> float:
            return sum(one[f"validation_{part}"] for part in self.stages[stage])

        return total(row) < min(map(total, self.history), default=math.inf)

    def _take_over(self, improved: list[str]) -> None:
        """Make the candidate the best, but for stages that were better before."""
        candidate, best = (self.work / f"{name}.ckpt" for name in ("candidate", "best"))
        if best.exists() and len(improved) < len(self.stages):
            content, before = (
                torch.load(path, map_location="cpu", weights_only=True) for path in (candidate, best)
            )
            for name in content["state_dict"]:
                if not name.startswith(tuple(f"network.{stage}" for stage in improved)):
                    content["state_dict"][name] = before["state_dict"][name]
            with atomic_path(candidate) as temporary:
                torch.save(content, temporary)
        candidate.replace(best)

    def _all_sums(self, processes: int) -> dict[str, list[float]]:
        """The sums of all processes together."""
        if processes == 1:
            return self.sums
        every: list[dict[str, list[float]]] = [{}] * processes
        torch.distributed.all_gather_object(every, self.sums)
        keys = dict.fromkeys(key for sums in every for key in sums)
        pairs = {key: [sums[key] for sums in every if key in sums] for key in keys}
        return {key: [sum(column) for column in zip(*rows, strict=True)] for key, rows in pairs.items()}

    def _save(self, trainer: lightning.Trainer, name: str) -> None:
        if not trainer.is_global_zero:  # the first process writes; the others wait in the same barrier
            trainer.strategy.barrier("Trainer.save_checkpoint")
            return
        with atomic_path(self.work / name) as temporary:
            trainer.save_checkpoint(temporary)

    # Lightning stores these with its own state, so that they resume together
    def state_dict(self) -> dict[str, str]:
        return {"history": json.dumps(self.history), "sums": json.dumps(self.sums)}

    def load_state_dict(self, state_dict: dict[str, str]) -> None:
        self.history, self.sums = json.loads(state_dict["history"]), json.loads(state_dict["sums"])

    def on_save_checkpoint(self, trainer: lightning.Trainer, module: object, checkpoint: dict) -> None:
        checkpoint["groundstate"] = {"config": json.dumps(self.config), "step": trainer.global_step}


class _Average(WeightAveraging):
    """Exponential moving average whose decay warms up, so that short runs forget their start."""

    def __init__(self, decay: float) -> None:
        def update(averages: Sequence[Tensor], weights: Sequence[Tensor], count: Tensor | int) -> None:
            keep = min(decay, (1 + int(count)) / (10 + int(count)))
            if averages[0].is_floating_point():  # called once a dtype; tables of indices stay as they are
                torch._foreach_lerp_(list(averages), list(weights), 1 - keep)

        super().__init__(multi_avg_fn=update)


def history_csv(history: Sequence[dict[str, float]]) -> str:
    """The history as CSV text: ``step``, ``train_loss``, ``validation_loss`` and the loss's parts."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(history[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: v if k == "step" else f"{v:.7g}" for k, v in row.items()} for row in history)
    return text.getvalue()


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

    keeper = _Keeper(
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
    module = _Module(network, loss, settings, seed)
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
