"""Molecules whose property is learned: features, a geometry from wherever it is asked for, and the value."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.spatial.distance import squareform

from groundstate.errors import GroundstateError
from groundstate.molecules.conformers.candidates import centred
from groundstate.molecules.models.dagnn.features import IntegerGraph, integer_graph
from groundstate.molecules.models.graphs.graph import MoleculeGraph, graph_of
from groundstate.molecules.mols import RecordError, mol_from_record
from groundstate.molecules.pairing import Geometry, pair, read_geometries
from groundstate.progress import track

GRAPH, REFERENCE = "graph", "reference"  # instead of an SDF of geometries


class PropertyExample(NamedTuple):
    """One molecule with atoms in the record's order; a model sees no geometry but the one that is here."""

    id: str
    graph: IntegerGraph
    points: MoleculeGraph | None  # for the Gaunt network
    positions: np.ndarray | None  # (n, 3), angstrom; None: only the graph is given
    distances: np.ndarray | None  # (n (n - 1) / 2,) of a model that predicts these, else None
    target: float


def make_property_examples(
    records: list[dict], geometry: str, target: str, name: str, elements: list[int] | None = None
) -> tuple[list[PropertyExample], list[dict]]:
    """Make examples of ``records`` that have the property; give those among these without a geometry, too.

    ``geometry``: ``graph``, ``reference``, or an SDF, which is matched by id and brought into the record's
    atom order. A geometry that is marked as failed is used as it is. ``elements`` are those that the Gaunt
    network reads; None makes examples for other networks.

    Raises ``GroundstateError`` where no record has the property.
    """
    records = [row for row in records if row["properties"].get(target) is not None]
    if not records:
        raise GroundstateError(f"{name}: no molecule has the property {target!r}")
    geometries = {} if geometry in (GRAPH, REFERENCE) else _read(geometry, {row["id"] for row in records})
    examples, missing = [], []
    for record in track(records, name, len(records), "molecules"):
        mol, value = mol_from_record(record), record["properties"][target]
        points = None if elements is None else graph_of(mol, elements)
        common = (record["id"], integer_graph(mol), points)
        if geometry == GRAPH:
            examples.append(PropertyExample(*common, None, None, value))
        elif geometry == REFERENCE:
            examples.append(PropertyExample(*common, centred(record["positions"]), None, value))
        else:
            try:
                match = pair(geometries[record["id"]], Geometry(mol, np.array(record["positions"]), None))
            except (KeyError, RecordError):
                missing.append(record)
                continue
            table = match.distances
            condensed = None if table is None else squareform(table, checks=False)
            examples.append(PropertyExample(*common, centred(match.predicted), condensed, value))
    return examples, missing


def _read(path: str | Path, ids: Iterable[str]) -> dict[str, Geometry]:
    return {
        name: geometry
        for name, geometry in read_geometries(path)
        if name in ids and not isinstance(geometry, RecordError)
    }
