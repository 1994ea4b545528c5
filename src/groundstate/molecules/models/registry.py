"""The registry of geometry models: what trains and predicts by the same rules.

To add one: write its functions, name them in ``MODELS``, and its name (and settings) in ``TrainGeometry``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from groundstate.errors import GroundstateError
from groundstate.molecules.conformers.candidates import Candidates, Guess
from groundstate.molecules.models import mean_distance, untrained
from groundstate.molecules.models.dagnn import model as dagnn_model
from groundstate.molecules.models.direct import DirectModel
from groundstate.molecules.models.examples import Example
from groundstate.molecules.models.gaunt import model as gaunt_model
from groundstate.molecules.models.gaunt.graph import MoleculeGraph
from groundstate.molecules.models.settings import TrainGeometry


@dataclass(frozen=True)
class GeometryModel:
    """One way to get from a graph and candidate geometries to a geometry.

    Attributes
    ----------
    config
        ``(settings, elements) -> dict`` of JSON values: all that ``build`` needs.
    build
        ``(config) -> network`` with untrained weights.
    batch
        ``(examples, generator) -> batch`` for ``loss``; a generator draws what varies from pass to pass, None
        (validation) draws nothing.
    loss
        ``(network, batch, generator) -> (scalar, {name: scalar})``.
    predict
        ``(network, graphs, candidates, keep) -> guesses`` of each molecule, best first, at most ``keep``.
    """

    config: Callable[[TrainGeometry, list[int]], dict[str, Any]]
    build: Callable[[dict[str, Any]], nn.Module]
    batch: Callable[[Sequence[Example], torch.Generator | None], Any]
    loss: Callable[[nn.Module, Any, torch.Generator], tuple[Tensor, dict[str, Tensor]]]
    predict: Callable[[nn.Module, Sequence[MoleculeGraph], Sequence[Candidates], int], list[list[Guess]]]


GAUNT = GeometryModel(
    gaunt_model.config, gaunt_model.build, gaunt_model.batch, gaunt_model.loss, gaunt_model.predict
)
MODELS: dict[str, GeometryModel | DirectModel] = {
    "gaunt": GAUNT,
    "dagnn-distance": dagnn_model.DAGNN_DISTANCE,
    "dagnn-coordinates": dagnn_model.DAGNN_COORDINATES,
    "mean-distance": mean_distance.MEAN_DISTANCE,
    "etkdg": untrained.ETKDG,
    "etkdg-nostereo": untrained.ETKDG_NOSTEREO,
    "mmff": untrained.MMFF,
    "mmff-lowest": untrained.MMFF_LOWEST,
    "xtb": untrained.XTB,
}


def find_model(name: str) -> GeometryModel | DirectModel:
    """The model called ``name``; ``GroundstateError`` with the known names where there is none."""
    if name not in MODELS:
        raise GroundstateError(f"unknown geometry model {name!r}; known: {', '.join(MODELS)}")
    return MODELS[name]
