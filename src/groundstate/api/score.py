"""Scores as tables: ``groundstate.score``, over the functions of the commands ``groundstate score ...``."""

import math
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal, get_args

import pandas as pd

from groundstate.api.crystals import crystals_of
from groundstate.api.inputs import is_crystal, molecule_of, named
from groundstate.api.tables import rejected_rows
from groundstate.crystals.models.generate import write_extxyz
from groundstate.errors import GroundstateError
from groundstate.metrics.crystals.score_crystals import score_crystal_files
from groundstate.metrics.crystals.score_prediction import score_prediction_files
from groundstate.metrics.crystals.score_validity import score_validity_files
from groundstate.metrics.crystals.settings import ScoreCrystals
from groundstate.metrics.definition import CrystalMetric, GeometryMetric, definition_of
from groundstate.metrics.molecules.score import score_geometry
from groundstate.molecules.mols import RecordError
from groundstate.molecules.sdf import write_sdf
from groundstate.potentials.cache import Cache
from groundstate.records import Rejection
from groundstate.settings import check_numbers, check_settings
from groundstate.stability.evaluation import evaluate_stability
from groundstate.stability.output.write import write_evaluation
from groundstate.stability.settings import ScoreStability

Kind = Literal["geometry", "validity", "crystals", "prediction", "stability"]
NEEDS_REFERENCE = ("geometry", "crystals", "prediction")


def score(
    structures: object,
    reference: object = None,
    *,
    kind: Kind | None = None,
    train: object = None,
    baselines: Mapping[str, object] | None = None,
    metrics: Sequence[GeometryMetric | CrystalMetric] = (),
    settings: Mapping[str, Any] | None = None,
    output: str | Path | None = None,
    workers: int = 1,
    seed: int = 0,
) -> pd.DataFrame:
    """Score molecules against references, or crystals, as the commands ``groundstate score ...`` do.

    Parameters
    ----------
    structures
        Molecules or crystals as in ``predict`` and ``relax``, a table of theirs, or the ``Path`` of a file.
    reference
        What they are compared with, matched by id (``geometry``, ``prediction``) or as a set (``crystals``);
        for ``stability`` further phases of the hull.
    kind
        ``geometry``: molecules; ``validity``: crystals by themselves; ``crystals``: coverage and
        distributions; ``prediction``: match rates; ``stability``: relaxed, on a hull. By default
        ``geometry`` for molecules, and for crystals ``crystals`` where there is a reference, else
        ``validity``.
    train
        Training crystals: novelty, baselines.
    baselines
        Other predictions by name, scored beside (``geometry``, ``validity``).
    metrics
        Metrics of your own: ``GeometryMetric`` or ``CrystalMetric``.
    settings
        Of the stages ``crystals`` and ``stability``, such as ``{"potential": "chgnet"}``.
    output
        Folder that keeps all files of the command; None keeps none.
    workers, seed
        Processes; seed of draws and bootstrap intervals.

    Returns
    -------
    pandas.DataFrame
        One row a number: ``value``, the 95 % interval ``low`` to ``high``, ``unit`` (``share``: 0 to 1),
        ``better`` (``lower`` or ``higher``), ``label``, and a column for each baseline.
        ``attrs["definitions"]``: what each number means, with its source; ``attrs["summary"]``: all that the
        command writes to ``summary.json``; ``attrs["structures"]``: a row for each structure;
        ``attrs["rejected"]``: what could not be read or used, with reasons.

    Raises
    ------
    GroundstateError
        Where there is nothing to score, or a reference is missing.

    Examples
    --------
    >>> import groundstate
    >>> groundstate.score(groundstate.generate(16)).loc["valid"]  # doctest: +SKIP
    """
    check_numbers(("workers", workers, 1), ("seed", seed, 0))
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        place = Path(output) if output is not None else work / "scores"
        path, molecules = _file(structures, work / "structures")
        kind = kind or ("geometry" if molecules else "validity" if reference is None else "crystals")
        if kind not in get_args(Kind):
            raise GroundstateError(f"kind: {kind!r} is not one of {', '.join(get_args(Kind))}")
        if kind in NEEDS_REFERENCE and reference is None:
            raise GroundstateError(f"reference: score of the kind {kind!r} needs one")
        other = path if reference is None else _file(reference, work / "reference")[0]
        taught = None if train is None else _file(train, work / "train")[0]
        beside = {
            name: _file(things, work / f"baseline{number}")[0]
            for number, (name, things) in enumerate((baselines or {}).items())
        }
        own: Any = list(metrics)
        match kind:
            case "geometry":
                summary = score_geometry(path, other, place, beside, seed, metrics=own)
            case "validity":
                summary = score_validity_files(path, place, beside, seed=seed, metrics=own)
            case "crystals":
                chosen = check_settings(ScoreCrystals, {"baseline_crystals": 0, **(settings or {})})
                summary = score_crystal_files(
                    path, other, place, chosen, taught, workers=workers, seed=seed, metrics=own
                )
            case "prediction":
                summary = score_prediction_files(path, other, place, taught, workers=workers, seed=seed)
            case "stability":
                told = check_settings(ScoreStability, {"workers": workers, **(settings or {})})
                phases = [] if reference is None else [other]
                known = [] if taught is None else [taught]
                evaluation = evaluate_stability(path, phases, told, Cache(place / "cache"), seed, known)
                write_evaluation(place, evaluation)
                summary = evaluation.summary
        file = place / ("molecules.csv" if kind == "geometry" else "crystals.csv")
        rows = pd.read_csv(file, converters={"id": str})  # 001 and NA are ids
        lost = pd.read_csv(place / "rejected.csv", dtype=str, keep_default_na=False)
    made = as_table(summary, rows.to_dict("records"))
    made.attrs["rejected"] = rejected_rows([Rejection(*row) for row in lost.itertuples(index=False)])
    return made


