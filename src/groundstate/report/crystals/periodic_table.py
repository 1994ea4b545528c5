"""Periodic-table heat maps: which elements occur in a set of crystals."""

from collections import Counter
from collections.abc import Iterable, Sequence

from ase.data import chemical_symbols
from pymatgen.core import Element

from groundstate.report.figures import Figure, new_plot

ROWS, COLUMNS = 9, 18  # seven periods, then lanthanides and actinides


def cell_of(number: int) -> tuple[int, int]:
    """Give row and column (from 0) of an element in the drawn table; f-block rows lie below."""
    if 57 <= number <= 71:
        return 7, number - 57 + 2
    if 89 <= number <= 103:
        return 8, number - 89 + 2
    element = Element.from_Z(number)
    return element.row - 1, element.group - 1


def element_shares(crystals: Iterable[Sequence[int]]) -> dict[int, float]:
    """Count the share of crystals that contain each element, from the atomic numbers of each crystal."""
    counts: Counter[int] = Counter()
    total = 0
    for numbers in crystals:
        counts.update({int(number) for number in numbers})
        total += 1
    return {number: counts[number] / total for number in sorted(counts)}


def periodic_table_figure(
    figure_id: str,
    title: str,
    shares: dict[int, float],
    other: dict[int, float],
    top: float,
    count: int,
    source: str,
) -> Figure:
    """Draw a heat map of ``shares`` (coloured up to ``top``); hovering tells the share in ``other`` too.

    ``count`` crystals of the file ``source`` were looked at.
    """
    labels: list[dict] = []
    values: list[list[float | None]] = [[None] * COLUMNS for _ in range(ROWS)]
    texts = [[""] * COLUMNS for _ in range(ROWS)]
    plot = new_plot("", "", margin={"l": 4, "r": 4, "t": 8, "b": 8})
    for number in range(1, len(chemical_symbols)):
        row, column = cell_of(number)
        here, there = shares.get(number, 0.0), other.get(number, 0.0)
        values[row][column] = round(here, 5)
        texts[row][column] = f"{chemical_symbols[number]}: {here:.1%} here, {there:.1%} in the other set"
        labels.append(
            {
                "x": column,
                "y": row,
                "text": chemical_symbols[number],
                "showarrow": False,
                "font": {"size": 11, "color": "#ffffff" if here > 0.55 * top else "#30343c"},
            }
        )
    plot.add_heatmap(
        z=values,
        text=texts,
        hoverinfo="text",
        hoverongaps=False,
        zmin=0,
        zmax=top,
        xgap=2,
        ygap=2,
        colorscale=[[0, "#e9ecf1"], [0.001, "#d5e8f5"], [0.35, "#6aaed6"], [1, "#08519c"]],
        colorbar={"tickformat": ".0%", "thickness": 10, "len": 0.9},
    )
    plot.update_layout(annotations=labels).update_xaxes(visible=False, fixedrange=True)
    plot.update_yaxes(visible=False, fixedrange=True, autorange="reversed", scaleanchor="x")
    return Figure(
        figure_id,
        title,
        f"Share of the {count:,} crystals that contain the element; all periodic tables of this set have one "
        f"scale. Source: {source}.",
        plot,
        310,
    )
