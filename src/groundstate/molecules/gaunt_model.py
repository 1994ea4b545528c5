"""The ``gaunt`` model: the refiner as the registry wants it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from groundstate.molecules.examples import Example
from groundstate.molecules.graph import ATOM_FEATURES, GraphBatch, MoleculeGraph, collate, padded
from groundstate.molecules.refinement_loss import Target, refinement_loss
from groundstate.molecules.refiner import Refiner
from groundstate.molecules.train_settings import TrainGeometry


class RefinerBatch(NamedTuple):
    """What a training step sees."""

    graph: GraphBatch
    start: Tensor  # (N, 3)
    target: Target


def config(settings: TrainGeometry, elements: list[int]) -> dict[str, Any]:
    """Sizes of the network and the elements it knows."""
    return {"elements": elements, "network": settings.gaunt.model_dump()}


def build(config: dict[str, Any]) -> Refiner:
    """An untrained refiner."""
    return Refiner(len(config["elements"]) + ATOM_FEATURES, **config["network"])


def batch(examples: Sequence[Example], which: Sequence[int]) -> RefinerBatch:
    """Join examples; ``which`` start of each is refined."""
    graph = collate([example.graph for example in examples])
    start = _positions([example.starts[index] for example, index in zip(examples, which, strict=True)])
    reference = _positions([example.reference for example in examples])
    topology = torch.zeros(graph.molecules, graph.width, graph.width, dtype=torch.int16)
    for row, example in enumerate(examples):
        size = len(example.graph.topology)
        topology[row, :size, :size] = torch.from_numpy(example.graph.topology)
    target = Target(padded(reference, graph), padded(start, graph), topology)
    return RefinerBatch(graph, start, target)


def loss(
    network: torch.nn.Module, batch: RefinerBatch, generator: torch.Generator
) -> tuple[Tensor, dict[str, Tensor]]:
    """Distance loss of every layer's geometry; draws nothing."""
    geometries = network(batch.graph, batch.start)
    return refinement_loss([padded(geometry, batch.graph) for geometry in geometries], batch.target)


def predict(
    network: torch.nn.Module, graphs: Sequence[MoleculeGraph], starts: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Refine ``starts``; runs where the network's weights are."""
    device = next(network.parameters()).device
    graph = collate(graphs)
    graph = GraphBatch(*(value.to(device) if isinstance(value, Tensor) else value for value in graph))
    with torch.no_grad():
        refined = network(graph, _positions(starts).to(device))[-1]
    sizes = [len(start) for start in starts]
    return [part.double().cpu().numpy() for part in refined.split(sizes)]


def _positions(parts: Sequence[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.concatenate(parts).astype(np.float32))
