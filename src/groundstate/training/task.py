"""One training as one object: a network, its loss, its data and its settings; apart from the slow loop."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from groundstate.training.settings import TrainingSettings

# (network, batch, generator) -> (scalar, {name: scalar}); all noise comes from the generator
Loss = Callable[[Any, Any, torch.Generator], tuple[Tensor, dict[str, Tensor]]]
# (indices, generator) -> tensors in a dict, tuple or dataclass; augmentation draws from the generator
MakeBatch = Callable[[list[int], torch.Generator], Any]


class TrainingData(NamedTuple):
    """One part of the data: how many items it has, and what makes a batch of some of them."""

    size: int
    make_batch: MakeBatch


@dataclass(frozen=True)
class TrainingTask:
    """What a model hands to ``training.fit.fit``.

    Attributes
    ----------
    network
        The network with its initial weights.
    loss
        ``loss(network, batch, generator) -> (scalar, {name: scalar})``; all noise from ``generator``.
    train, validation
        The data that is learned from, and the data that chooses the weights.
    settings
        How long and how to train.
    seed
        Of the order of the data, of augmentation, noise and dropout.
    config
        JSON values that rebuild the network; saved in the checkpoints (``kind`` and ``model`` included).
    inputs
        Files that the data came from; a checkpoint of other inputs is never resumed.
    stages
        Parts of the network that learn apart: first letters of the names of their weights -> parts of the
        loss that judge them. Each keeps the weights of its own best validation; the default is one stage.
    finish
        Called with the checkpoint of the best weights before it is published; may add to its config.
    """

    network: torch.nn.Module
    loss: Loss
    train: TrainingData
    validation: TrainingData
    settings: TrainingSettings
    seed: int
    config: dict[str, Any]
    inputs: Sequence[Path] = ()
    stages: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {"": ("loss",)})
    finish: Callable[[Path], None] | None = None
