"""One table of the property experiment: what each geometry is worth, with intervals."""

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from groundstate.errors import GroundstateError
from groundstate.files import atomic_path, write_json

Rows = dict[str, tuple[float, float, bool]]  # id -> target, predicted, missing


def score_property(
    rows: Mapping[str, str | Path], output: str | Path, seed: int = 0, samples: int = 1000
) -> dict:
    """Write summary.json and table.csv from the predictions.csv of each row.

    A row has ``mae``, ``rmse``, ``n``, ``missing`` (no geometry: counted with the training part's mean), the
    95 % bootstrap interval of its MAE over molecules, and ``worse_by``: its MAE less that of the first row,
    with the interval of this difference over the same molecules.

    Raises ``GroundstateError`` where rows are about different molecules.
    """
    read = {name: _read(path) for name, path in rows.items()}
    first = next(iter(read))
    ids = sorted(read[first])
    rng = np.random.default_rng(seed)
    draws = rng.integers(len(ids), size=(samples, len(ids)))
    errors: dict[str, np.ndarray] = {}
    table: dict[str, dict[str, Any]] = {}
    for name, predictions in read.items():
        if sorted(predictions) != ids:
            raise GroundstateError(f"{rows[name]}: is not about the molecules of {rows[first]}")
        errors[name] = np.abs([predictions[key][1] - predictions[key][0] for key in ids])
        difference = errors[name] - errors[first]
        table[name] = {
            "mae": float(errors[name].mean()),
            "rmse": float(np.sqrt(np.square(errors[name]).mean())),
            "n": len(ids),
            "missing": sum(predictions[key][2] for key in ids),
            "interval": _interval(errors[name], draws),
            "worse_by": float(difference.mean()),
            "worse_by_interval": _interval(difference, draws),
        }
    summary = {"rows": table, "compared_with": first, "seed": seed, "samples": samples}
    output = Path(output)
    with atomic_path(output / "table.csv") as temporary, temporary.open("w", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        columns = ("mae", "rmse", "n", "missing", "worse_by")
        writer.writerow(["row", *columns, "mae_low", "mae_high"])
        for name, row in table.items():
            writer.writerow([name, *(row[column] for column in columns), *row["interval"]])
    write_json(output / "summary.json", summary)
    return summary


def _interval(values: np.ndarray, draws: np.ndarray) -> list[float]:
    return np.quantile(values[draws].mean(1), [0.025, 0.975]).tolist()


def _read(path: str | Path) -> Rows:
    try:
        with Path(path).open(newline="", encoding="utf-8") as handle:
            rows: Rows = {}
            for row in csv.DictReader(handle):
                target, predicted = float(row["target"]), float(row["predicted"])
                if not math.isfinite(target) or not math.isfinite(predicted) or row["id"] in rows:
                    raise ValueError(f"row {row['id']}: a number is not finite, or the id occurs twice")
                rows[row["id"]] = target, predicted, row["missing"] == "True"
            if not rows:
                raise ValueError("it has no row")
            return rows
    except FileNotFoundError:
        raise GroundstateError(f"{path}: no such file; train the property first") from None
    except (KeyError, ValueError) as error:
        raise GroundstateError(f"{path}: not a table of predictions ({error!r})") from None
