"""What a discovery leaves: the table, CIFs, relaxed crystals, what fell out, figures, a page."""

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path

from groundstate.crystals.cif.write import to_cif
from groundstate.crystals.models.generate import write_extxyz
from groundstate.crystals.space_group import find_space_group, symmetrised_cif
from groundstate.discovery.discover import Discovery
from groundstate.discovery.files import CRYSTALS, NEAR, PAGE, REJECTED, RELAXED, SUMMARY
from groundstate.discovery.page import write_page
from groundstate.discovery.rows import DiscoveryRow, relaxed_crystal, share_p1
from groundstate.files import atomic_path, write_json, write_text
from groundstate.metrics.text_table import aligned
from groundstate.names import TABLE, file_names, write_name_table
from groundstate.records import write_rejected
from groundstate.stability.inputs import GENERATED
from groundstate.stability.output.figures import write_figures
from groundstate.stability.output.text_table import phonon_table
from groundstate.stability.summaries.dynamics import COUNTED

MOST_ROWS = 25
HEAD = ("rank", "id", "space group", "above hull", "stable", "unique", "novel", "second", "origin")
LEGEND = (
    f"energies in eV/atom; ≥: the hull lacks stable phases, a lower bound; stable: on the hull; near: within "
    f"{1000 * NEAR:g} meV/atom of it"
)


def write_discovery(folder: Path, discovery: Discovery, about: Mapping[str, object]) -> None:
    """Write everything; ``about`` is what was asked (settings, budget, seed) for the summary."""
    rows = discovery.rows
    score = discovery.evaluation.scores[GENERATED]
    with atomic_path(folder / CRYSTALS) as temporary, temporary.open("w", newline="", encoding="utf-8") as f:
        writer = csv.DictWriter(f, [field.name for field in fields(DiscoveryRow)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
    kept = [row for row in rows if row.id in score.relaxed]
    crystals = [relaxed_crystal(row.id, score.relaxed[row.id]) for row in kept]
    write_extxyz(folder / RELAXED, crystals)
    _write_cifs(folder / "cifs", discovery)
    with atomic_path(folder / "figures") as temporary:
        temporary.mkdir()
        write_figures(temporary, {"discovered": score.rows}, discovery.evaluation.hull)
    write_rejected(folder / REJECTED, discovery.rejections)
    write_json(folder / SUMMARY, {**_summary(discovery), **about})
    write_text(folder / PAGE, write_page(discovery, about))


def _write_cifs(folder: Path, discovery: Discovery) -> None:
    """Write three CIFs for each relaxed crystal: symmetrised conventional, primitive, and as relaxed."""
    relaxed = discovery.evaluation.scores[GENERATED].relaxed
    rows = [row for row in discovery.rows if row.id in relaxed]
    names = [f"{name}.cif" for name in file_names([row.id for row in rows])]
    with atomic_path(folder) as temporary:
        for kind in ("conventional", "primitive", "raw"):
            (temporary / kind).mkdir(parents=True)
        for name, row in zip(names, rows, strict=True):
            crystal = relaxed_crystal(row.id, relaxed[row.id])
            found = find_space_group(crystal, row.symprec)
            texts = {
                "raw": to_cif(crystal),
                "conventional": symmetrised_cif(crystal, row.symprec) if found else to_cif(crystal),
                "primitive": to_cif(found.primitive if found else crystal),
            }
            for kind, text in texts.items():
                (temporary / kind / name).write_text(text, encoding="utf-8")
        write_name_table(temporary / TABLE, [row.id for row in rows], names)


def _summary(discovery: Discovery) -> dict[str, object]:
    rows = discovery.rows
    return {
        "proposed": discovery.proposed,
        "relaxed": len(rows),
        "converged": sum(row.outcome == "converged" for row in rows),
        "unique": sum(row.unique and row.outcome == "converged" for row in rows),
        "stable": sum(row.stable and row.unique for row in rows),
        "near_hull": sum(row.near_hull and row.unique for row in rows),
        "stable_unique_novel": sum(row.stable and row.unique and row.novel for row in rows),
        "share_p1": share_p1(rows),
        **{f"phonons_{one}": sum(r.dynamics == one for r in rows) for one in COUNTED if rows[0].dynamics},
        "fell_out": dict(sorted(Counter(one.stage for one in discovery.rejections).items())),
        "hull": discovery.evaluation.summary["hull"],
    }


def discovery_table(discovery: Discovery, most: int = MOST_ROWS) -> str:
    """Write the ranked table for the terminal."""
    lines = aligned([HEAD, *(_cells(row) for row in discovery.rows[:most])])
    if len(discovery.rows) > most:
        lines.append(f"and {len(discovery.rows) - most} more: see {CRYSTALS}")
    share = share_p1(discovery.rows)
    notes = [LEGEND]
    if share is not None:
        notes.append(f"P1: {100 * share:.0f} % of the distinct converged crystals")
    notes += sorted({f"hull: {row.hull}" for row in discovery.rows if row.bound})[:3]
    evaluation = discovery.evaluation
    if evaluation.phonon_cost is not None:
        notes.append(phonon_table(evaluation.scores[GENERATED].rows, evaluation.phonon_cost))
    return "\n".join([*lines, *notes])


def _cells(row: DiscoveryRow) -> tuple[str, ...]:
    energy, second = row.energy_above_hull, row.second_energy_above_hull
    above = "–" if energy is None else f"{'≥ ' if row.bound else ''}{energy:.3f}"
    stable = "stable" if row.stable else "near" if row.near_hull else "no"
    return (
        str(row.rank),
        row.id,
        f"{row.space_group} ({row.space_group_number})",
        above if row.outcome == "converged" else f"{above} {row.outcome}",
        stable,
        "yes" if row.unique else "no",
        "yes" if row.novel else f"no{f' ({row.listed_as})' if row.listed_as else ''}",
        "–" if second is None else f"{second:.3f}",
        row.origin,
    )
