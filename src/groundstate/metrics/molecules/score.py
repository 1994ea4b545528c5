"""Scores of an SDF of predicted geometries, with baselines and the reference itself in the same table."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from groundstate.errors import GroundstateError
from groundstate.files import atomic_path, write_json
from groundstate.metrics.definition import GeometryMetric, as_json, check_names
from groundstate.metrics.molecules.comparison import compare, set_digest
from groundstate.metrics.molecules.definitions import NUMBERS
from groundstate.metrics.molecules.geometry import molecule_values
from groundstate.metrics.molecules.judge import NO_PREDICTION, NO_REFERENCE, Judge, Scored, ScoredFile
from groundstate.metrics.named_files import check_row_name
from groundstate.molecules.mols import RecordError
from groundstate.molecules.pairing import Geometry, read_geometries
from groundstate.records import Rejection, write_rejected
from groundstate.subset import fixed_subset

REFERENCE_ROW = "dft"  # the references judged as if they were predictions


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
    metrics: Sequence[GeometryMetric] = (),
) -> dict:
    """Score ``predicted`` against ``reference`` (SDF, matched by id).

    Writes summary.json, molecules.csv, molecules_NAME.csv for each baseline, rejected.csv. Predictions that
    say they ``failed`` count with the geometry they have, a stand-in. A missing prediction has no geometry to
    count: it is in ``missing`` and ``failed``, and every metric is over the ``n`` molecules that are there.

    Parameters
    ----------
    predicted, reference
        SDF files; a record of the reference that cannot be read is rejected, with its prediction.
    output
        Folder.
    baselines
        Further predictions, by the name of their row; no row may be called ``dft``.
    seed, samples
        Of the bootstrap intervals.
    subset
        Score only so many of the reference's molecules: always the same ones for the same ids.
    extensive
        Add the slow checks: bond perception, PoseBusters, GFN2-xTB strain.
    name
        What the predictions are called in tables.
    metrics
        Metrics of the user's, beside the built-in ones.

    Returns
    -------
    dict
        The summary: every metric, ``n``, ``failed``, ``missing``, ``extra``, ``reordered``, ``definitions``,
        ``intervals``, and ``baselines`` with the same keys; ``dft`` is the reference itself. Metrics that
        need a reference geometry are null where the reference has none. ``error_estimate``: how the
        predictions' own estimates compare with their ``c_rmsd``, where they have any. ``comparisons``:
        each baseline on the molecules that it and the predictions have. ``common``: all rows over the
        molecules that every one of them has, where these are not all.
    """
    output, baselines = Path(output), dict(baselines or {})
    for key in baselines:
        check_row_name(key, [REFERENCE_ROW])
    metrics = check_names(metrics, [*NUMBERS, REFERENCE_ROW])
    references, rejections = _read_references(reference)
    chosen = fixed_subset(references, len(references) if subset is None else subset)
    judge = Judge(
        {key: geometry for key, geometry in references.items() if key in chosen},
        (references.keys() | {row.id for row in rejections}) - chosen,
        extensive,
        metrics,
        seed,
        samples,
    )
    ours = judge.file("predicted", predicted)
    if not ours.rows:
        reasons = [row for row in ours.rejections if row.reason not in (NO_REFERENCE, NO_PREDICTION)]
        raise GroundstateError(
            f"{predicted}: none of its molecules can be compared with {reference}; "
            + "; ".join(f"{row.id}: {row.reason}" for row in reasons[:3])
            if reasons
            else f"{predicted}: no molecule has the id of one in {reference}; "
            "ids are the property 'id' or the title line"
        )
    others = {key: judge.file(key, path) for key, path in baselines.items()}
    definitions = NUMBERS | {metric.name: metric.definition for metric in metrics}
    others[REFERENCE_ROW] = judge.reference()
    summary = ours.summary | {"name": name, "definitions": as_json(definitions)}
    summary["baselines"] = {key: scored.summary for key, scored in others.items()}
    terms = {key: {row.id: row.terms for row in scored.rows} for key, scored in others.items()}
    own = {row.id: row.terms for row in ours.rows}
    summary["comparisons"] = {key: compare(own, terms[key], definitions, seed, samples) for key in baselines}
    summary |= _on_common(judge, ours, others)
    write_json(output / "summary.json", summary)
    _write_molecules(output / "molecules.csv", ours.rows, judge.names)
    for key in baselines:
        _write_molecules(output / f"molecules_{key}.csv", others[key].rows, judge.names)
    rejections += [row for scored in (ours, *others.values()) for row in scored.rejections]
    write_rejected(output / "rejected.csv", rejections)
    return summary


def _read_references(path: str | Path) -> tuple[dict[str, Geometry], list[Rejection]]:
    references: dict[str, Geometry] = {}
    rejections = []
    for name, geometry in read_geometries(path):
        if isinstance(geometry, RecordError):
            rejections.append(Rejection(name, "read reference", str(geometry)))
        else:
            references[name] = geometry
    if not references:
        raise GroundstateError(f"{path}: no record can be read; the first: {rejections[0].reason}")
    return references, rejections


def _on_common(judge: Judge, ours: ScoredFile, others: Mapping[str, ScoredFile]) -> dict:
    """Which molecules the rows are over, and all rows over those that every one has, where sets differ."""
    files = {"predicted": ours, **others}
    sets = {key: {row.id for row in scored.rows} for key, scored in files.items() if scored.rows}
    common = set.intersection(*sets.values())
    sets_and_rows: dict = {"molecules": set_digest(common)}
    if any(ids != common for ids in sets.values()):
        sets_and_rows["common"] = {
            key: judge.summarise([row for row in files[key].rows if row.id in common]) for key in sets
        }
    return sets_and_rows


def _write_molecules(path: Path, rows: Sequence[Scored], names: Sequence[str]) -> None:
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["id", "failed", "reordered", "error_estimate", *names])
        for row in rows:
            values = [row.estimate, *molecule_values(row.terms, names).values()]
            texts = ["" if value is None else value for value in values]
            writer.writerow([row.id, row.failed or "", row.reordered, *texts])
