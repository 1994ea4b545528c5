"""Which crystals are shown, in views and in the list, and what is said of each."""

import csv
import warnings
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from pymatgen.core import Structure

from groundstate.crystals.structures import NamedStructure, read_structures
from groundstate.errors import GroundstateError
from groundstate.names import TABLE
from groundstate.report.crystals.energies import FORMATION, HULL
from groundstate.report.crystals.relaxing import VOLUME
from groundstate.report.crystals.views import crystal_scene
from groundstate.report.parts import structure_table
from groundstate.report.runs import AGAIN, Run
from groundstate.report.scenes import Scene, pick_ranked
from groundstate.report.tables import PlainTable

LISTED = (
    *("formula", "space_group", "class", HULL, "hull", "estimated_energy_above_hull", FORMATION),
    *("decomposition_energy", "decomposition_products", "unique", "novel", "listed_as"),
    *("reference_phases", "initial_space_group", VOLUME, "displacement", "lowest_frequency", "steps"),
    "reason",
)
MOST, MOST_LISTED = 6, 30
PLACES = {"best": "lowest", "median": "median", "worst": "highest", "": ""}


def read_crystals(path: Path) -> list[NamedStructure]:
    """Read what a stage wrote; a file that was cut since is an error, unlike a user's own."""
    crystals, rejections = read_structures(path)
    if rejections:
        raise GroundstateError(f"{path}: {rejections[0].id}: {rejections[0].reason}; {AGAIN}")
    return crystals


def crystal_scenes(key: str, run: Run) -> list[Scene]:
    """Show lowest, median and highest energy above hull; without that score, the first six crystals."""
    path = run.folder / "generated.extxyz"
    if not path.exists():
        return []
    generated = dict(read_crystals(path))
    relaxed_path = run.folder / "stability" / "relaxed.extxyz"
    relaxed = {}
    if relaxed_path.exists() and relaxed_path.stat().st_size:
        relaxed = dict(read_crystals(relaxed_path))
    table = run.structures.get("stability", pd.DataFrame({"id": [], HULL: []})).set_index("id")
    placed = table[table[HULL].notna()] if HULL in table else table[:0]
    placed = placed[placed.index.isin(list(generated))]
    chosen = pick_ranked(placed.index.tolist(), placed[HULL].tolist()) if len(placed) else []
    chosen = chosen or [("", name) for name in list(generated)[:MOST]]
    cifs = _cifs(run.folder / "cifs")
    scenes = []
    for index, (place, name) in enumerate(chosen):
        states = {"generated": generated[name]} | ({"relaxed": relaxed[name]} if name in relaxed else {})
        caption = _caption(placed.loc[name].to_dict()) if name in placed.index else ""
        title = f"{_formula(generated[name])} · {name}"
        scene = crystal_scene(f"{key}-view-{index}", title, caption, states)
        scene.place = PLACES[place]
        scene.files = {"CIF": cifs[name]} if name in cifs else {}
        scenes.append(scene)
    return scenes


def _caption(row: Mapping[str, object]) -> str:
    """Say energy, space groups and volume of a relaxed crystal."""
    bound = "at least " if row.get("hull_incomplete") is True else ""
    sentences = [f"{bound}{row[HULL]:.3f} eV/atom above the hull"]
    before, after = (row.get(f"{when}space_group") for when in ("initial_", ""))
    if isinstance(before, str) and isinstance(after, str):
        sentences.append(f"{before} as generated, {after} relaxed")
    ratio = row.get(VOLUME)
    if isinstance(ratio, float) and pd.notna(ratio):
        sentences.append(f"volume {100 * (ratio - 1):+.1f} % by relaxing")
    text = "; ".join(sentences).replace("-0", "−0") + "."
    return text[0].upper() + text[1:]


def _formula(crystal: Structure) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pymatgen warns for elements without an electronegativity
        return crystal.composition.reduced_formula


def _cifs(folder: Path) -> dict[str, Path]:
    """Find the CIF of each id, where they were written."""
    if not (folder / TABLE).exists():
        return {}
    with (folder / TABLE).open(encoding="utf-8", newline="") as handle:
        return {row["id"]: folder / row["file"] for row in csv.DictReader(handle)}


def crystal_lists(run: Run) -> list[PlainTable]:
    """List the crystals that have a place on a hull; how many have none, and why, is said above."""
    table = run.structures.get("stability")
    if table is None or HULL not in table:
        return []
    having = table[table[HULL].notna()]
    if having.empty:
        return []
    shown = f"The {min(MOST_LISTED, len(having)):,} lowest of" if len(having) > MOST_LISTED else "All"
    return [
        structure_table(
            having,
            HULL,
            LISTED,
            run.scores["stability"].get("definitions", {}),
            f"Crystals of {run.model}, seed {run.seed}, by energy above the hull",
            f"{shown} {len(having):,} crystals that have an energy above the hull, lowest (best) first; "
            "space groups to 0.1 Å. Source: stability/crystals.csv.",
            MOST_LISTED,
            lowest=True,
        )
    ]


def without_result(run: Run) -> str:
    """Say how many crystals have no energy above the hull and where they are listed; empty if none."""
    table = run.structures.get("stability")
    if table is None or HULL not in table or "class" not in table:
        return ""
    without = table.loc[table[HULL].isna(), "class"].value_counts()
    if without.empty:
        return ""
    counts = ", ".join(f"{count:,} {str(name).replace('_', ' ')}" for name, count in without.items())
    return (
        f"{without.sum():,} of {len(table):,} crystals of {run.model}, seed {run.seed}, have no energy above "
        f"the hull and are in no list or view: {counts}. Each with its reason: stability/rejected.csv."
    )
