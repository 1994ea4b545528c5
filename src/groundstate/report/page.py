"""Run folders in, one HTML file out: no outside address, the same bytes for the same inputs."""

import dataclasses
import json
import os
import urllib.parse
from collections.abc import Callable, Sequence
from pathlib import Path

from groundstate.errors import GroundstateError
from groundstate.files import write_text
from groundstate.metrics.definition import Definition, definition_of
from groundstate.report.crystals.part import crystal_part
from groundstate.report.html import asset, fill
from groundstate.report.methods import is_number
from groundstate.report.molecules.part import molecule_part
from groundstate.report.parts import Part, rejection_rows
from groundstate.report.potentials.part import potential_part
from groundstate.report.runs import COMMITTEE, Run, group_runs, read_run
from groundstate.report.tables import Cell, Column, PlainTable
from groundstate.report.verdict import Verdict, judge_crystals, judge_molecules, judge_potentials

FIELDS = tuple(field.name for field in dataclasses.fields(Definition))
LINKED = {".csv", ".json", ".sdf", ".extxyz", ".parquet", ".ckpt", ".svg", ".html"}
PARTS = {
    "molecules": (molecule_part, judge_molecules),
    "crystals": (crystal_part, judge_crystals),
    "potentials": (potential_part, judge_potentials),
}
TITLES = {
    "molecules": "Ground-state geometries",
    "crystals": "New crystals",
    "potentials": "Interatomic potentials",
}


def write_report(
    molecules: list[Path],
    crystals: list[Path],
    output: str | Path,
    potentials: Sequence[Path] = (),
    discoveries: Sequence[Part] = (),
) -> None:
    """Write the report on the given run folders to ``output``, with the parts of discoveries.

    Raises ``GroundstateError`` where no folder is given, one is given twice, or a file in one is broken.
    """
    if not (molecules or crystals or potentials or discoveries):
        raise GroundstateError(
            "report: no run folder; give --molecules, --crystals, --potentials or --discoveries at least one"
        )
    runs = [read_run(folder, "molecules") for folder in molecules]
    runs += [read_run(folder, "crystals") for folder in crystals]
    runs += [read_run(folder, "potentials") for folder in potentials]
    labels = [run.label for run in runs]
    for label in labels:
        if labels.count(label) > 1:
            raise GroundstateError(f"report: {label} is given twice; give each run folder once")
    write_text(output, render(runs, Path(output).absolute().parent, discoveries))


def render(runs: list[Run], home: Path, discoveries: Sequence[Part] = ()) -> str:
    """Give the HTML text; ``home`` is the folder that relative links start from."""
    parts, verdicts = [], []
    for kind, (build, judge) in PARTS.items():
        for dataset, models in group_runs([run for run in runs if run.kind == kind]).items():
            parts.append(build(dataset, models))
            verdicts.extend(judge(dataset, models))
    parts += discoveries
    rejected = _rejected(runs)
    verdicts.append(_left_out(runs, rejected))
    return fill(
        "page.html",
        title=_title(runs),
        facts=_facts(runs),
        contents=_contents(parts),
        verdicts=verdicts,
        runs=_runs_table(runs),
        parts=parts,
        rejected=rejected,
        definitions=_definitions(runs),
        files=_files(runs, home),
        href=lambda path: _href(path, home),
        page_script=asset("page.js"),
        viewer_script=asset("viewer.js"),
    )


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _title(runs: list[Run]) -> str:
    """Say what is on the page in one sentence."""
    sentences = []
    for kind, verb in TITLES.items():
        chosen = [run for run in runs if run.kind == kind]
        if chosen:
            sets = ", ".join(dict.fromkeys(run.dataset for run in chosen))
            models = ", ".join(dict.fromkeys(run.model for run in chosen))
            sentences.append(f"{verb}: {models} on {sets} ({_count(len(chosen), 'run')})")
    return "; ".join(sentences)


def _facts(runs: list[Run]) -> list[tuple[str, str]]:
    """List revision, date, machine and versions: one value where all runs agree, else each."""

    def of(*path: str) -> str:
        values = []
        for run in runs:
            value: object = run.provenance
            for part in path:
                value = value.get(part, {}) if isinstance(value, dict) else {}
            if value != {}:
                values.append(str(value))
        return ", ".join(dict.fromkeys(values)) or "not recorded"

    started = sorted(str(run.provenance["started"]) for run in runs if "started" in run.provenance)
    dates = list(dict.fromkeys([started[0], started[-1]])) if started else []
    return [
        ("Code revision", of("revision")),
        (
            "Trained",
            " to ".join(text.replace("T", " ").replace("Z", " UTC") for text in dates) or "not recorded",
        ),
        ("Machine", f"{of('machine', 'system')}; {of('machine', 'cpus')} CPUs"),
        ("groundstate", of("versions", "groundstate")),
        ("Python / torch", f"{of('versions', 'python')} / {of('versions', 'torch')}"),
        ("RDKit / pymatgen", f"{of('versions', 'rdkit')} / {of('versions', 'pymatgen')}"),
    ]


