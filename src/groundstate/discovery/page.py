"""The page of a discovery: verdict, table, phase diagram, what fell out; one file, no outside address."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import cast

from markupsafe import Markup
from plotly.graph_objects import Figure
from pymatgen.analysis.phase_diagram import PDEntry, PDPlotter, PhaseDiagram
from pymatgen.core import Composition

from groundstate.discovery.discover import Discovery
from groundstate.discovery.rows import DiscoveryRow, share_p1
from groundstate.report.html import fill
from groundstate.stability.references.hull import ReferenceHull

MOST_DIAGRAMS = 4
UNSTABLE_SHOWN = 0.2  # eV per atom above the hull
COLUMNS = {
    "rank": "Rank",
    "id": "Id",
    "space_group": "Space group",
    "wyckoff": "Wyckoff",
    "energy_above_hull": "Above hull, eV/atom",
    "stable": "Stable",
    "unique": "Unique",
    "novel": "Novel",
    "second_energy_above_hull": "Second potential, eV/atom",
    "outcome": "Relaxation",
    "origin": "Origin",
}


def write_page(discovery: Discovery, about: Mapping[str, object]) -> str:
    """Give the HTML text."""
    rows = discovery.rows
    diagrams = phase_diagrams(rows, discovery.evaluation.hull)
    share = share_p1(rows)
    return fill(
        "discovery.html",
        room="groundstate.discovery",
        with_plotly=bool(diagrams),
        title=str(about.get("asked", "Discovery")),
        columns=list(COLUMNS.values()),
        rows=[[_text(row, name) for name in COLUMNS] for row in rows],
        facts=[
            ("Proposed", ", ".join(f"{count} by {name}" for name, count in discovery.proposed.items())),
            ("Relaxed to the end", str(len(rows))),
            ("On the hull", str(sum(row.stable and row.unique for row in rows))),
            ("Of these novel", str(sum(row.stable and row.unique and row.novel for row in rows))),
            ("P1", "none converged" if share is None else f"{100 * share:.0f} % of distinct crystals"),
            ("Budget", str(about.get("budget", ""))),
        ],
        hulls=sorted({f"{row.formula}: {row.hull}" for row in rows}),
        fell_out=Counter(one.stage for one in discovery.rejections).most_common(),
        diagrams=[Markup(text) for text in diagrams],
    )


def _text(row: DiscoveryRow, name: str) -> str:
    value = getattr(row, name)
    if name == "space_group":
        return f"{value} ({row.space_group_number})"
    if name == "energy_above_hull":
        return "–" if value is None else f"{'≥ ' if row.bound else ''}{value:.3f}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}"
    return "–" if value is None else str(value)


def phase_diagrams(rows: Sequence[DiscoveryRow], hull: ReferenceHull) -> list[str]:
    """Draw the phase diagrams of the chemical systems (two to four elements) as HTML, at most four."""
    systems: dict[str, list[DiscoveryRow]] = {}
    for row in rows:
        if row.outcome == "converged" and row.unique and row.formation_energy_per_atom is not None:
            symbols = sorted(element.symbol for element in Composition(row.formula))
            systems.setdefault("-".join(symbols), []).append(row)
    drawn: list[str] = []
    for system, members in sorted(systems.items(), key=lambda item: (-item[0].count("-"), item[0])):
        symbols = system.split("-")
        if 2 <= len(symbols) <= 4 and len(drawn) < MOST_DIAGRAMS:
            drawn.append(_diagram(symbols, members, hull))
    return drawn


def _diagram(symbols: Sequence[str], rows: Sequence[DiscoveryRow], hull: ReferenceHull) -> str:
    entries = [PDEntry(Composition(symbol), 0.0, symbol) for symbol in symbols]
    for phase in hull.competing(Composition(dict.fromkeys(symbols, 1))):
        entries.append(_entry(phase.composition.formula, phase.formation_energy, phase.id))
    for row in rows:
        if row.formation_energy_per_atom is not None:
            entries.append(_entry(row.formula, row.formation_energy_per_atom, row.id))
    plotter = PDPlotter(PhaseDiagram(entries), show_unstable=UNSTABLE_SHOWN, backend="plotly")
    figure = cast(Figure, plotter.get_plot())
    figure.update_layout(title="-".join(symbols), width=820, height=620)
    identity = "diagram-" + "-".join(symbols)
    return str(figure.to_html(full_html=False, include_plotlyjs=False, div_id=identity))


def _entry(formula: str, formation_energy: float, name: str) -> PDEntry:
    composition = Composition(formula)
    return PDEntry(
        composition, formation_energy * composition.num_atoms, f"{composition.reduced_formula} {name}"
    )
