"""The pieces a page is made of: a part a data set, in it blocks of tables, figures and views."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from groundstate.metrics.definition import Definition
from groundstate.report.figures import Figure
from groundstate.report.labels import define
from groundstate.report.methods import Models, is_number
from groundstate.report.runs import read_table
from groundstate.report.scenes import Scene
from groundstate.report.tables import Cell, Column, MetricTable, PlainTable

HOW_TO_TURN = "Drag to turn, Ctrl + wheel to zoom, double click to reset."


def anchor(*names: str) -> str:
    """Make an id for an element of the page, from names that may hold anything."""
    return "-".join(re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-") for name in names)


@dataclass(frozen=True)
class Drawing:
    """A molecule as chemists draw it, with its id and what is said of it."""

    id: str
    caption: str
    svg: Markup


@dataclass
class Block:
    """A heading with what stands under it."""

    id: str
    title: str
    notes: list[str] = field(default_factory=list)
    tables: list[MetricTable] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    scenes: list[Scene] = field(default_factory=list)
    drawings: list[Drawing] = field(default_factory=list)
    lists: list[PlainTable] = field(default_factory=list)
    files: dict[str, Path] = field(default_factory=dict)  # to link to, by what the link says


@dataclass
class Part:
    """Everything about one data set."""

    id: str
    kind: str
    dataset: str
    notes: list[str]
    blocks: list[Block]


def run_files(models: Models, *names: str) -> dict[str, Path]:
    """Find those of the named files that the runs have, by what a link to each says."""
    return {
        f"{run.model}, seed {run.seed}: {name}": path
        for runs in models.values()
        for run in runs
        for name in names
        if (path := run.folder / name).exists()
    }


def over_seeds(models: Models) -> str:
    """Give a sentence about seeds for the caption of a table; empty where each model has one."""
    counts = sorted({len(runs) for runs in models.values()} - {1})
    if not counts:
        return ""
    return (
        f" Models with several seeds: mean ± standard deviation over {' or '.join(map(str, counts))} seeds; "
        "in brackets the 95 % interval over structures, its ends averaged over seeds."
    )


def structure_table(
    table: pd.DataFrame,
    by: str,
    names: Sequence[str],
    definitions: Mapping[str, dict],
    summary: str,
    caption: str,
    most: int = 30,
    lowest: bool = False,
) -> PlainTable:
    """List the ``most`` rows of a table with one row per structure that have the largest ``by``.

    Parameters
    ----------
    table
        With the columns ``id`` and ``by``; rows without a ``by`` come last.
    names
        Columns to show, of those that hold something.
    definitions
        Of the columns.
    summary, caption
        Head of the folded table, and what stands above it.
    lowest
        The smallest ``by`` instead, in a table that is not folded.
    """
    chosen = table.sort_values([by, "id"], ascending=[lowest, True], na_position="last").head(most)
    names = [name for name in names if name in chosen and chosen[name].notna().any()]
    columns = [Column("id", number=False)]
    for name in names:
        about, numeric = define(name, definitions), pd.api.types.is_numeric_dtype(chosen[name])
        columns.append(
            Column(", ".join(part for part in (about.label, about.shown_unit) if part), number=numeric)
        )
    rows = [
        [Cell(record["id"]), *(_cell(define(name, definitions), record[name]) for name in names)]
        for record in chosen.to_dict("records")
    ]
    return PlainTable(caption, columns, rows, summary, opened=lowest)


def _cell(about: Definition, value: object) -> Cell:
    if isinstance(value, bool):
        return Cell("yes" if value else "no")
    if is_number(value):
        return Cell(about.format(float(value)), value=float(f"{value:.6g}"))
    return Cell("" if pd.isna(value) else str(value))


VARYING = re.compile(r"'[^']*'|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")  # quoted text and numbers inside a reason


def merge_reasons(reasons: Iterable[str]) -> str:
    """Make one text of reasons that differ in numbers or quoted text alone: ``… atoms, more than 20``."""
    texts = sorted(set(reasons))
    columns = zip(*(VARYING.findall(text) for text in texts), strict=True)
    shown = iter([values[0] if len(set(values)) == 1 else "…" for values in columns])
    return VARYING.sub(lambda _: next(shown), texts[0])


def rejection_rows(label: str, paths: Sequence[Path], most: int = 8) -> list[list[Cell]]:
    """Give one row for each stage and kind of reason in ``rejected.csv`` files, most frequent first.

    Kinds beyond ``most`` a file are folded into one row, so that nothing is left uncounted.
    """
    rows = []
    for path in paths:
        if not path.exists():
            continue
        table = read_table(path).astype({"stage": str, "reason": str})
        kinds = table["reason"].str.replace(VARYING, "…", regex=True)
        groups = [
            (len(group), stage, merge_reasons(group["reason"]), group["id"].iloc[0])
            for (stage, _), group in table.groupby(["stage", kinds])
        ]
        groups.sort(key=lambda group: (-group[0], *group[1:]))
        if len(groups) > most:
            rest = groups[most:]
            text = f"{len(rest)} further kinds of reasons, each rarer"
            groups[most:] = [(sum(group[0] for group in rest), rest[0][1], text, rest[0][3])]
        rows += [
            [Cell(label), Cell(stage), Cell(reason), Cell(f"{count:,}", value=count), Cell(example)]
            for count, stage, reason, example in groups
        ]
    return rows
