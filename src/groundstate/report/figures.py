"""Plotly figures as plain JSON values: training, scores against the start, distributions of errors."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from markupsafe import Markup

from groundstate.report.labels import BASELINES, define
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
    data: list[dict]
    layout: dict
    height: int = 340

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


def base_layout(**extra: object) -> dict:
    """Margins and legend that all figures share."""
    return {
        "margin": {"l": 60, "r": 20, "t": 16, "b": 50},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        **extra,
    }


def training_figure(figure_id: str, models: Models) -> Figure | None:
    """Draw training (thin) and validation (thick) loss of every run against the optimiser step."""
    data: list[dict] = []
    losses: list[float] = []
    histories = [(run, run.training) for runs in models.values() for run in runs if run.training is not None]
    for index, (run, history) in enumerate(histories):
        color, name = COLORS[index % len(COLORS)], f"{run.model}, seed {run.seed}"
        for column, style in (
            ("train_loss", {"width": 1.2, "dash": "dot"}),
            ("validation_loss", {"width": 2.4}),
        ):
            if column not in history:
                continue
            losses.extend(history[column])
            data.append(
                {
                    "type": "scatter",
                    "mode": "lines+markers" if len(history) < 40 else "lines",
                    "x": history["step"].astype(int).tolist(),
                    "y": significant(history[column]),
                    "name": f"{name}, {column.removesuffix('_loss').replace('train', 'training')}",
                    "line": {"color": color, **style},
                    "marker": {"size": 4},
                }
            )
    if not data:
        return None
    finite = [value for value in losses if np.isfinite(value)]
    scale = "log" if finite and min(finite) > 0 and max(finite) > 5 * min(finite) else "linear"
    return Figure(
        figure_id,
        "Training curves",
        "Dotted: loss on training batches. Solid: loss on the validation part, with averaged weights; "
        "its lowest point is the checkpoint that was scored." + " Logarithmic scale." * (scale == "log"),
        data,
        base_layout(
            xaxis={"title": {"text": "optimiser step"}},
            yaxis={"title": {"text": "loss"}, "type": scale},
            hovermode="x unified",
        ),
    )


def relative_figure(figure_id: str, methods: list[Method], start: str) -> Figure | None:
    """Draw each error as a share of the error of the start geometry: left of 1 is better."""
    reference = next((method for method in methods if method.name == start), None)
    if reference is None:
        return None
    starts = {key: value for key in ERRORS if (value := reference.mean(key))}
    keys = list(starts)
    if not keys:
        return None
    data = []
    for index, method in enumerate(methods):
        errors = {key: value for key in keys if (value := method.mean(key)) is not None}
        if not errors or method.name in (start, "dft"):
            continue
        values = [value / starts[key] for key, value in errors.items()]
        pairs = [method.interval(key) for key in errors]
        ends = [
            (value - pair[0] / starts[key], pair[1] / starts[key] - value) if pair else (0.0, 0.0)
            for key, value, pair in zip(errors, values, pairs, strict=True)
        ]
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": method.name if method.ours else BASELINES.get(method.name, method.name),
                "x": significant(values),
                "y": [define(key, reference.definitions).label for key in errors],
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "arrayminus": significant([low for low, _ in ends]),
                    "array": significant([high for _, high in ends]),
                    "thickness": 1.5,
                },
                "marker": {
                    "size": 11,
                    "color": COLORS[index % len(COLORS)] if method.ours else GREY,
                    "symbol": "circle" if method.ours else "diamond-open",
                },
            }
        )
    if not data:
        return None
    return Figure(
        figure_id,
        f"Errors relative to the {start.upper()} start",
        f"1 (line) is the error of the {start.upper()} conformer that refinement starts from; left of it is "
        f"better. Over {int(reference.mean('n') or 0):,} molecules, the same for all; bars: 95 % interval "
        "of the method's own error.",
        data,
        base_layout(
            xaxis={"title": {"text": f"error / error of {start.upper()}"}, "rangemode": "tozero"},
            yaxis={"autorange": "reversed", "type": "category"},
            shapes=[
                {"type": "line", "x0": 1, "x1": 1, "y0": 0, "y1": 1, "yref": "paper", "line": {"color": GREY}}
            ],
        ),
        height=140 + 26 * len(keys),
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
    data, tails = [], []
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
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": name,
                "x": significant(ordered),
                "y": significant(shares),
                "line": {"color": color, "width": 2.4, "shape": "hv", "dash": dash},
            }
        )
    if not data:
        return None
    return Figure(
        figure_id,
        title,
        f"Share of molecules with at most the error on the axis; higher and further left is better.{note}",
        data,
        base_layout(
            xaxis={"title": {"text": axis}, "range": [0, float(f"{max(tails):.4g}") or 1.0]},
            yaxis={"title": {"text": "share of molecules"}, "tickformat": ".0%", "range": [0, 1.02]},
            hovermode="x unified",
        ),
    )


def without_addresses(script: str) -> str:
    """Take the scheme off Plotly's map tiles and services: unused here, and nothing can call out."""
    return ADDRESS.sub("", script)