def as_table(summary: Mapping[str, Any], structures: Iterable[Mapping] = ()) -> pd.DataFrame:
    """Make the table of ``score`` of a ``summary.json``; ``structures`` are its rows by structure."""
    about = summary["definitions"]
    keys = sorted((key for key in about if _number(summary, key)), key=lambda key: about[key].get("place", 0))
    intervals, baselines = summary.get("intervals", {}), summary.get("baselines", {})
    rows = {}
    for key in keys:
        definition = definition_of(key, about)
        low, high = intervals.get(key) or (math.nan, math.nan)
        rows[key] = {
            "value": summary[key],
            "low": low,
            "high": high,
            "unit": definition.unit,
            "better": definition.direction or "",
            "label": definition.label,
            **{name: row.get(key) for name, row in baselines.items()},
        }
    made = pd.DataFrame.from_dict(rows, orient="index")
    made.attrs |= {
        "definitions": {key: about[key] for key in keys},
        "summary": dict(summary),
        "structures": list(structures),
    }
    return made


def _number(summary: Mapping[str, Any], key: str) -> bool:
    value = summary.get(key)
    return isinstance(value, int | float) and not isinstance(value, bool)


def _file(things: object, path: Path) -> tuple[Path, bool]:
    """Write objects to a file that the scores read; tell also whether they are molecules."""
    if isinstance(things, Path):
        name = things.name.removesuffix(".gz")
        return things, Path(name).suffix.lower() in (".sdf", ".sd", ".mol")
    if isinstance(things, pd.DataFrame):
        column = "mol" if "mol" in things else "structure"
        if column not in things:
            raise GroundstateError("a table to score has a column `mol` or `structure`, and `id`")
        best = things[things["rank"] == 1] if "rank" in things else things
        things = dict(zip(best["id"], best[column], strict=True))
    found = list(named(things, "structure"))
    if not found:
        raise GroundstateError("there is no structure to score")
    if is_crystal(found[0][1]):
        path = path.with_suffix(".extxyz")
        crystals, rejections = crystals_of(found)
        if rejections:
            raise GroundstateError(f"{rejections[0].id}: {rejections[0].reason}")
        write_extxyz(path, crystals)
        return path, False
    path = path.with_suffix(".sdf")
    try:
        write_sdf(path, [(name, molecule_of(thing), {}) for name, thing in found])
    except RecordError as error:
        raise GroundstateError(f"a structure to score: {error}") from None
    return path, True
