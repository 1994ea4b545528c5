"""Figures of the stability stage: distances to the hull, energies before and after, hulls themselves."""

import io
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
from pymatgen.core import Composition
from pymatgen.entries import Entry

from groundstate.files import write_text
from groundstate.stability.references.hull import ReferenceHull
from groundstate.stability.rows import StabilityRow

BLUE, ORANGE, GREY = "#3b6ea5", "#d1702a", "#8a8a8a"
COLORS = (BLUE, ORANGE, "#4a8f5c", "#8c5a9e")
EDGES = np.linspace(0.0, 0.6, 25)  # eV per atom; what lies beyond is counted in the last bin
MOST_HULLS = 12
CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(3) / 2]])


def write_figures(
    folder: Path, sets: Mapping[str, Sequence[StabilityRow]], hull: ReferenceHull
) -> list[Path]:
    """Write the SVG figures that these rows give; the paths that were written.

    ``sets`` begins with the generated crystals; hull plots are of their binaries and ternaries, the first
    twelve systems in alphabetic order.
    """
    generated = next(iter(sets.values()))
    figures = {"energy_above_hull": _histogram(sets), "before_and_after": _before_and_after(sets)}
    by_system: dict[str, list[StabilityRow]] = {}
    for row in generated:
        if row.energy_above_hull is not None and row.system.count("-") in (1, 2):
            by_system.setdefault(row.system, []).append(row)
    for system in sorted(by_system)[:MOST_HULLS]:
        figures[f"hull_{system}"] = _hull(system, by_system[system], hull)
    written = []
    for name, figure in figures.items():
        if figure is not None:
            written.append(folder / f"{name}.svg")
            write_text(written[-1], _svg(figure))
    return written


def _svg(figure: Figure) -> str:
    """Draw the same bytes for the same numbers: no date, fixed identifiers."""
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "groundstate", "font.size": 9}):
        figure.savefig(buffer, format="svg", metadata={"Date": None}, bbox_inches="tight")
    return re.sub(r"\n\s*<!--.*?-->", "", buffer.getvalue())


def _axes(width: float = 5.0, height: float = 3.4) -> tuple[Figure, matplotlib.axes.Axes]:
    figure = Figure(figsize=(width, height))
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _histogram(sets: Mapping[str, Sequence[StabilityRow]]) -> Figure | None:
    figure, axes = _axes()
    drawn = False
    for (name, rows), color in zip(sets.items(), COLORS, strict=False):
        values = [
            r.energy_above_hull for r in rows if r.outcome == "converged" and r.energy_above_hull is not None
        ]
        if values:
            shares = np.histogram(np.minimum(values, EDGES[-1] - 1e-9), EDGES)[0] / len(values)
            axes.stairs(
                shares, EDGES, color=color, label=f"{name.replace('_', ' ')} ({len(values)})", linewidth=1.6
            )
            drawn = True
    axes.set_xlabel("energy above hull (eV per atom); the last bin holds what is beyond")
    axes.set_ylabel("share of converged crystals")
    if not drawn:
        return None
    axes.legend(frameon=False)
    return figure


def _before_and_after(sets: Mapping[str, Sequence[StabilityRow]]) -> Figure | None:
    figure, axes = _axes(4.4, 4.0)
    every: list[float] = []
    for (name, rows), color in zip(sets.items(), COLORS, strict=False):
        pairs = [
            (r.initial_formation_energy_per_atom, r.formation_energy_per_atom)
            for r in rows
            if r.outcome == "converged" and r.formation_energy_per_atom is not None
        ]
        if pairs:
            before, after = np.array(pairs).T
            axes.scatter(
                before, after, s=14, color=color, alpha=0.7, label=name.replace("_", " "), linewidths=0
            )
            every += [*before, *after]
    if not every:
        return None
    axes.axline((0, 0), slope=1, color=GREY, linewidth=0.8, linestyle=":")
    axes.set_xlim(min(every) - 0.2, np.quantile(every, 0.98) + 0.5)
    axes.set_xlabel("formation energy as generated (eV per atom)")
    axes.set_ylabel("after relaxation")
    axes.legend(frameon=False)
    return figure


def _hull(system: str, rows: Sequence[StabilityRow], hull: ReferenceHull) -> Figure:
    symbols = system.split("-")
    phases = hull.competing(Composition(dict.fromkeys(symbols, 1)))
    entries = [PDEntry(p.composition, p.formation_energy * p.composition.num_atoms) for p in phases]
    entries += [PDEntry(Composition(symbol), 0.0) for symbol in symbols]
    diagram = PhaseDiagram(entries)
    draw = _draw_binary if len(symbols) == 2 else _draw_ternary
    figure, axes = _axes(4.6, 3.4)
    draw(axes, diagram, symbols, rows)
    axes.set_title(f"{system}: {len(phases)} reference phases", fontsize=9)
    return figure


def _in_order(entries: Collection[Entry]) -> list[Entry]:
    """Sort a set, whose order changes from process to process, and with it the file."""
    return sorted(entries, key=lambda entry: (entry.composition.formula, entry.energy))


def _fractions(composition: Composition, symbols: Sequence[str]) -> np.ndarray:
    return np.array([composition.get_atomic_fraction(symbol) for symbol in symbols])


def _draw_binary(
    axes: matplotlib.axes.Axes, diagram: PhaseDiagram, symbols: Sequence[str], rows: Sequence[StabilityRow]
) -> None:
    def point(entry: Entry) -> tuple[float, float]:
        return _fractions(entry.composition, symbols)[1], diagram.get_form_energy_per_atom(entry)

    line = sorted(point(entry) for entry in diagram.stable_entries)
    axes.plot(*zip(*line, strict=True), color=GREY, marker="o", markersize=4, linewidth=1.2)
    for entry in _in_order(diagram.unstable_entries):
        axes.plot(*point(entry), color=GREY, marker="o", markersize=3, markerfacecolor="white")
    for row in rows:
        x, y = _fractions(Composition(row.formula), symbols)[1], row.formation_energy_per_atom
        if y is not None:
            axes.plot(x, y, marker="D", color=ORANGE, markersize=5)
            axes.annotate(row.formula, (x, y), (4, 4), textcoords="offset points", fontsize=7)
    axes.set_xlabel(f"share of {symbols[1]} in {symbols[0]}")
    axes.set_ylabel("formation energy (eV per atom)")


def _draw_ternary(
    axes: matplotlib.axes.Axes, diagram: PhaseDiagram, symbols: Sequence[str], rows: Sequence[StabilityRow]
) -> None:
    def place(composition: Composition) -> np.ndarray:
        return _fractions(composition, symbols) @ CORNERS

    for facet in diagram.facets:
        corners = np.array([place(diagram.qhull_entries[index].composition) for index in facet])
        axes.plot(*np.vstack([corners, corners[:1]]).T, color=GREY, linewidth=0.7)
    for entry in _in_order(diagram.stable_entries):
        x, y = place(entry.composition)
        axes.plot(x, y, marker="o", color=GREY, markersize=4)
        axes.annotate(
            entry.composition.reduced_formula, (x, y), (4, 4), textcoords="offset points", fontsize=7
        )
    for row in rows:
        x, y = place(Composition(row.formula))
        axes.plot(x, y, marker="D", color=ORANGE, markersize=6)
        text = f"{row.formula} {row.energy_above_hull:+.3f}"
        axes.annotate(text, (x, y), (6, -9), textcoords="offset points", fontsize=7, color=ORANGE)
    axes.set_aspect("equal")
    axes.axis("off")
