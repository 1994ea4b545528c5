"""What a training keeps while it runs: history, checkpoints, progress."""

import csv
import io
import json
import math
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor

from groundstate.files import atomic_path
from groundstate.progress import Progress
from groundstate.training.checkpoints import read_content, save_checkpoint, seal
from groundstate.training.task import TrainingTask


class Keeper(Callback):
    """Keeps the history, the checkpoints and the progress of one run."""

    def __init__(self, work: Path, task: TrainingTask, name: str) -> None:
        self.work, self.name, self.stages = work, name, task.stages
        self.config, self.max_steps = task.config, task.settings.max_steps
        self.sums: dict[str, list[float]] = {}
        self.history: list[dict[str, float]] = []
        self.progress: Progress | None = None
        self.stop = False

    def record(self, part: str, loss: Tensor, parts: dict[str, Tensor], count: int) -> None:
        """Add the loss of ``count`` items of ``part`` (``train``, ``validation``) to the running means."""
        for key, value in {"loss": loss, **parts}.items():
            pair = self.sums.setdefault(f"{part}_{key}", [0.0, 0])
            pair[0] += float(value.detach()) * count
            pair[1] += count

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Open the progress line and let SIGTERM stop the run at the end of a step."""
        if trainer.is_global_zero:
            self.progress = Progress(self.name, self.max_steps, "step", trainer.global_step)
        else:
            self.sums = {}  # those of a checkpoint are of all processes

        def note(number: int, frame: object) -> None:
            if not self.stop and trainer.strategy.launcher is not None:
                trainer.strategy.launcher.kill(number)
            self.stop = True

        signal.signal(signal.SIGTERM, note)

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: object) -> None:
        """Show the progress; after SIGTERM write a checkpoint and exit with status 143."""
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
        """Close the history's row after a validation, and write the checkpoints."""
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
        """Say whether the stage's validation loss in ``row`` is below all before."""

        def total(one: dict[str, float]) -> float:
            return sum(one[f"validation_{part}"] for part in self.stages[stage])

        return total(row) < min(map(total, self.history), default=math.inf)

    def _take_over(self, improved: list[str]) -> None:
        """Make the candidate the best, but for stages that were better before."""
        candidate, best = (self.work / f"{name}.ckpt" for name in ("candidate", "best"))
        if best.exists() and len(improved) < len(self.stages):
            content, before = read_content(candidate), read_content(best)
            for name in content["state_dict"]:
                if not name.startswith(tuple(f"network.{stage}" for stage in improved)):
                    content["state_dict"][name] = before["state_dict"][name]
            save_checkpoint(content, candidate)
        candidate.replace(best)

    def _all_sums(self, processes: int) -> dict[str, list[float]]:
        """Return the sums of all processes together."""
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
            seal(temporary)

    # Lightning stores these with its own state, so that they resume together
    def state_dict(self) -> dict[str, str]:
        """Return the history and the running sums."""
        return {"history": json.dumps(self.history), "sums": json.dumps(self.sums)}

    def load_state_dict(self, state_dict: dict[str, str]) -> None:
        """Take over the history and the running sums of a checkpoint."""
        self.history, self.sums = json.loads(state_dict["history"]), json.loads(state_dict["sums"])

    def on_save_checkpoint(self, trainer: lightning.Trainer, module: object, checkpoint: dict) -> None:
        """Add what the network is rebuilt from."""
        checkpoint["groundstate"] = {"config": json.dumps(self.config), "step": trainer.global_step}


def history_csv(history: Sequence[dict[str, float]]) -> str:
    """Return the history as CSV text: ``step``, ``train_loss``, ``validation_loss`` and the loss's parts."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(history[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: v if k == "step" else f"{v:.7g}" for k, v in row.items()} for row in history)
    return text.getvalue()
