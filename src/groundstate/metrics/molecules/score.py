"""Scores of an SDF of predicted geometries, with baselines and the reference itself in the same table."""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rdkit import Chem

from groundstate.errors import GroundstateError
from groundstate.files import atomic_path, write_json
from groundstate.metrics.molecules.geometry import (
    DEFINITIONS,
    Terms,
    aggregate,
    definitions,
    molecule_values,
    reference_free_terms,
    reference_terms,
)
from groundstate.metrics.molecules.reliability import reliability
from groundstate.molecules.mols import RecordError
from groundstate.molecules.pairing import Geometry, pair, read_geometries
from groundstate.progress import Progress
from groundstate.records import Rejection, write_rejected
from groundstate.subset import fixed_subset


class Scored(NamedTuple):
    """One predicted molecule: its terms, why it is a stand-in (if it is), whether its atoms were
    reordered."""

    id: str
    terms: Terms
    failed: str | None
    reordered: bool
    estimate: float | None


def score_geometry(
    predicted: str | Path,
    reference: str | Path,
    output: str | Path,
    baselines: Mapping[str, str | Path] | None = None,
    seed: int = 0,
    samples: int = 1000,
    subset: int | None = None,
    extensive: bool = False,
    name: str = "predicted",
) -> dict:
    """Score ``predicted`` against ``reference`` (SDF, matched by id); write summary.json, molecules.csv,
    molecules_NAME.csv for each baseline, rejected.csv.

    Predictions that say they ``failed`` count with the geometry they have. A missing prediction has no
    geometry to count: it is in ``missing`` and ``failed``, and every metric is over the ``n`` molecules that
    are there.

    Parameters
    ----------
    seed, samples
        Of the bootstrap intervals.
    subset
        Score only so many of the reference's molecules: always the same ones for the same ids.
    extensive
        Add the slow checks: bond perception, PoseBusters, GFN2-xTB strain.
    name
        What the predictions are called in tables.

    Returns
    -------
    dict
        The summary: every metric, ``n``, ``failed``, ``missing``, ``extra``, ``rejected``, ``reordered``,
        ``definitions``, ``intervals``, and ``baselines`` with the same keys; ``dft`` is the reference itself.
        Metrics that need a reference geometry are null where the reference has none. ``error_estimate``: how
        the predictions' own estimates compare with their ``mae_heavy``, where they have any.
    """
    output, baselines = Path(output), dict(baselines or {})
    references: dict[str, Geometry] = {}
    for key, geometry in read_geometries(reference):
        if isinstance(geometry, RecordError):
            raise GroundstateError(f"{reference}: {key}: {geometry}")
        references[key] = geometry
    chosen = fixed_subset(references, len(references) if subset is None else subset)
    judge = _Judge(references, chosen, extensive, seed, samples)
    rows, rejections, summary = judge.file("predicted", predicted)
    if not rows:
        raise GroundstateError(
            f"{predicted}: no molecule has the id of one in {reference}; "
            "ids are the property 'id' or the title line"
        )
    summary |= {"name": name, "definitions": definitions()}
    summary["baselines"] = {}
    for key, path in baselines.items():
        baseline, rejected, scores = judge.file(key, path)
        _write_molecules(output / f"molecules_{key}.csv", baseline)
        summary["baselines"][key] = scores
        rejections += rejected
    summary["baselines"]["dft"] = judge.reference()
    write_json(output / "summary.json", summary)
    _write_molecules(output / "molecules.csv", rows)
    write_rejected(output / "rejected.csv", rejections)
    return summary


class _Judge:
    """Scores files against one set of references, all in the same way."""

    def __init__(
        self, known: Mapping[str, Geometry], chosen: set[str], extensive: bool, seed: int, samples: int
    ) -> None:
        self.references = {name: geometry for name, geometry in known.items() if name in chosen}
        self.passed_over = known.keys() - chosen
        self.seed, self.samples = seed, samples
        self.extensive_terms = _load_extensive() if extensive else None

    def _terms(self, mol: Chem.Mol, positions: np.ndarray, distances: np.ndarray | None = None) -> Terms:
        terms = reference_free_terms(mol, positions, distances)
        return terms | self.extensive_terms(mol, positions) if self.extensive_terms else terms

    def file(self, label: str, path: str | Path) -> tuple[list[Scored], list[Rejection], dict]:
        """Score one SDF: its molecules in the order of the reference, what was rejected, the summary."""
        rows: dict[str, Scored] = {}
        rejections = []
        extra = 0
        progress = Progress(f"score {label}", len(self.references), "molecules")
        for name, geometry in read_geometries(path):
            if name in self.passed_over:
                continue
            if name not in self.references:
                extra += 1
                rejections.append(Rejection(name, f"score {label}", "no reference has this id"))
                continue
            try:
                if isinstance(geometry, RecordError):
                    raise geometry
                match = pair(geometry, self.references[name])
            except RecordError as error:
                rejections.append(Rejection(name, f"score {label}", str(error)))
            else:
                terms = self._terms(match.mol, match.predicted, match.distances)
                if match.reference is not None:
                    terms |= reference_terms(*match[:3], match.distances)
                rows[name] = Scored(name, terms, geometry.failed, match.reordered, geometry.estimate)
            progress.update()
        known = {row.id for row in rejections}
        missing = [name for name in self.references if name not in rows]
        rejections += [
            Rejection(name, f"score {label}", "no prediction has this id")
            for name in missing
            if name not in known
        ]
        ordered = [rows[name] for name in self.references if name in rows]
        values, intervals = aggregate([row.terms for row in ordered], self.seed, self.samples)
        summary = values | {
            "n": len(ordered),
            "failed": sum(row.failed is not None for row in ordered) + len(missing),
            "missing": len(missing),
            "extra": extra,
            "reordered": sum(row.reordered for row in ordered),
            "intervals": intervals,
        }
        errors = [(row.estimate, molecule_values(row.terms)["mae_heavy"]) for row in ordered]
        errors = [(estimate, error) for estimate, error in errors if None not in (estimate, error)]
        if errors:
            summary["error_estimate"] = reliability(*zip(*errors, strict=True))
        return ordered, rejections, summary

    def reference(self) -> dict:
        """The reference judged by the metrics that need no reference: the ceiling of the table."""
        progress = Progress("score dft", len(self.references), "molecules")
        rows = []
        for geometry in self.references.values():
            if geometry.positions is not None:
                rows.append(self._terms(geometry.mol, geometry.positions))
            progress.update()
        values, intervals = aggregate(rows, self.seed, self.samples)
        return values | {"n": len(rows), "failed": 0, "intervals": intervals}


def _load_extensive() -> Callable[[Chem.Mol, np.ndarray], Terms]:
    try:
        from groundstate.metrics.molecules.extensive import extensive_terms
    except ImportError as error:
        raise GroundstateError(
            f"the slow checks need {error.name}: install the extra 'stability', or leave out --extensive"
        ) from None
    return extensive_terms


def _write_molecules(path: Path, rows: list[Scored]) -> None:
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["id", "failed", "reordered", *DEFINITIONS])
        for row in rows:
            values = molecule_values(row.terms).values()
            writer.writerow(
                [row.id, row.failed or "", row.reordered, *("" if v is None else v for v in values)]
            )
