"""``score validity``: anybody's crystals by the definitions of CDVAE, with baselines beside them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from groundstate.crystals.structures import NamedStructure, read_structures
from groundstate.files import atomic_path, write_json
from groundstate.metrics.crystals.composition_validity import check_oxidation_list
from groundstate.metrics.crystals.own_metrics import own_values, summarise_own
from groundstate.metrics.crystals.validity import (
    ValidityRow,
    definitions,
    score_validity,
    summarise_validity,
)
from groundstate.metrics.definition import CrystalMetric, as_json, check_names
from groundstate.records import Rejection, write_rejected


def score_validity_files(
    structures: str | Path,
    output: str | Path,
    baselines: Mapping[str, str | Path] | None = None,
    oxidation_list: str = "smact14",
    seed: int = 0,
    metrics: Sequence[CrystalMetric] = (),
) -> dict:
    """Score the crystals of a file or folder; write summary.json, crystals.csv, rejected.csv.

    Parameters
    ----------
    structures
        Anything that ``read_structures`` reads; what cannot be read counts as invalid.
    output
        Folder.
    baselines
        Further files, by the name of their row.
    oxidation_list
        Of composition validity.
    seed
        Of the bootstrap intervals.
    metrics
        Metrics of the user's, over the crystals that can be read.

    Returns
    -------
    dict
        The summary.
    """
    check_oxidation_list(oxidation_list)
    about = definitions(oxidation_list)
    check_names(metrics, [*about, *ValidityRow._fields])
    output = Path(output)
    rows, own, rejections, summary = _score(structures, oxidation_list, seed, metrics)
    summary["definitions"] = about | as_json({metric.name: metric.definition for metric in metrics})
    summary["baselines"] = {
        name: _score(path, oxidation_list, seed, metrics)[-1] for name, path in (baselines or {}).items()
    }
    table = pd.DataFrame(rows, columns=ValidityRow._fields)
    for name, values in own.items():
        table[name] = pd.Series(values)  # readable crystals come first; the others have no value
    with atomic_path(output / "crystals.csv") as temporary:
        table.to_csv(temporary, index=False)
    write_rejected(output / "rejected.csv", rejections)
    write_json(output / "summary.json", summary)
    return summary


def _score(
    path: str | Path, oxidation_list: str, seed: int, metrics: Sequence[CrystalMetric]
) -> tuple[list[ValidityRow], dict, list[Rejection], dict]:
    crystals: list[NamedStructure]
    crystals, rejections = read_structures(path)
    rows = score_validity(crystals, rejections, oxidation_list)
    summary = summarise_validity(rows, seed)
    own = own_values(metrics, crystals)
    means, intervals = summarise_own(own, seed)
    summary |= means
    summary["intervals"] |= intervals
    return rows, own, rejections, summary
