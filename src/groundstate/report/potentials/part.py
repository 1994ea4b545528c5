"""What the report says about the interatomic potentials of one data set."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from groundstate.errors import GroundstateError
from groundstate.report.figures import Figure, training_figure
from groundstate.report.methods import Models, collect_methods
from groundstate.report.parts import Block, Part, anchor, over_seeds
from groundstate.report.potentials.figures import learning_figure, parity_figure, scan_figure
from groundstate.report.runs import AGAIN, COMMITTEE, Run, read_table
from groundstate.report.tables import MetricTable, member_table, metric_tables

SCORE = "errors"
TABLES = {  # of a summary: title, head of the first column, metrics
    "groups": ("Errors by group", "Group", ("energy_rmse", "energy_rmse_shifted", "force_rmse")),
    "elements": ("Errors by element", "Element", ("force_rmse", "force_mae")),
    "scans": ("Scans", "Scan", ("energy_rmse_shifted", "barrier_error")),
}


def potential_part(dataset: str, models: Models) -> Part:
    """Build all blocks of one data set; what was not scored is said in a note."""
    key = anchor("potentials", dataset)
    scored = {name: runs for name, runs in models.items() if any(SCORE in run.scores for run in runs)}
    notes, blocks = [], []
    if scored:
        methods = collect_methods(scored, SCORE)
        caption = (
            "Test structures, the same in every column, beside zero forces and the mean energy of an atom. "
            "n counts structures."
        )
        tables = metric_tables(methods, f"{caption}{over_seeds(models)}", "errors/summary.json")
        figures = [
            figure for name, runs in scored.items() for figure in _parity(anchor(key, name), name, runs)
        ]
        blocks.append(Block(f"{key}-scores", "Errors", tables=tables, figures=figures))
    else:
        notes.append("These runs have no score, so there are no tables of errors.")
    curves = _curves(scored)
    for member, (title, head, keys) in TABLES.items():
        tables = _members(scored, member, head, keys) if scored else []
        block = Block(f"{key}-{member}", title, tables=tables)
        if member == "scans":
            drawn = [scan_figure(anchor(key, "scan", name), name, of) for name, of in curves.items()]
            block.figures = [figure for figure in drawn if figure]
        if block.tables or block.figures:
            blocks.append(block)
    trained = [training_figure(f"{key}-training", models), learning_figure(f"{key}-learning", models)]
    if any(trained):
        blocks.append(Block(f"{key}-curves", "Training", figures=[figure for figure in trained if figure]))
    return Part(key, "Potentials", dataset, notes, blocks)


def _members(scored: Models, member: str, head: str, keys: tuple[str, ...]) -> list[MetricTable]:
    methods = collect_methods(scored, SCORE)
    tables = [member_table(methods, member, key, head) for key in keys]
    return [table for table in tables if table.rows]


def _parity(key: str, name: str, runs: list[Run]) -> list[Figure]:
    """Draw energies and forces of the first seed that was scored."""
    run = next(run for run in runs if SCORE in run.scores)
    whose = name if run.folder.name == COMMITTEE else f"{name}, seed {run.seed}"
    table = run.structures.get(SCORE)
    figures = []
    if table is not None and len(table):
        groups = {
            str(group): tuple(
                (part[column] / part["atoms"]).to_numpy(dtype=float) for column in ("energy", "predicted")
            )
            for group, part in table.fillna({"group": "all"}).groupby("group", sort=False)
        }
        caption = "Energies per atom of the test structures, by group. Source: errors/structures.csv."
        figures.append(parity_figure(f"{key}-energies", f"Energies, {whose}", "eV/atom", groups, caption))
    path = run.folder / SCORE / "atoms.parquet"
    if path.exists():
        atoms = _read_atoms(path)
        groups = {
            str(element): tuple(
                np.array(part[column].tolist(), dtype=float).ravel() for column in ("reference", "predicted")
            )
            for element, part in atoms.groupby("element", sort=True)
        }
        caption = "Force components of the test structures, by element. Source: errors/atoms.parquet."
        figures.append(parity_figure(f"{key}-forces", f"Forces, {whose}", "eV/Å", groups, caption))
    return [figure for figure in figures if figure]


def _read_atoms(path: Path) -> pd.DataFrame:
    try:
        return pq.read_table(path, columns=["element", "reference", "predicted"]).to_pandas()
    except (OSError, ValueError, KeyError) as error:  # pyarrow's errors are ValueErrors
        raise GroundstateError(f"{path}: not readable ({error}); {AGAIN}") from None


def _curves(scored: Models) -> dict[str, dict[str, pd.DataFrame]]:
    """Return, for each scan and column of the tables, the rows of the first seed."""
    curves: dict[str, dict[str, pd.DataFrame]] = {}
    for name, runs in scored.items():
        path = next(run for run in runs if SCORE in run.scores).folder / SCORE / "scans.csv"
        if path.exists():
            for scan, rows in read_table(path).groupby("scan", sort=False):
                curves.setdefault(str(scan), {})[name] = rows
    return curves
