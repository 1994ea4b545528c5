"""Whether a model knows where it is wrong: the error that it expects against the error that it makes."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from scipy.stats import spearmanr
from scipy.stats import t as student

from groundstate.report.figures import COLORS, GREY, Figure, error_bars, new_plot, significant

ESTIMATE, ERROR = "error_estimate", "c_rmsd"  # columns of geometry/molecules.csv, angstrom
FEWEST = 15  # molecules below which no plot is drawn
MOST_POINTS = 1500
MANY = 100  # molecules from which tenths are told apart, else thirds


def calibration_figure(figure_id: str, tables: Mapping[str, pd.DataFrame]) -> Figure | None:
    """Draw true over expected errors: a point a molecule, and the mean of each tenth (or third) of them.

    Parameters
    ----------
    tables
        One row a molecule with the columns ``error_estimate`` and ``c_rmsd`` (angstrom), by model; models
        without estimates are passed over.
    """
    plot = new_plot(
        "error that the model expects, Å", "true error: RMSD of heavy atoms, Å", hovermode="closest"
    )
    sentences, tails = [], []
    for index, (model, table) in enumerate(tables.items()):
        if not {ESTIMATE, ERROR} <= set(table):
            continue
        pairs = table[["id", ESTIMATE, ERROR]].dropna().sort_values(ESTIMATE, kind="stable")
        if len(pairs) < FEWEST:
            continue
        name, parts = ("tenth", 10) if len(pairs) >= MANY else ("third", 3)
        color = COLORS[index % len(COLORS)]
        _add_points(plot, model, pairs, color)
        _add_means(
            plot,
            f"{model}, mean of each {name}",
            [pairs.iloc[one] for one in np.array_split(np.arange(len(pairs)), parts)],
            color,
        )
        rank = spearmanr(pairs[ESTIMATE], pairs[ERROR]).statistic if pairs[ESTIMATE].nunique() > 1 else np.nan
        correlation = f"rank correlation {rank:.2f}" if np.isfinite(rank) else "all estimates are equal"
        sentences.append(f"{model}: {len(pairs):,} molecules, {correlation}.")
        tails += [pairs[ERROR].quantile(0.98), pairs[ESTIMATE].max()]
    if not sentences:
        return None
    end = float(f"{1.05 * max(tails):.3g}") or 1.0
    plot.add_scatter(
        mode="lines", x=[0, end], y=[0, end], line={"color": GREY, "dash": "dot"}, name="as expected"
    )
    plot.update_xaxes(range=[0, end]).update_yaxes(range=[0, end])
    return Figure(
        figure_id,
        "Expected and true errors",
        "What each model takes the heavy-atom RMSD of its geometry to be (error_estimate), against what it "
        "is; the closer to the dotted line, the better; above it the model is too sure. Large points: "
        "molecules in parts of equal count by the estimate, with the 95 % interval of the mean (Student). "
        f"{' '.join(sentences)} Source: geometry/molecules.csv.",
        plot,
        height=420,
    )


def _add_points(plot: go.Figure, model: str, pairs: pd.DataFrame, color: str) -> None:
    shown = pairs.iloc[:: max(1, -(-len(pairs) // MOST_POINTS))]
    plot.add_scatter(
        mode="markers",
        name=model,
        x=significant(shown[ESTIMATE]),
        y=significant(shown[ERROR]),
        text=shown["id"].tolist(),
        hovertemplate="%{text}<br>expected %{x:.3f} Å, true %{y:.3f} Å<extra></extra>",
        marker={"size": 5, "opacity": 0.4, "color": color},
    )


def _add_means(plot: go.Figure, name: str, parts: list[pd.DataFrame], color: str) -> None:
    half = [
        student.ppf(0.975, len(part) - 1) * part[ERROR].std(ddof=1) / np.sqrt(len(part)) for part in parts
    ]
    plot.add_scatter(
        mode="lines+markers",
        name=name,
        x=significant([part[ESTIMATE].mean() for part in parts]),
        y=significant([part[ERROR].mean() for part in parts]),
        error_y=error_bars(half, half, color=color),
        text=[f"{len(part):,} molecules" for part in parts],
        hovertemplate="%{text}<br>expected %{x:.3f} Å, true %{y:.3f} Å<extra></extra>",
        line={"color": color, "width": 1.5},
        marker={"size": 10, "color": color, "line": {"width": 1, "color": "#fff"}},
    )
