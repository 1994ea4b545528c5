"""One step of a training: its batch, its noise and its loss follow from (seed, step) alone."""

import math
from collections.abc import Callable
from typing import Any

import lightning
import torch
from torch import Tensor

from groundstate.errors import GroundstateError
from groundstate.seeds import derive_seed
from groundstate.training.settings import TrainingSettings

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


class TrainingModule(lightning.LightningModule):
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
