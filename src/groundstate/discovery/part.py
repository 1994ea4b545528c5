"""What the report of a run says of a discovery: its ranked table, and the way to its own page."""

import os
import urllib.parse
from pathlib import Path

from markupsafe import Markup

from groundstate.discovery.files import CRYSTALS, NEAR, PAGE, SUMMARY
from groundstate.report.parts import Block, Part, anchor, structure_table
from groundstate.report.runs import read_json, read_table

BY = "energy_above_hull"
SHOWN = (
    "rank",
    "formula",
    "space_group",
    BY,
    "bound",
    "stable",
    "near_hull",
    "unique",
    "novel",
    "listed_as",
    "origin",
)
LABELS = {
    "rank": {"label": "rank"},
    "space_group": {"label": "space group"},
    BY: {"label": "energy above hull", "unit": "eV/atom"},
    "near_hull": {"label": f"within {1000 * NEAR:g} meV/atom"},
    "bound": {"label": "lower bound"},
    "listed_as": {"label": "known as"},
}


def discovery_part(folder: Path, home: Path) -> Part:
    """Build the part of one search; ``home`` is the folder that relative links start from.

    Raises ``GroundstateError`` where the folder holds no finished search.
    """
    summary, table = read_json(folder / SUMMARY), read_table(folder / CRYSTALS)
    key = anchor("discovery", folder.name)
    proposed = sum(summary["proposed"].values())
    sentence = (
        f"{proposed:,} crystals proposed for {summary['asked']}, {summary['relaxed']:,} relaxed to the end "
        f"within the budget of {summary['budget']}, {summary['unique']:,} of them distinct and converged: "
        f"{summary['stable']:,} on the hull of known phases, {summary['near_hull']:,} on it or within "
        f"{1000 * NEAR:g} meV/atom of it, {summary['stable_unique_novel']:,} on it and like no known crystal "
        f"of the system. Hull: {summary['hull'].get('label', 'not described')}. "
    )
    href = urllib.parse.quote(os.path.relpath(folder / PAGE, home))
    link = Markup('<a href="{}">All of it: table, structures in 3D, hull</a>.').format(href)
    block = Block(f"{key}-crystals", "Crystals by rank", [Markup("{}{}").format(sentence, link)])
    caption = (
        f"At most 30 of {len(table):,}, lowest energy above the hull of known phases first. All: {CRYSTALS}."
    )
    ranked = table.assign(place=-table["rank"])
    block.lists = [
        structure_table(ranked, "place", SHOWN, LABELS, f"Relaxed crystals of {folder.name}", caption)
    ]
    return Part(key, "Discovery", folder.name, [], [block])
