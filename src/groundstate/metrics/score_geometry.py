"""Scores of an SDF of predicted geometries, with baselines and the reference itself in the same table."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from groundstate.errors import GroundstateError
from groundstate.files import atomic_path, write_json
from groundstate.metrics.geometry import (
    DEFINITIONS,
    Terms,
    aggregate,
    definitions,
    molecule_values,
    reference_free_terms,
    reference_terms,
)
from groundstate.molecules.matching import Geometry, pair, read_geometries
from groundstate.molecules.mols import RecordError
from groundstate.progress import Progress
from groundstate.records import Rejection, write_rejected


class Scored(NamedTuple):
    """One predicted molecule: its terms, why it is a stand-in (if it is), whether its atoms were
    reordered."""

    id: str
    terms: Terms
    failed: str | None
    reordered: bool


def score_geometry(
    predicted: str | Path,
    reference: str | Path,
    output: str | Path,
    baselines: Mapping[str, str | Path] | None = None,
    seed: int = 0,
    samples: int = 1000,
) -> dict:
    """Score ``predicted`` against ``reference`` (SDF, matched by id); write summary.json, molecules.csv,
    molecules_NAME.csv for each baseline, rejected.csv.

    Predictions that say they ``failed`` count with the geometry they have. A missing prediction has no
    geometry to count: it is in ``missing`` and ``failed``, and every metric is over the ``n`` molecules that
    are there.

    Returns
    -------
    dict
        The summary: every metric, ``n``, ``failed``, ``missing``, ``extra``, ``rejected``, ``reordered``,
        ``definitions``, ``intervals``, and ``baselines`` with the same keys; ``dft`` is the reference itself.
        Metrics that need a reference geometry are null where the reference has none.
    """
    output, baselines = Path(output), dict(baselines or {})
    references: dict[str, Geometry] = {}
    for name, geometry in read_geometries(reference):
        if isinstance(geometry, RecordError):
            raise GroundstateError(f"{reference}: {name}: {geometry}")
        references[name] = geometry
    rows, rejections, summary = _score_file("predicted", predicted, references, seed, samples)
    if not rows:
        raise GroundstateError(
            f"{predicted}: no molecule has the id of one in {reference}; "
            "ids are the property 'id' or the title line"
        )
    summary["definitions"] = definitions()
    summary["baselines"] = {}
    for name, path in baselines.items():
        baseline, rejected, scores = _score_file(name, path, references, seed, samples)
        _write_molecules(output / f"molecules_{name}.csv", baseline)
        summary["baselines"][name] = scores
        rejections += rejected
    summary["baselines"]["dft"] = _score_reference(references, seed, samples)
    write_json(output / "summary.json", summary)
    _write_molecules(output / "molecules.csv", rows)
    write_rejected(output / "rejected.csv", rejections)
    return summary


def _score_file(
    label: str, path: str | Path, references: Mapping[str, Geometry], seed: int, samples: int
) -> tuple[list[Scored], list[Rejection], dict]:
    rows: dict[str, Scored] = {}
    rejections = []
    extra = 0
    progress = Progress(f"score {label}", len(references), "molecules")
    for name, geometry in read_geometries(path):
        if name not in references:
            extra += 1
            rejections.append(Rejection(name, f"score {label}", "no reference has this id"))
            continue
        try:
            if isinstance(geometry, RecordError):
                raise geometry
            match = pair(geometry, references[name])
        except RecordError as error:
            rejections.append(Rejection(name, f"score {label}", str(error)))
        else:
            terms = reference_free_terms(match.mol, match.predicted)
            if match.reference is not None:
                terms |= reference_terms(match.mol, match.predicted, match.reference)
            rows[name] = Scored(name, terms, geometry.failed, match.reordered)
        progress.update()
    missing = [name for name in references if name not in rows]
    known = {row.id for row in rejections}
    rejections += [
        Rejection(name, f"score {label}", "no prediction has this id")
        for name in missing
        if name not in known
    ]
    ordered = [rows[name] for name in references if name in rows]
    values, intervals = aggregate([row.terms for row in ordered], seed, samples)
    failed = sum(row.failed is not None for row in ordered)
    summary = values | {
        "n": len(ordered),
        "failed": failed + len(missing),
        "missing": len(missing),
        "extra": extra,
        "reordered": sum(row.reordered for row in ordered),
        "intervals": intervals,
    }
    return ordered, rejections, summary


def _score_reference(references: Mapping[str, Geometry], seed: int, samples: int) -> dict:
    """The reference judged by the metrics that need no reference: the ceiling of the table."""
    progress = Progress("score dft", len(references), "molecules")
    rows = []
    for geometry in references.values():
        if geometry.positions is not None:
            rows.append(reference_free_terms(geometry.mol, geometry.positions))
        progress.update()
    values, intervals = aggregate(rows, seed, samples)
    return values | {
        "n": len(rows),
        "failed": 0,
        "intervals": intervals,
    }


def _write_molecules(path: Path, rows: list[Scored]) -> None:
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["id", "failed", "reordered", *DEFINITIONS])
        for row in rows:
            values = molecule_values(row.terms).values()
            writer.writerow(
                [row.id, row.failed or "", row.reordered, *("" if v is None else v for v in values)]
            )
