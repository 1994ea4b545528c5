"""Where a model is wrong: its error by kind of molecule, and drawings of the molecules that it has worst."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from markupsafe import Markup
from rdkit import Chem
from rdkit.Chem import rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D
from scipy.stats import t as student

from groundstate.metrics.definition import Definition
from groundstate.report.figures import COLORS, GREY, Figure, error_bars, new_plot, significant
from groundstate.report.molecules.kinds import element_kinds, group_kinds, rotor_kinds, size_kinds
from groundstate.report.parts import Drawing, anchor

MOST = 5000  # molecules that are read for the figures
MOST_DRAWN = 8  # of the worst
FEWEST = 5  # molecules of a kind
WIDTH, HEIGHT = 220, 170  # pixels of a drawing


class KindOf(NamedTuple):
    """One way to tell molecules apart; ``ordered`` kinds keep their order, the others go by error."""

    title: str
    name: Callable[[Chem.Mol], list[str]]
    ordered: bool
    note: str = ""


KINDS = (
    KindOf("number of heavy atoms", size_kinds, True),
    KindOf("number of rotatable bonds", rotor_kinds, True),
    KindOf("element", element_kinds, False, " A molecule counts for each element that it has."),
    KindOf("functional group", group_kinds, False, " A molecule counts for each group that it has."),
)


def error_figures(
    key: str,
    about: Definition,
    models: Mapping[str, pd.DataFrame],
    baselines: Mapping[str, pd.DataFrame],
    column: str,
    mols: Mapping[str, Chem.Mol],
) -> list[Figure]:
    """Draw the mean error of each model and baseline over the molecules of each kind.

    Parameters
    ----------
    key
        Beginning of the ids of the figures.
    about
        What the error is.
    models, baselines
        One row a molecule, with ``id`` and ``column``, by the name in the legend; kinds are ordered by the
        first model, worst first.
    mols
        The molecules by id.
    """
    errors = {
        name: table.set_index("id")[column].astype(float).dropna()
        for name, table in {**models, **baselines}.items()
        if column in table
    }
    common = set(mols).intersection(*(one.index for one in errors.values()))
    figures = []
    for kinds in KINDS:
        members: dict[str, list[str]] = {}
        for name in sorted(common):
            for kind in kinds.name(mols[name]):
                members.setdefault(kind, []).append(name)
        groups = {kind: ids for kind, ids in members.items() if len(ids) >= FEWEST}
        if not groups:
            continue
        left = len(members) - len(groups)
        caption = (
            f"Mean over the test molecules of a kind, their number in brackets, of {len(common):,}; "
            f"{about.direction or 'lower'} is better. Bars: 95 % interval of the mean (Student)."
            f"{kinds.note}{_left_out(left)} Source: geometry/molecules.csv"
            f"{' and molecules_mmff.csv' * bool(baselines)}."
        )
        plot = _plot(about, errors, groups, kinds.ordered, list(models))
        title = f"{about.label} by {kinds.title}"
        figures.append(
            Figure(anchor(key, "by", kinds.title), title, caption, plot, height=130 + 26 * len(groups))
        )
    return figures


def _plot(
    about: Definition,
    errors: Mapping[str, pd.Series],
    groups: Mapping[str, Sequence[str]],
    ordered: bool,
    models: Sequence[str],
) -> go.Figure:
    """Draw the mean error of each method over each group of ids; the first method's worst group on top."""
    first = next(iter(errors.values()))
    order = sorted(groups, key=_by_number if ordered else lambda kind: -float(first[groups[kind]].mean()))
    plot = new_plot(", ".join(part for part in (about.label, about.unit) if part), "")
    for index, (name, values) in reversed(list(enumerate(errors.items()))):  # models over baselines
        _add_means(plot, name, [values[groups[kind]].to_numpy() for kind in order], index, name in models)
    labels = [f"{kind} ({len(groups[kind]):,})" for kind in order]
    plot.update_traces(y=labels)
    plot.update_xaxes(rangemode="tozero")
    plot.update_yaxes(type="category", categoryorder="array", categoryarray=labels[::-1], automargin=True)
    return plot


def _by_number(kind: str) -> int:
    return int(kind.split()[0])


def _left_out(count: int) -> str:
    if not count:
        return ""
    return f" Left out: {count} kind{'s' * (count > 1)} of fewer than {FEWEST} molecules."


def _add_means(plot: go.Figure, name: str, groups: Sequence[np.ndarray], index: int, ours: bool) -> None:
    """Add the mean of each group with its interval."""
    half = [student.ppf(0.975, len(one) - 1) * one.std(ddof=1) / np.sqrt(len(one)) for one in groups]
    color = COLORS[index % len(COLORS)] if ours else GREY
    plot.add_scatter(
        mode="markers",
        name=name,
        x=significant([one.mean() for one in groups]),
        error_x=error_bars(half, half, color=color, thickness=2 if ours else 1),
        marker={"color": color, "size": 9, "symbol": "circle" if ours else "diamond-open"},
    )


def draw_worst(
    table: pd.DataFrame,
    column: str,
    format_value: Callable[[float], str],
    mols: Mapping[str, Chem.Mol],
    most: int = MOST_DRAWN,
) -> list[Drawing]:
    """Draw the molecules with the largest errors, worst first."""
    having = table[table["id"].isin(list(mols)) & table[column].notna()]
    worst = having.sort_values(column, ascending=False, kind="stable").head(most)
    return [
        Drawing(name, format_value(float(value)), _svg(mols[name]))
        for name, value in zip(worst["id"], worst[column], strict=True)
    ]


def _svg(mol: Chem.Mol) -> Markup:
    flat = Chem.RemoveHs(mol)
    Chem.AssignStereochemistryFrom3D(flat, replaceExistingTags=True)
    flat.RemoveAllConformers()
    rdDepictor.Compute2DCoords(flat)
    drawer = rdMolDraw2D.MolDraw2DSVG(WIDTH, HEIGHT)
    options = drawer.drawOptions()
    options.clearBackground = False  # type: ignore[assignment]
    rdMolDraw2D.PrepareAndDrawMolecule(drawer, flat)
    drawer.FinishDrawing()
    text = drawer.GetDrawingText()
    text = re.sub(
        r"<\?xml.*?\?>|<!--.*?-->|\s+xml[\w:]*=(['\"]).*?\1|\s+baseProfile=(['\"]).*?\2",
        "",
        text,
        flags=re.DOTALL,
    )
    return Markup(text.strip())