def _contents(parts: list[Part]) -> list[tuple[str, str]]:
    kinds = [part.kind for part in parts]
    several = {kind for kind in kinds if kinds.count(kind) > 1}
    names = [
        (part.id, f"{part.kind}: {part.dataset}" if part.kind in several else part.kind) for part in parts
    ]
    ends = [("rejected", "Left out"), ("definitions", "Definitions"), ("files", "Files")]
    return [("verdict", "Verdict"), ("runs", "What was run"), *names, *ends]


def _runs_table(runs: list[Run]) -> PlainTable:
    columns = [Column("Data set", number=False), Column("Kind", number=False), Column("Model", number=False)]
    columns += [
        Column(name) for name in ("Seed", "Parameters", "Steps", "Best validation loss", "Training time")
    ]
    rows = []
    for run in sorted(runs, key=lambda run: (run.kind != "molecules", run.label)):
        if run.folder.name == COMMITTEE:
            continue
        row = [Cell(run.dataset), Cell(run.kind), Cell(run.model), Cell(run.seed)]
        row.append(_number(run.provenance.get("parameters"), ","))
        training = run.training
        row.append(_number(None if training is None else int(training["step"].max()), ","))
        losses = None if training is None else training.get("validation_loss")
        row.append(_number(None if losses is None else float(losses.min()), ".4g"))
        seconds = run.provenance.get("wall_seconds")
        row.append(_number(seconds, ".0f", lambda text: f"{int(text) // 60} min {int(text) % 60:02d} s"))
        rows.append(row)
    return PlainTable("One row per trained model. Click a column to sort.", columns, rows)


def _number(value: object, form: str, words: Callable[[str], str] = str) -> Cell:
    return Cell(words(format(value, form)), value=value) if is_number(value) else Cell("–")


def _rejected(runs: list[Run]) -> PlainTable:
    """List reasons and counts of every table of rejections at or above the run folders, each file once."""
    rows = []
    for kind in PARTS:
        for dataset, models in group_runs([run for run in runs if run.kind == kind]).items():
            folders = [run for group in models.values() for run in group]
            shared = folders[0].shared
            paths = [shared / name / "rejected.csv" for name in ("prepared", "conformers")]
            rows += rejection_rows(f"{kind}/{dataset}", paths)
            for run in folders:
                rows += rejection_rows(
                    run.label,
                    sorted([*run.folder.glob("*.rejected.csv"), *run.folder.glob("*/rejected.csv")]),
                )
    columns = [Column("Where", number=False), Column("Stage", number=False), Column("Reason", number=False)]
    columns += [Column("Count"), Column("For example", number=False)]
    return PlainTable("Nothing disappears: rows in = rows out + what is listed here.", columns, rows)


def _left_out(runs: list[Run], rejected: PlainTable) -> Verdict:
    left_out = sum(int(row[3].value or 0) for row in rejected.rows)
    why = "Rows that a stage did not pass on, each with its reason below."
    return Verdict("info", "COUNTED", f"{left_out:,}", "Left out", _count(len(runs), "run"), why)


def _definitions(runs: list[Run]) -> PlainTable:
    """List every metric's definition once; two that differ under one key are two rows."""
    rows: dict[tuple[str, ...], list[Cell]] = {}
    for run in runs:
        for score, summary in run.scores.items():
            for key, about in summary.get("definitions", {}).items():
                settings = "; ".join(f"{k}: {v}" for k, v in about.items() if k not in (*FIELDS, "place"))
                one = definition_of(key, summary["definitions"])
                source = "; ".join(part for part in (one.source, settings) if part)
                texts = (
                    score,
                    key,
                    one.label,
                    one.shown_unit,
                    one.direction or "",
                    one.text,
                    one.version,
                    source,
                )
                rows[texts] = [Cell(text) for text in texts]
    heads = ("Score", "Key", "Name", "Unit", "Better", "What it is", "Version", "Source and settings")
    columns = [Column(name, number=False) for name in heads]
    return PlainTable(
        "What each number means, and where its definition comes from.", columns, list(rows.values())
    )


def _files(runs: list[Run], home: Path) -> list[dict]:
    """List links to what the runs wrote, relative to the page, with the provenance of each."""
    groups = []
    for run in sorted(runs, key=lambda run: (run.kind != "molecules", run.label)):
        paths = [path for path in run.folder.glob("*") if path.suffix in LINKED]
        paths += [path for path in run.folder.glob("*/*") if path.suffix in LINKED]
        listed = [
            {
                "name": str(path.relative_to(run.folder)),
                "href": _href(path, home),
                "size": _size(path.stat().st_size),
            }
            for path in sorted(paths)
        ]
        text = json.dumps(run.provenance, indent=2, sort_keys=True) if run.provenance else ""
        groups.append({"name": run.label, "files": listed, "provenance": text})
    return groups


def _href(path: Path, home: Path) -> str:
    return urllib.parse.quote(os.path.relpath(path, home))


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"
