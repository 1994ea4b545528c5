"""The scores of a summary as a table for the terminal."""

from collections.abc import Mapping, Sequence

from groundstate.metrics.definition import Definition, definition_of

WIDEST = 4  # columns beside the scored one; further baselines are in the summary


def on_common(summary: Mapping) -> dict:
    """Give the summary over the structures that all its rows have, where it was written for these too.

    Counts that no set of structures decides (``failed``, ``missing``) stay those of each row.
    """
    common = summary.get("common")
    if not common:
        return dict(summary)
    baselines = {
        name: row | common[name] for name, row in summary.get("baselines", {}).items() if name in common
    }
    return {**summary, **common["predicted"], "baselines": baselines}


def score_table(summary: Mapping, name: str, most: int = WIDEST) -> str:
    """Write the numbers of a ``summary.json`` with their 95 % intervals, baselines beside them.

    Parameters
    ----------
    summary
        With ``definitions``, ``intervals`` and ``baselines``.
    name
        Head of the column of the scored file.
    most
        Baselines that get a column; how many are left out stands below the table.
    """
    restricted = bool(summary.get("common"))
    summary = on_common(summary)
    about = summary["definitions"]
    baselines: Mapping[str, Mapping] = summary.get("baselines", {})
    shown = dict(list(baselines.items())[:most])
    columns = {name: summary, **shown}
    keys = sorted(
        (key for key in about if any(_is_number(column.get(key)) for column in columns.values())),
        key=lambda key: about[key].get("place", len(about)),
    )
    rows = [["", *columns]]
    for key in keys:
        definition = definition_of(key, about)
        unit = f" ({definition.unit_text})" if definition.unit_text else ""
        cells = [_cell(column, key, definition) for column in columns.values()]
        rows.append([f"{definition.label}{unit}", *cells])
    lines = aligned(rows)
    if restricted:
        lines.append(f"All columns over the {summary['n']} molecules that every one of them has.")
    left_out = len(baselines) - len(shown)
    if left_out:
        lines.append(f"{left_out} more baselines: see summary.json")
    return "\n".join(lines)


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Write a line for each row, columns one below the other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cell(column: Mapping, key: str, definition: Definition) -> str:
    value = column.get(key)
    if not isinstance(value, int | float):
        return "–"
    bounds = [definition.format(bound) for bound in (column.get("intervals", {}).get(key) or ())]
    interval = f" [{bounds[0]}, {bounds[1]}]" if len(set(bounds)) == 2 else ""
    return definition.format(value) + interval
