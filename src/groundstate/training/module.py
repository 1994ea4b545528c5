"""One step of a training: its batch, its noise and its loss follow from (seed, step) alone."""

import math
from collections.abc import Callable

import lightning
import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor

from groundstate.errors import GroundstateError
from groundstate.seeds import derive_seed
from groundstate.training.task import TrainingData, TrainingTask

# (part, loss, its named parts, number of items) of each batch
Record = Callable[[str, Tensor, dict[str, Tensor], int], None]


def step_indices(seed: int, step: int, size: int, batch_size: int) -> list[int]:
    """Return the items of step ``step``: seeded permutations of the ``size`` items, one after another."""
    positions = range(step * batch_size, (step + 1) * batch_size)
    orders: dict[int, list[int]] = {}
    for passes in {position // size for position in positions}:
        generator = torch.Generator().manual_seed(derive_seed(seed, "order", passes))
        orders[passes] = torch.randperm(size, generator=generator).tolist()
    return [orders[position // size][position % size] for position in positions]


class TrainingModule(lightning.LightningModule):
    """A training as Lightning drives it: steps by number, the losses handed to ``record``."""

    def __init__(self, task: TrainingTask, record: Record) -> None:
        super().__init__()
        self.network, self.task, self.record = task.network, task, record

    def _evaluate(
        self, data: TrainingData, indices: list[int], *stream: object
    ) -> tuple[Tensor, dict[str, Tensor]]:
        # every random draw of this step comes from its own name, dropout included
        seed = self.task.seed
        draw = torch.Generator().manual_seed(derive_seed(seed, "data", *stream))
        batch = self.transfer_batch_to_device(data.make_batch(indices, draw), self.device, 0)
        torch.manual_seed(derive_seed(seed, "dropout", *stream))
        noise = torch.Generator().manual_seed(derive_seed(seed, "noise", *stream))
        return self.task.loss(self.network, batch, noise)

    def training_step(self, batch: object, batch_idx: int) -> Tensor:
        """Return the mean loss of this process's micro-batches of the step."""
        step, task, total = self.global_step, self.task, self.task.settings.batch_size
        indices = step_indices(task.seed, step, task.train.size, total)
        size = total // task.settings.micro_batches
        losses = []
        for part in range(self.global_rank, task.settings.micro_batches, self.trainer.world_size):
            mine = indices[part * size : (part + 1) * size]
            loss, parts = self._evaluate(task.train, mine, "train", step, part)
            if not torch.isfinite(loss):
                raise GroundstateError(
                    f"training: the loss is {loss.item()} at step {step}; lower learning_rate"
                )
            self.record("train", loss, parts, len(mine))
            losses.append(loss)
        return torch.stack(losses).mean()

    def validation_step(self, batch: object, batch_idx: int) -> None:
        """Record the loss of one batch of the validation part."""
        if batch_idx % self.trainer.world_size != self.global_rank:
            return
        data, size = self.task.validation, self.task.settings.batch_size
        indices = list(range(data.size))[batch_idx * size : (batch_idx + 1) * size]
        loss, parts = self._evaluate(data, indices, "validation", batch_idx)
        self.record("validation", loss, parts, len(indices))

    # the loaders only count: a step builds its own batch from its number
    def train_dataloader(self) -> range:
        """Return the numbers of the steps up to the next validation."""
        every, steps = self.task.settings.checkpoint_every, self.task.settings.max_steps
        begun = self.global_step // every * every
        return range(min(every, steps - begun))

    def val_dataloader(self) -> range:
        """Return the numbers of the validation batches."""
        return range(math.ceil(self.task.validation.size / self.task.settings.batch_size))

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Return AdamW with a linear warm-up and a cosine decay to zero."""
        settings = self.task.settings
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
