"""``score prediction``: how many of the true structures a model predicts, and how closely."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from groundstate.crystals.structures import NamedStructure, read_part, read_structures
from groundstate.errors import GroundstateError
from groundstate.files import atomic_path, write_json
from groundstate.metrics.bootstrap import bootstrap_interval
from groundstate.metrics.crystals.composition_validity import check_oxidation_list
from groundstate.metrics.crystals.match import TOLERANCES, Match, match_cases, pair_up, template_cases
from groundstate.metrics.definition import SHARE, Definition, as_json
from groundstate.records import Rejection, name_stage, write_rejected

MANY = 20  # samples of the template baseline
SOURCE = (
    "CDVAE (Xie et al., ICLR 2022, commit f857f59), scripts/compute_metrics.py RecEval: pymatgen "
    f"StructureMatcher, {TOLERANCES}"
)
VERSION = "cdvae-f857f59"


def definitions(oxidation_list: str) -> dict[str, dict[str, object]]:
    """Define every number, as JSON values; ``_k`` are those of all samples."""
    valid = f"a prediction that is invalid in structure or composition ({oxidation_list}) matches nothing"
    rmse = "mean over the matches of the rms displacement, in units of the cube root of the volume per atom"
    matched = "share of the reference crystals that"

    def rate(text: str, label: str) -> Definition:
        return Definition(f"{matched} {text}", SOURCE, SHARE, "higher", label, VERSION, 1)

    def error(text: str, label: str) -> Definition:
        return Definition(f"{rmse}; {text}; {valid}", SOURCE, "", "lower", label, VERSION)

    def count(text: str, label: str) -> Definition:
        return Definition(text, "groundstate", label=label, digits=0)

    return as_json(
        {
            "match_rate": rate(f"the first sample matches; {valid}", "Match rate, one sample"),
            "match_rmse": error("first sample", "RMSE of matches, one sample"),
            "match_rate_k": rate(f"any of k samples matches; {valid}", "Match rate, k samples"),
            "match_rmse_k": error("the closest of k samples", "RMSE of matches, k samples"),
            "match_rate_unfiltered": rate(
                "the first sample matches, valid or not", "Match rate, one sample, valid or not"
            ),
            "match_rate_k_unfiltered": rate(
                "any of k samples matches, valid or not", "Match rate, k samples, valid or not"
            ),
            "samples": count("most samples that one reference crystal has", "Samples per crystal (k)"),
            "n": count("reference crystals: every rate is over these", "Reference crystals"),
            "failed": count("predictions that cannot be read; they match nothing", "Failed (not readable)"),
            "missing": count("reference crystals without a prediction; they match nothing", "Missing"),
            "extra": count("predictions for no reference crystal; in no rate", "Without a reference"),
        }
    )


def score_prediction_files(
    predicted: str | Path,
    reference: str | Path,
    output: str | Path,
    train: str | Path | None = None,
    splits: str | Path | None = None,
    oxidation_list: str = "smact14",
    workers: int = 1,
    seed: int = 0,
) -> dict:
    """Compare predicted crystals with the true ones; write summary.json, crystals.csv, rejected.csv.

    Parameters
    ----------
    predicted
        Crystals with the ids of the reference, or ``ID_0``, ``ID_1``, ... for several.
    reference
        True crystals.
    output
        Folder.
    train
        Training crystals, for the template baseline.
    splits
        Of the reference only the test part, of ``train`` the rest is used.
    oxidation_list
        Of composition validity.
    workers
        Processes that compare crystals.
    seed
        Of the baseline and the bootstrap intervals.

    Returns
    -------
    dict
        The summary.
    """
    check_oxidation_list(oxidation_list)
    output, parts = Path(output), None if splits is None else Path(splits)
    truth, bad = read_part(Path(reference), parts, ("test",))
    if not truth:
        raise GroundstateError(f"{reference}: no crystal to compare with; the first: {bad[0].reason}")
    crystals, rejections = read_structures(predicted)
    cases, extra = pair_up(crystals, truth)
    rows = match_cases(cases, oxidation_list, workers)
    summary = summarise_matches(rows, len(extra), seed) | {"failed": len(rejections)}
    summary["definitions"] = definitions(oxidation_list)
    summary["baselines"] = {}
    training: list[NamedStructure] = []
    if train is not None:
        training, bad_training = read_part(Path(train), parts, ("train", "validation"))
        rejections += name_stage(bad_training, "read train")
    blind = template_cases(training, truth, MANY, seed)
    if blind:
        matches = match_cases(blind, oxidation_list, workers, "match, template")
        summary["baselines"]["template"] = summarise_matches(matches, seed=seed)
    with atomic_path(output / "crystals.csv") as temporary:
        pd.DataFrame(table(rows)).to_csv(temporary, index=False)
    unused = [Rejection(name, "match", "no reference crystal has this id") for name in extra]
    write_rejected(output / "rejected.csv", [*rejections, *unused, *name_stage(bad, "read reference")])
    write_json(output / "summary.json", summary)
    return summary


def summarise_matches(rows: Sequence[Match], extra: int = 0, seed: int = 0) -> dict:
    """Average over all reference crystals, also those without a prediction, with 95 % bootstrap intervals."""
    summary: dict = {
        "n": len(rows),
        "missing": sum(not row.distances for row in rows),
        "extra": extra,
        "samples": max((len(row.distances) for row in rows), default=0),
        "intervals": {},
    }
    for suffix, most in (("", 1), ("_k", None)):
        kept = [_best(row, most, valid_only=True) for row in rows]
        measured = {f"match_rate{suffix}": np.array([value is not None for value in kept], float)}
        measured[f"match_rmse{suffix}"] = np.array([value for value in kept if value is not None])
        every = [_best(row, most, valid_only=False) is not None for row in rows]
        measured[f"match_rate{suffix}_unfiltered"] = np.array(every, float)
        for key, values in measured.items():
            if len(values):
                summary[key] = float(values.mean())
                summary["intervals"][key] = list(bootstrap_interval(values, seed=seed))
    return summary


def _best(row: Match, most: int | None, valid_only: bool) -> float | None:
    pairs = zip(row.distances[:most], row.valid[:most], strict=True)
    return min((d for d, valid in pairs if d is not None and (valid or not valid_only)), default=None)


def table(rows: Sequence[Match]) -> list[dict]:
    """Give one row per reference crystal."""
    return [
        {
            "id": row.id,
            "formula": row.formula,
            "samples": len(row.distances),
            "first_valid": row.valid[0] if row.valid else None,
            "first_distance": row.distances[0] if row.distances else None,
            "closest_distance": _best(row, None, valid_only=True),
        }
        for row in rows
    ]
