"""Files of geometries scored against one set of references, all in the same way."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rdkit import Chem

from groundstate.errors import GroundstateError
from groundstate.metrics.definition import GeometryMetric
from groundstate.metrics.molecules.definitions import DEFINITIONS
from groundstate.metrics.molecules.geometry import (
    Terms,
    aggregate,
    molecule_values,
    own_terms,
    reference_free_terms,
    reference_terms,
)
from groundstate.metrics.molecules.reliability import reliability
from groundstate.molecules.mols import RecordError
from groundstate.molecules.pairing import Geometry, pair, read_geometries
from groundstate.progress import Progress
from groundstate.records import Rejection

NO_REFERENCE = "no reference has this id"
NO_PREDICTION = "no prediction has this id"


class Scored(NamedTuple):
    """One predicted molecule: its terms, and why its geometry is a stand-in (None where it is not)."""

    id: str
    terms: Terms
    failed: str | None
    reordered: bool
    estimate: float | None  # angstrom; what the model takes its error to be


class ScoredFile(NamedTuple):
    """Molecules of one file in the order of the references, what was rejected, and the summary."""

    rows: list[Scored]
    rejections: list[Rejection]
    summary: dict


class Judge:
    """Scores files against one set of references.

    Parameters
    ----------
    references
        By id; only these are scored.
    passed_over
        Ids that are left out without a word, for they are in the reference file but not chosen.
    extensive
        Add the slow checks.
    metrics
        Metrics of the user's.
    seed, samples
        Of the bootstrap intervals.
    """

    def __init__(
        self,
        references: Mapping[str, Geometry],
        passed_over: set[str],
        extensive: bool = False,
        metrics: Sequence[GeometryMetric] = (),
        seed: int = 0,
        samples: int = 1000,
    ) -> None:
        self.references, self.passed_over = references, passed_over
        self.metrics, self.seed, self.samples = metrics, seed, samples
        self.names = [*DEFINITIONS, *(metric.name for metric in metrics)]
        self.extensive_terms = _load_extensive() if extensive else None

    def file(self, label: str, path: str | Path) -> ScoredFile:
        """Score one SDF; ``label`` is what it is called in progress and rejections."""
        rows: dict[str, Scored] = {}
        rejections = []
        extra = 0
        progress = Progress(f"score {label}", len(self.references), "molecules")
        for name, geometry in read_geometries(path):
            if name in self.passed_over:
                continue
            if name not in self.references:
                extra += 1
                rejections.append(Rejection(name, f"score {label}", NO_REFERENCE))
                continue
            try:
                if isinstance(geometry, RecordError):
                    raise geometry
                rows[name] = self._score(name, geometry)
            except RecordError as error:
                rejections.append(Rejection(name, f"score {label}", str(error)))
            progress.update()
        refused = {row.id for row in rejections}
        rejections += [
            Rejection(name, f"score {label}", NO_PREDICTION)
            for name in self.references
            if name not in rows and name not in refused
        ]
        ordered = [rows[name] for name in self.references if name in rows]
        missing = len(self.references) - len(ordered)
        summary = self.summarise(ordered) | {
            "failed": sum(row.failed is not None for row in ordered) + missing,
            "missing": missing,
            "extra": extra,
            "reordered": sum(row.reordered for row in ordered),
        }
        errors = [(row.estimate, molecule_values(row.terms)["c_rmsd"]) for row in ordered]
        pairs = [
            (estimate, error) for estimate, error in errors if estimate is not None and error is not None
        ]
        if pairs:
            summary["error_estimate"] = reliability(*zip(*pairs, strict=True))
        return ScoredFile(ordered, rejections, summary)

    def reference(self) -> ScoredFile:
        """Score the references by the metrics that need no reference: the ceiling of the table."""
        progress = Progress("score dft", len(self.references), "molecules")
        rows = []
        for name, geometry in self.references.items():
            if geometry.positions is not None:
                terms = self._terms(geometry.mol, geometry.positions)
                rows.append(Scored(name, terms, None, False, None))
            progress.update()
        return ScoredFile(rows, [], self.summarise(rows) | {"failed": 0})

    def summarise(self, rows: Sequence[Scored]) -> dict:
        """Give every metric over ``rows``, their number ``n`` and the ``intervals``."""
        values, intervals = aggregate([row.terms for row in rows], self.seed, self.samples, self.names)
        return values | {"n": len(rows), "intervals": intervals}

    def _score(self, name: str, geometry: Geometry) -> Scored:
        match = pair(geometry, self.references[name])
        terms = self._terms(match.mol, match.predicted, match.distances)
        if match.reference is not None:
            terms |= reference_terms(match.mol, match.predicted, match.reference, match.distances)
            terms |= own_terms(self.metrics, name, match.mol, match.predicted, match.reference)
        return Scored(name, terms, geometry.failed, match.reordered, geometry.estimate)

    def _terms(self, mol: Chem.Mol, positions: np.ndarray, distances: np.ndarray | None = None) -> Terms:
        terms = reference_free_terms(mol, positions, distances)
        return terms | self.extensive_terms(mol, positions) if self.extensive_terms else terms


def _load_extensive() -> Callable[[Chem.Mol, np.ndarray], Terms]:
    try:
        from groundstate.metrics.molecules.extensive import extensive_terms
    except ImportError as error:
        raise GroundstateError(
            f"the slow checks need {error.name}: install the extra 'stability', or leave out --extensive"
        ) from None
    return extensive_terms
