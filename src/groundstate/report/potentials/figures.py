"""Figures of potentials: parity, learning curves of the forces, energies along scans."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from groundstate.report.figures import COLORS, GREY, Figure, new_plot, significant
from groundstate.report.methods import Models

MOST_POINTS = 1500  # of one figure


def parity_figure(
    figure_id: str,
    title: str,
    unit: str,
    groups: Mapping[str, tuple[np.ndarray, np.ndarray]],
    caption: str,
) -> Figure | None:
    """Draw predicted over reference values, ``(reference, predicted)`` of each group in a colour."""
    total = sum(len(reference) for reference, _ in groups.values())
    if not total:
        return None
    every = max(1, -(-total // MOST_POINTS))
    plot = new_plot(f"reference, {unit}", f"predicted, {unit}")
    for index, (name, (reference, predicted)) in enumerate(groups.items()):
        plot.add_scatter(
            mode="markers",
            name=name,
            x=significant(reference[::every]),
            y=significant(predicted[::every]),
            marker={"size": 4, "opacity": 0.6, "color": COLORS[index % len(COLORS)]},
        )
    ends = significant(
        [
            min(min(reference.min(), predicted.min()) for reference, predicted in groups.values()),
            max(max(reference.max(), predicted.max()) for reference, predicted in groups.values()),
        ]
    )
    plot.add_scatter(mode="lines", x=ends, y=ends, line={"color": GREY, "width": 1}, showlegend=False)
    shown = f" One of {every} of the {total:,} values is drawn." if every > 1 else f" {total:,} values."
    return Figure(
        figure_id, title, f"{caption}{shown} On the line the two agree: the closer, the better.", plot, 420
    )


def learning_figure(figure_id: str, models: Models) -> Figure | None:
    """Draw the force RMSE on the validation part over the steps of every run, with averaged weights."""
    plot = new_plot("optimiser step", "force RMSE, meV/Å", hovermode="x unified")
    histories = [(run, run.training) for runs in models.values() for run in runs if run.training is not None]
    for index, (run, history) in enumerate(histories):
        if "validation_force" not in history:
            continue
        # that part of the loss is the mean square length of the error, three components
        errors = 1e3 * np.sqrt(history["validation_force"].to_numpy(dtype=float) / 3)
        plot.add_scatter(
            mode="lines+markers",
            x=history["step"].astype(int).tolist(),
            y=significant(errors),
            name=f"{run.model}, seed {run.seed}",
            line={"color": COLORS[index % len(COLORS)], "width": 2},
            marker_size=4,
        )
    if not plot.data:
        return None
    plot.update_xaxes(type="log").update_yaxes(type="log")
    return Figure(
        figure_id,
        "Learning curves",
        f"Root mean square error of the force components on the validation part, with averaged weights, of "
        f"{len(plot.data)} training{'s' * (len(plot.data) > 1)}; lower is better. Both axes are logarithmic. "
        "Source: training.csv.",
        plot,
    )


def scan_figure(figure_id: str, name: str, curves: Mapping[str, pd.DataFrame]) -> Figure | None:
    """Draw the energies of a scan by the reference and by each method, rows of scans.csv.

    Each curve is moved by the mean difference from the reference, of which the lowest energy is zero.
    """
    first = next((table for table in curves.values() if len(table)), None)
    if first is None:
        return None
    zero = first["energy"].min()
    plot = new_plot(str(first["axis"].iloc[0]), "energy over the lowest, meV")
    lines: list[tuple[str, Sequence, Sequence, str]] = [
        ("reference", first["coordinate"], first["energy"] - zero, GREY)
    ]
    for index, (method, table) in enumerate(curves.items()):
        moved = table["predicted"] - (table["predicted"] - table["energy"]).mean() - zero
        lines.append((method, table["coordinate"], moved, COLORS[index % len(COLORS)]))
    for label, x, y, color in lines:
        plot.add_scatter(
            mode="lines+markers",
            name=label,
            x=significant(x),
            y=significant(1e3 * np.asarray(y)),
            line={"color": color, "width": 2},
            marker_size=5,
        )
    return Figure(
        figure_id,
        f"Scan {name}",
        f"Energies of the {len(first):,} structures of the scan, in the order of the file; each curve is "
        "moved by its mean error, the closer to the reference the better. Source: errors/scans.csv.",
        plot,
    )
