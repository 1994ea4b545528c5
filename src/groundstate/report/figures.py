"""Plotly figures of the page: training, scores against the start, distributions of errors."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from markupsafe import Markup

from groundstate.report.labels import define
from groundstate.report.methods import Method, Models

ADDRESS = re.compile(r"https?://(?!www\.w3\.org/)")  # XML namespaces are names, not addresses

# Okabe and Ito's colours: told apart by readers with any colour vision, on white and on black
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
GREY = "#8a919e"
DASHES = ("dash", "dot", "dashdot", "longdash")


# errors that have a place in one figure; the others are their variants
ERRORS = ("bond_mae", "angle_mae", "torsion_mae", "mae", "rmse", "mae_symmetric", "mae_heavy", "c_rmsd")


@dataclass(frozen=True)
class Figure:
    """A Plotly figure and the words around it. Colours of text and grid come from the page."""

    id: str
    title: str
    caption: str
    plot: go.Figure
    height: int = 340

    @property
    def data(self) -> list[dict]:
        """The traces, as plain JSON values."""
        return list(self.plot.to_plotly_json()["data"])

    @property
    def layout(self) -> dict:
        """The layout without Plotly's template: the page has a theme of its own."""
        layout = dict(self.plot.to_plotly_json()["layout"])
        layout.pop("template", None)
        return layout

    @property
    def json(self) -> Markup:
        """The specification, safe inside a script element."""
        return script_json({"data": self.data, "layout": self.layout})


