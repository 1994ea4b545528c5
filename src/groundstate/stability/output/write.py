"""Tables, relaxed crystals and summaries of the stability stage."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import ase.io
import pandas as pd
from pymatgen.core import Composition

from groundstate.files import atomic_path, write_json
from groundstate.records import Rejection, write_rejected
from groundstate.stability.evaluation import Evaluation
from groundstate.stability.inputs import GENERATED
from groundstate.stability.output.figures import write_figures
from groundstate.stability.relaxation import StabilityScore
from groundstate.stability.rows import StabilityRow

COUNTS = ("steps", "reference_phases", "initial_space_group_number", "space_group_number")  # or nothing


def write_evaluation(folder: Path, evaluation: Evaluation) -> None:
    """Write the tables, ``relaxed.extxyz``, ``rejected.csv``, ``figures/`` and ``summary.json``.

    ``reference_phases.csv`` holds the phases of the chemical systems of the placed crystals: id, formula,
    formation energy in eV per atom.

    Controls go to ``controls/NAME/`` in the same form.
    """
    for name, score in evaluation.scores.items():
        ours = name == GENERATED
        lost = evaluation.rejected_references if ours else []
        _write_score(folder if ours else folder / "controls" / name, score, lost)
    sets = {name: score.rows for name, score in evaluation.scores.items()}
    with atomic_path(folder / "figures") as temporary:
        temporary.mkdir()
        write_figures(temporary, sets, evaluation.hull)
    _write_phases(folder / "reference_phases.csv", evaluation)
    if evaluation.phonon_cost is not None:  # not in the summary, which the same seed writes the same
        write_json(folder / "phonon_cost.json", asdict(evaluation.phonon_cost))
    write_json(folder / "summary.json", evaluation.summary)


def _write_phases(path: Path, evaluation: Evaluation) -> None:
    placed = [row for row in evaluation.scores[GENERATED].rows if row.energy_above_hull is not None]
    systems = {row.system: Composition(row.formula) for row in placed}
    phases = [phase for one in systems.values() for phase in evaluation.hull.competing(one)]
    rows = sorted({(p.composition.reduced_formula, p.formation_energy, p.id) for p in phases})
    table = pd.DataFrame(rows, columns=["formula", "formation_energy_per_atom", "id"])
    with atomic_path(path) as temporary:
        table[["id", "formula", "formation_energy_per_atom"]].to_csv(temporary, index=False)


def _write_score(folder: Path, score: StabilityScore, rejections: Sequence[Rejection]) -> None:
    columns = list(StabilityRow("").as_dict())  # of a set without crystals, too
    table = pd.DataFrame([row.as_dict() for row in score.rows], columns=columns)
    table = table.astype(dict.fromkeys(COUNTS, "Int64"))
    with atomic_path(folder / "crystals.csv") as temporary:
        table.to_csv(temporary, index=False)
    with atomic_path(folder / "crystals.parquet") as temporary:
        table.to_parquet(temporary, index=False)
    frames = []
    for row in score.rows:
        if row.id in score.relaxed:
            atoms = score.relaxed[row.id].copy()
            atoms.info = {"id": row.id, "class": row.outcome}
            if row.formation_energy_per_atom is not None:
                atoms.info["formation_energy_per_atom"] = row.formation_energy_per_atom
            frames.append(atoms)
    with atomic_path(folder / "relaxed.extxyz") as temporary:
        temporary.touch()
        if frames:
            ase.io.write(temporary, frames, format="extxyz")
    lost = [
        Rejection(row.id, row.outcome, row.reason)
        for row in score.rows
        if row.outcome == "rejected_geometry" or row.id not in score.relaxed
    ]
    write_rejected(folder / "rejected.csv", [*lost, *rejections])
