"""Phase diagrams: known phases, their convex hull, and the generated crystals on it."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
from pymatgen.core import Composition

from groundstate.report.crystals.energies import FORMATION, HULL
from groundstate.report.figures import COLORS, GREY, Figure, new_plot, significant
from groundstate.report.parts import anchor

PHASES = "reference_phases.csv"  # of the folder stability
MOST = 8  # diagrams of one model
FEWEST = 2  # known compounds of a system that is drawn
NEAR = 0.3  # eV per atom above their hull: known phases further up are left out
SOURCE = "Source: stability/crystals.csv and reference_phases.csv."


def hull_figures(key: str, crystals: pd.DataFrame, phases: pd.DataFrame) -> tuple[list[Figure], int]:
    """Draw the binary and ternary systems that hold relaxed crystals and several known phases.

    Parameters
    ----------
    key
        Beginning of the ids of the figures.
    crystals
        Rows of ``stability/crystals.csv``.
    phases
        Rows of ``stability/reference_phases.csv``: compounds, energies in eV per atom; the elements are at 0.

    Returns
    -------
    The systems with the lowest crystals, and how many more could be drawn.
    """
    placed = crystals[crystals[HULL].notna() & crystals["system"].str.count("-").isin([1, 2])]
    known = phases.assign(elements=[frozenset(Composition(one).as_dict()) for one in phases["formula"]])
    drawn = []
    for system, members in sorted(placed.groupby("system"), key=lambda item: (item[1][HULL].min(), item[0])):
        symbols = str(system).split("-")
        inside = known[[own <= set(symbols) for own in known["elements"]]]
        if len(inside) >= FEWEST:
            drawn.append((symbols, members, inside))
    figures = [_figure(key, *one) for one in drawn[:MOST]]
    return figures, len(drawn) - len(figures)


def _figure(key: str, symbols: Sequence[str], crystals: pd.DataFrame, known: pd.DataFrame) -> Figure:
    entries = [PDEntry(Composition(symbol), 0.0, symbol) for symbol in symbols]
    for row in known.itertuples():
        composition = Composition(row.formula)
        entries.append(PDEntry(composition, row.formation_energy_per_atom * composition.num_atoms, row.id))
    diagram = PhaseDiagram(entries)
    near = [entry for entry in entries if (diagram.get_e_above_hull(entry) or 0.0) <= NEAR]
    shown = {
        "known phase on the hull": [entry for entry in near if entry in diagram.stable_entries],
        "known phase above it": [entry for entry in near if entry not in diagram.stable_entries],
    }
    draw = _binary if len(symbols) == 2 else _ternary
    names = "–".join(symbols)
    return Figure(
        anchor(key, "system", *symbols),
        f"Phase diagram {names}",
        f"Grey: the {len(known):,} known compounds of the system and its elements"
        f"{_left_out(len(entries) - len(near))}, and the hull that they make"
        + (" (a triangle is a mixture of its corners). " if len(symbols) == 3 else ". ")
        + f"Diamonds: the {len(crystals):,} generated crystal{'s' * (len(crystals) > 1)} of this system, "
        f"relaxed; {HOW_TO_READ[len(symbols)]} {SOURCE}",
        draw(diagram, symbols, shown, crystals),
        height=380 if len(symbols) == 2 else 460,
    )


HOW_TO_READ = {
    2: "a diamond under the line beats every known mixture; energies in eV/atom, lower is better.",
    3: "colour: energy above the hull of the known phases and the other crystals, eV/atom, lower is better.",
}


def _left_out(count: int) -> str:
    return f" ({count:,} more than {NEAR} eV/atom above the hull are left out)" if count else ""


def _shares(composition: Composition, symbols: Sequence[str]) -> list[float]:
    return [round(float(composition.get_atomic_fraction(symbol)), 5) for symbol in symbols]


def _texts(entries: Sequence[PDEntry], diagram: PhaseDiagram) -> list[str]:
    return [
        f"{entry.composition.reduced_formula} {entry.name}<br>"
        f"{diagram.get_form_energy_per_atom(entry):.3f} eV/atom"
        for entry in entries
    ]


def _of_crystals(crystals: pd.DataFrame) -> dict:
    """Say formulas of generated crystals, and on hovering ids and energies."""
    texts = [
        f"{row.id}<br>{getattr(row, FORMATION):.3f} eV/atom, {getattr(row, HULL):.3f} above the hull"
        for row in crystals.itertuples()
    ]
    return {
        "name": "generated, relaxed",
        "mode": "markers+text" if len(crystals) <= 12 else "markers",
        "text": crystals["formula"].tolist(),
        "textposition": "top center",
        "customdata": texts,
        "hovertemplate": "%{text} %{customdata}<extra></extra>",
    }


def _binary(
    diagram: PhaseDiagram,
    symbols: Sequence[str],
    shown: Mapping[str, Sequence[PDEntry]],
    crystals: pd.DataFrame,
) -> go.Figure:
    plot = new_plot(f"share of {symbols[1]} in {symbols[0]}–{symbols[1]}", "formation energy, eV/atom")
    for index, (name, entries) in enumerate(shown.items()):
        points = sorted(
            (_shares(e.composition, symbols)[1], diagram.get_form_energy_per_atom(e), text)
            for e, text in zip(entries, _texts(entries, diagram), strict=True)
        )
        plot.add_scatter(
            name=name,
            mode="lines+markers" if index == 0 else "markers",
            x=[x for x, *_ in points],
            y=significant([y for _, y, _ in points]),
            text=[text for *_, text in points],
            hovertemplate="%{text}<extra></extra>",
            line_color=GREY,
            marker={"color": GREY, "size": 8, "symbol": "circle" if index == 0 else "circle-open"},
        )
    plot.add_scatter(
        x=[_shares(Composition(formula), symbols)[1] for formula in crystals["formula"]],
        y=significant(crystals[FORMATION]),
        marker={"color": COLORS[1], "size": 11, "symbol": "diamond"},
        **_of_crystals(crystals),
    )
    return plot.update_xaxes(range=[-0.04, 1.04]).update_layout(hovermode="closest")


def _ternary(
    diagram: PhaseDiagram,
    symbols: Sequence[str],
    shown: Mapping[str, Sequence[PDEntry]],
    crystals: pd.DataFrame,
) -> go.Figure:
    plot = new_plot("", "", margin={"l": 40, "r": 40, "t": 80, "b": 40}).update_layout(
        legend_y=1.12,  # above the corner
        ternary={f"{axis}axis": {"title": {"text": s}} for axis, s in zip("abc", symbols, strict=True)}
        | {"sum": 1},
    )
    corners: list[Sequence[float | None]] = []
    for facet in diagram.facets:
        places = [_shares(diagram.qhull_entries[index].composition, symbols) for index in facet]
        corners += [*places, places[0], [None] * 3]
    plot.add_scatterternary(
        **_places(corners), mode="lines", line={"color": GREY, "width": 1}, hoverinfo="skip", showlegend=False
    )
    for index, (name, entries) in enumerate(shown.items()):
        plot.add_scatterternary(
            **_places([_shares(entry.composition, symbols) for entry in entries]),
            name=name,
            mode="markers+text" if index == 0 else "markers",
            text=["" if entry.is_element else entry.composition.reduced_formula for entry in entries],
            textposition="bottom center",
            cliponaxis=False,
            customdata=_texts(entries, diagram),
            hovertemplate="%{customdata}<extra></extra>",
            marker={"color": GREY, "size": 8, "symbol": "circle" if index == 0 else "circle-open"},
        )
    plot.add_scatterternary(
        **_places([_shares(Composition(formula), symbols) for formula in crystals["formula"]]),
        **_of_crystals(crystals),
        cliponaxis=False,
        marker={
            "color": significant(crystals[HULL]),
            "cmin": 0,
            "cmax": float(np.clip(crystals[HULL].max(), 0.1, 1.0)),
            "colorscale": [[0, "#009E73"], [0.5, "#E69F00"], [1, "#D55E00"]],
            "colorbar": {"title": {"text": "eV/atom", "font": {"size": 12}}, "thickness": 10, "len": 0.7},
            "size": 12,
            "symbol": "diamond",
        },
    )
    return plot


def _places(shares: Sequence[Sequence[float | None]]) -> dict[str, list[float | None]]:
    """Columns ``a``, ``b``, ``c`` of points in a Gibbs triangle."""
    return {axis: [one[index] for one in shares] for index, axis in enumerate("abc")}