def script_json(value: object) -> Markup:
    """JSON without any character that could end a script element; NaN is refused."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    return Markup(text.replace("<", "\\u003c"))


def significant(values: Sequence[float] | np.ndarray | pd.Series) -> list[float | None]:
    """Five significant digits are more than a plot shows; non-finite values become gaps."""
    return [
        float(f"{value:.5g}") if np.isfinite(value) else None for value in np.asarray(values, dtype=float)
    ]


def new_plot(x: str, y: str, **layout: object) -> go.Figure:
    """Start a plot with titles of its axes, and the margins and the legend that all figures share."""
    plot = go.Figure(
        layout={
            "margin": {"l": 60, "r": 20, "t": 16, "b": 50},
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
            "xaxis": {"title": {"text": x}},
            "yaxis": {"title": {"text": y}},
        }
    )
    return plot.update_layout(**layout)


def error_bars(low: Sequence[float], high: Sequence[float], **style: object) -> dict:
    """Give error bars that reach ``low`` below and ``high`` above the points."""
    ends = {"arrayminus": significant(low), "array": significant(high)}
    return {"type": "data", "symmetric": False, "thickness": 1.5} | ends | style


def training_figure(figure_id: str, models: Models) -> Figure | None:
    """Draw training (thin) and validation (thick) loss of every run against the optimiser step."""
    plot = new_plot("optimiser step", "loss", hovermode="x unified")
    losses: list[float] = []
    histories = [(run, run.training) for runs in models.values() for run in runs if run.training is not None]
    for index, (run, history) in enumerate(histories):
        name = f"{run.model}, seed {run.seed}"
        for column, part, style in (
            ("train_loss", "training", {"width": 1.2, "dash": "dot"}),
            ("validation_loss", "validation", {"width": 2.4}),
        ):
            if column not in history:
                continue
            losses.extend(history[column])
            plot.add_scatter(
                mode="lines+markers" if len(history) < 40 else "lines",
                x=history["step"].astype(int).tolist(),
                y=significant(history[column]),
                name=f"{name}, {part}",
                line={"color": COLORS[index % len(COLORS)], **style},
                marker_size=4,
            )
    if not losses:
        return None
    finite = [value for value in losses if np.isfinite(value)]
    logarithmic = bool(finite) and min(finite) > 0 and max(finite) > 5 * min(finite)
    plot.update_yaxes(type="log" if logarithmic else "linear")
    return Figure(
        figure_id,
        "Training curves",
        f"Loss of {len(histories)} training{'s' * (len(histories) > 1)}, no unit, lower is better. Dotted: "
        "on training batches. Solid: on the validation part, with averaged weights; its lowest point is the "
        f"checkpoint that was scored.{' Logarithmic scale.' * logarithmic} Source: training.csv.",
        plot,
    )


def relative_figure(figure_id: str, methods: list[Method], start: str) -> Figure | None:
    """Draw each error as a share of the error of the start geometry: left of 1 is better."""
    reference = next((method for method in methods if method.name == start), None)
    if reference is None:
        return None
    starts = {key: value for key in ERRORS if (value := reference.mean(key))}
    plot = new_plot(f"error / error of {start.upper()}", "")
    for index, method in enumerate(methods):
        errors = {key: value for key in starts if (value := method.mean(key)) is not None}
        if not errors or method.name in (start, "dft"):
            continue
        pairs = {key: method.interval(key) or (value, value) for key, value in errors.items()}
        plot.add_scatter(
            mode="markers",
            name=method.label,
            x=significant([value / starts[key] for key, value in errors.items()]),
            y=[define(key, reference.definitions).label for key in errors],
            error_x=error_bars(
                [(value - pairs[key][0]) / starts[key] for key, value in errors.items()],
                [(pairs[key][1] - value) / starts[key] for key, value in errors.items()],
            ),
            marker_size=11,
            marker_color=COLORS[index % len(COLORS)] if method.ours else GREY,
            marker_symbol="circle" if method.ours else "diamond-open",
        )
    if not plot.data:
        return None
    plot.update_xaxes(rangemode="tozero").update_yaxes(autorange="reversed", type="category")
    plot.add_vline(1, line_color=GREY)
    return Figure(
        figure_id,
        f"Errors relative to the {start.upper()} start",
        f"Each error as a share of that of the {start.upper()} conformer that refinement starts from (line "
        f"at 1): left is better. The same {int(reference.mean('n') or 0):,} molecules for all; bars: 95 % "
        "interval of the method's own error. Source: geometry/summary.json.",
        plot,
        height=140 + 26 * len(starts),
    )


def distribution_figure(
    figure_id: str,
    title: str,
    axis: str,
    samples: dict[str, Sequence[float]],
    beside: dict[str, Sequence[float]] | None = None,
    note: str = "",
) -> Figure | None:
    """Draw the share of structures with at most a given error, one curve per method.

    ``beside`` holds the baselines: broken grey lines under the coloured ones. ``note`` ends the caption.
    """
    lines = [(*item, GREY, DASHES[i % len(DASHES)]) for i, item in enumerate((beside or {}).items())]
    lines += [(*item, COLORS[i % len(COLORS)], "solid") for i, item in enumerate(samples.items())]
    plot, tails = new_plot(axis, "share of molecules", hovermode="x unified"), []
    for name, values, color, dash in lines:
        ordered = np.sort(np.asarray(values, dtype=float))
        ordered = ordered[np.isfinite(ordered)]
        if not len(ordered):
            continue
        tails.append(np.quantile(ordered, 0.98))
        shares = np.arange(1, len(ordered) + 1) / len(ordered)
        ordered, shares = np.insert(ordered, 0, 0.0), np.insert(shares, 0, 0.0)
        if len(ordered) > 400:  # as many points as the eye can see
            pick = np.unique(np.linspace(0, len(ordered) - 1, 400).round().astype(int))
            ordered, shares = ordered[pick], shares[pick]
        plot.add_scatter(
            mode="lines",
            name=name,
            x=significant(ordered),
            y=significant(shares),
            line={"color": color, "width": 2.4, "shape": "hv", "dash": dash},
        )
    if not tails:
        return None
    plot.update_xaxes(range=[0, float(f"{max(tails):.4g}") or 1.0])
    plot.update_yaxes(tickformat=".0%", range=[0, 1.02])
    return Figure(
        figure_id,
        title,
        f"Share of molecules with at most the error on the axis; higher and further left is better.{note}",
        plot,
    )


def without_addresses(script: str) -> str:
    """Take the scheme off Plotly's map tiles and services: unused here, and nothing can call out."""
    return ADDRESS.sub("", script)
