"""Figures of stability: energy above the hull and formation energy of the generated crystals."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from groundstate.report.figures import COLORS, GREY, Figure, new_plot, significant

HULL_LINES = (0.0, 0.1)  # on the hull; MatterGen's bar for "stable", eV per atom
HULL, FORMATION = "energy_above_hull", "formation_energy_per_atom"  # columns of stability/crystals.csv
SOURCE = "Source: stability/crystals.csv."


def hull_figure(figure_id: str, crystals: pd.DataFrame, label: str) -> Figure | None:
    """Draw the energy above the hull of each crystal, lowest first, coloured by class."""
    placed = crystals[np.isfinite(crystals[HULL])].sort_values([HULL, "id"])
    if placed.empty:
        return None
    placed = placed.assign(rank=range(1, len(placed) + 1), place=crystal_names(placed))
    plot = new_plot("rank", "energy above the hull, eV/atom")
    classes = placed["class"].astype(str) if "class" in placed else pd.Series("relaxed", index=placed.index)
    for index, (name, group) in enumerate(placed.groupby(classes)):
        plot.add_scatter(
            mode="markers",
            name=f"{str(name).replace('_', ' ')} ({len(group):,})",
            x=group["rank"].tolist(),
            y=significant(group[HULL]),
            text=group["place"].tolist(),
            hovertemplate="%{text}<br>%{y:.3f} eV/atom<extra></extra>",
            marker_size=11 if len(placed) < 100 else 6,
            marker_color=COLORS[index % len(COLORS)],
        )
    for energy in HULL_LINES:
        plot.add_hline(energy, line_color=GREY, line_dash="dot")
    plot.update_xaxes(dtick=max(1, len(placed) // 10))
    return Figure(
        figure_id,
        f"Energy above the {label}",
        f"The {len(placed):,} relaxed crystals that have a place on a hull, lowest first; lower is better. "
        "Dotted: 0 (on the hull) and 0.1 eV/atom. Where the hull misses a stable phase the value is a lower "
        f"bound. {SOURCE}",
        plot,
    )


def crystal_names(crystals: pd.DataFrame) -> list[str]:
    """Name each crystal by formula and id."""
    return [f"{formula} ({name})" for formula, name in zip(crystals["formula"], crystals["id"], strict=True)]


def formation_figure(
    figure_id: str, model: str, crystals: pd.DataFrame, data_set: Sequence[float]
) -> Figure | None:
    """Draw formation energies of the generated crystals over the histogram of the data set's own."""
    placed = crystals[np.isfinite(crystals[FORMATION].astype(float))]
    theirs = np.asarray(data_set, dtype=float)
    theirs = theirs[np.isfinite(theirs)]
    if placed.empty:
        return None
    plot, height = new_plot("formation energy, eV/atom", "share of data set", bargap=0.04), 1.0
    if len(theirs):
        counts, edges = np.histogram(theirs, bins=40)
        shares = counts / len(theirs)
        height = float(shares.max())
        plot.add_bar(
            name=f"data set ({len(theirs):,})",
            x=significant((edges[1:] + edges[:-1]) / 2),
            y=significant(shares),
            marker_color=GREY,
            opacity=0.7,
            hovertemplate="%{x:.2f} eV/atom: %{y:.1%}<extra></extra>",
        )
    plot.add_scatter(
        mode="markers",
        name=f"{model}, relaxed ({len(placed):,})",
        x=significant(placed[FORMATION]),
        y=[round(-0.07 * height, 5)] * len(placed),
        text=crystal_names(placed),
        hovertemplate="%{text}<br>%{x:.3f} eV/atom<extra></extra>",
        marker={"size": 13, "symbol": "line-ns", "line": {"width": 2.5, "color": COLORS[0]}},
    )
    plot.update_yaxes(tickformat=".0%", zeroline=True)
    return Figure(
        figure_id,
        f"Formation energy, {model}",
        f"Bars: the {len(theirs):,} crystals of the data set that have one, with its own (DFT) energies. "
        f"Ticks: the {len(placed):,} generated crystals, relaxed with the potential of the definitions. "
        f"Further left is more strongly bound, not more stable. {SOURCE}",
        plot,
    )
