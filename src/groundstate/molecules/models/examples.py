"""Molecules to learn from: graph, start geometries, and the reference geometry."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scipy.spatial.distance import pdist

from groundstate.errors import GroundstateError
from groundstate.molecules.conformers.candidates import Candidates, candidates_of, centred
from groundstate.molecules.models.gaunt.graph import MoleculeGraph, graph_of
from groundstate.molecules.mols import mol_from_record
from groundstate.progress import track
from groundstate.records import MOLECULE_SCHEMA, read_records, read_split

START_COLUMNS = [
    *("id", "conformer", "method", "origin", "force_field", "energy", "copies", "stereo_kept", "positions")
]


class Example(NamedTuple):
    """One molecule; positions in angstrom, atoms in the record's order."""

    id: str
    graph: MoleculeGraph
    candidates: Candidates
    reference: np.ndarray  # (n, 3)
    errors: np.ndarray  # (candidates,) mean absolute error of the distances


def read_starts(path: str | Path, ids: Iterable[str], method: str = "mmff") -> dict[str, list[dict]]:
    """Rows of conformers.parquet for ``ids``, by id and in the order of the conformers of ``method``.

    Raises ``GroundstateError`` where the file is absent or not a conformer file.
    """
    try:
        table = pq.read_table(path, columns=START_COLUMNS)
    except FileNotFoundError:
        raise GroundstateError(f"{path}: no such file; run the embed stage first") from None
    except (pa.ArrowException, OSError) as error:
        raise GroundstateError(f"{path}: not a readable conformer file ({error}); embed again") from None
    wanted = pa.array(list(ids), pa.string())
    table = table.filter(pc.and_(pc.is_in(table["id"], wanted), pc.equal(table["method"], method)))
    starts: dict[str, list[dict]] = {}
    for row in table.sort_by("conformer").to_pylist():
        row["positions"] = np.array(row["positions"])
        starts.setdefault(row["id"], []).append(row)
    return starts


def elements_of(records: Iterable[Mapping]) -> list[int]:
    """Atomic numbers that occur, ascending."""
    return sorted({number for record in records for number in record["atomic_numbers"]})


def read_part(records: str | Path, splits: str | Path, split: str, part: str) -> list[dict]:
    """Records of one part of a split that have a reference geometry."""
    rows = read_records(records, MOLECULE_SCHEMA, read_split(splits, split, part))
    return [row for row in rows if row["positions"] is not None]


def make_examples(
    records: list[dict],
    starts: Mapping[str, list[dict]],
    elements: list[int],
    labels: Mapping[str, Mapping[str, int]],
    name: str,
) -> list[Example]:
    """Examples of the records that have a sound start with their own stereo; others teach nothing.

    Nor does one with an element that is not in ``elements`` (a rare one, in the validation part).
    """
    examples = []
    for record in track(records, name, len(records), "molecules"):
        if not set(record["atomic_numbers"]) <= set(elements) or record["id"] not in starts:
            continue
        mol = mol_from_record(record)
        candidates = candidates_of(mol, starts[record["id"]], labels)
        if candidates.failed is None:
            reference = centred(record["positions"])
            wanted = pdist(reference)
            errors = [np.abs(pdist(one) - wanted).sum() / max(len(wanted), 1) for one in candidates.positions]
            graph = graph_of(mol, elements)
            examples.append(Example(record["id"], graph, candidates, reference, np.array(errors)))
    return examples
