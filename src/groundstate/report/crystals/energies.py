"""Figures of stability: energy above the hull and formation energy of the generated crystals."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from groundstate.report.figures import COLORS, GREY, Figure, base_layout, significant

HULL_LINES = (0.0, 0.1)  # on the hull; MatterGen's bar for "stable", eV per atom


HULL, FORMATION = "energy_above_hull", "formation_energy_per_atom"  # columns of stability/crystals.csv


def hull_figure(figure_id: str, crystals: pd.DataFrame, label: str) -> Figure | None:
    """Draw the energy above the hull of each crystal, lowest first, coloured by class."""
    placed = crystals[np.isfinite(crystals[HULL])].sort_values([HULL, "id"])
    if placed.empty:
        return None
    classes = placed["class"].astype(str) if "class" in placed else pd.Series("relaxed", index=placed.index)
    data = []
    for index, name in enumerate(sorted(classes.unique())):
        chosen = (classes == name).to_numpy()
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": [int(rank) for rank in np.flatnonzero(chosen) + 1],
                "y": significant(placed[HULL][chosen]),
                "text": [f"{row.formula} ({row.id})" for row in placed[chosen].itertuples()],
                "hovertemplate": "%{text}<br>%{y:.3f} eV/atom<extra></extra>",
                "marker": {"size": 11, "color": COLORS[index % len(COLORS)]},
            }
        )
    lines = [
        {
            "type": "line",
            "x0": 0,
            "x1": 1,
            "xref": "paper",
            "y0": y,
            "y1": y,
            "line": {"color": GREY, "dash": "dot"},
        }
        for y in HULL_LINES
    ]
    return Figure(
        figure_id,
        f"Energy above the {label}",
        "One point per crystal, lowest first. Dotted: 0 (on the hull) and 0.1 eV/atom. Where the hull misses "
        "a stable phase the value is a lower bound.",
        data,
        base_layout(
            xaxis={"title": {"text": "rank"}, "dtick": max(1, len(placed) // 10)},
            yaxis={"title": {"text": "eV per atom"}},
            shapes=lines,
        ),
    )


def formation_figure(
    figure_id: str, model: str, crystals: pd.DataFrame, data_set: Sequence[float]
) -> Figure | None:
    """Draw formation energies of the generated crystals over the histogram of the data set's own."""
    placed = crystals[np.isfinite(crystals[FORMATION].astype(float))]
    theirs = np.asarray(data_set, dtype=float)
    theirs = theirs[np.isfinite(theirs)]
    if placed.empty:
        return None
    data, height = [], 1.0
    if len(theirs):
        counts, edges = np.histogram(theirs, bins=40)
        shares = counts / len(theirs)
        height = float(shares.max())
        data.append(
            {
                "type": "bar",
                "name": f"data set ({len(theirs):,})",
                "x": significant((edges[1:] + edges[:-1]) / 2),
                "y": significant(shares),
                "marker": {"color": GREY},
                "opacity": 0.7,
                "hovertemplate": "%{x:.2f} eV/atom: %{y:.1%}<extra></extra>",
            }
        )
    data.append(
        {
            "type": "scatter",
            "mode": "markers",
            "name": f"{model}, relaxed ({len(placed):,})",
            "x": significant(placed[FORMATION]),
            "y": [round(-0.07 * height, 5)] * len(placed),
            "text": [f"{row.formula} ({row.id})" for row in placed.itertuples()],
            "hovertemplate": "%{text}<br>%{x:.3f} eV/atom<extra></extra>",
            "marker": {"size": 13, "symbol": "line-ns", "line": {"width": 2.5, "color": COLORS[0]}},
        }
    )
    return Figure(
        figure_id,
        f"Formation energy, {model}",
        "Bars: the data set, with its own (DFT) energies. Ticks: the generated crystals, relaxed with the "
        "potential that the definitions name.",
        data,
        base_layout(
            bargap=0.04,
            xaxis={"title": {"text": "eV per atom"}},
            yaxis={"title": {"text": "share of data set"}, "tickformat": ".0%", "zeroline": True},
        ),
    )
