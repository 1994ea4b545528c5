"""Score tables: one row per metric, one column per model or baseline, with intervals."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from groundstate.metrics.definition import Definition
from groundstate.report.labels import GROUPS, REFERENCES, TRUTHS, define
from groundstate.report.methods import Method, is_number

NOT_METRICS = {
    *("definitions", "intervals", "baselines", "hull", "comparisons", "common", "protocols"),
    *("groups", "elements", "scans"),  # of potentials; see ``member_table``
}
NESTED = ("classes",)  # objects of counts whose rows stand among the metrics
HOW_TO_READ = (
    " ↓ lower is better, ↑ higher is better; bold: the best of the row. In brackets: 95 % bootstrap interval "
    "over structures. Hover a metric for its definition."
)


@dataclass(frozen=True)
class Cell:
    """What one field of a table says; ``value`` is what sorting uses."""

    text: str
    detail: str = ""
    best: bool = False
    value: float | None = None


@dataclass(frozen=True)
class Column:
    """Head of a column; ``ours`` marks the models of this run among baselines."""

    name: str
    ours: bool = False
    number: bool = True


@dataclass(frozen=True)
class Row:
    """One metric over all columns."""

    name: str
    unit: str
    definition: str
    cells: list[Cell]


@dataclass(frozen=True)
class MetricTable:
    """Metrics down, methods across."""

    caption: str
    first: str
    columns: list[Column]
    rows: list[Row]


@dataclass(frozen=True)
class PlainTable:
    """Rows of text and numbers that the reader can sort."""

    caption: str
    columns: list[Column]
    rows: list[list[Cell]]
    summary: str = ""  # where it is folded away, what stands for it
    opened: bool = False


def metric_keys(methods: Sequence[Method]) -> list[str]:
    """List the scalar metrics that any method has, in the order of their definitions, then by name."""
    keys: set[str] = set()
    for method in methods:
        for summary in method.summaries:
            for key, value in summary.items():
                if is_number(value):
                    keys.add(key)
                elif key in NESTED and isinstance(value, dict):
                    keys.update(f"{key}.{inner}" for inner, item in value.items() if is_number(item))
    places = {
        key: about.get("place", len(method.definitions))
        for method in methods
        for key, about in method.definitions.items()
    }
    return sorted(keys, key=lambda key: (places.get(key, len(places)), key))


def metric_tables(methods: Sequence[Method], caption: str, source: str = "") -> list[MetricTable]:
    """Build the table of all metrics, then one for each object of further metrics that a summary holds.

    ``caption`` says what the first one is over; how to read it and the file ``source`` are added to all.
    """
    end = HOW_TO_READ + f" Source: {source}." * bool(source)
    tables = [_metric_table(methods, caption + end)]
    names = {
        name: None
        for method in methods
        for summary in method.summaries
        for name, value in summary.items()
        if isinstance(value, dict) and name not in NOT_METRICS and name not in NESTED
    }
    for name in names:
        inner = [
            replace(method, summaries=[part[name] for part in method.summaries if name in part])
            for method in methods
        ]
        having = [method for method in inner if method.summaries]
        text = GROUPS.get(name, name.replace("_", " ").capitalize() + ".")
        tables.append(_metric_table(having, text + end))
    return tables


def member_table(methods: Sequence[Method], member: str, key: str, head: str) -> MetricTable:
    """Build the table of one metric over the parts of a set: groups, elements.

    Parameters
    ----------
    methods
        Whose summaries hold ``member``: for each part a summary of its own, with baselines.
    key
        The metric.
    head
        Of the column with the parts' names.
    """
    ours = [method for method in methods if method.ours]
    names = dict.fromkeys(name for m in ours for one in m.summaries for name in one.get(member, {}))
    definition = define(key, _definitions(methods, key))
    rows = []
    for name in names:
        parts = []
        for method in methods:
            of = [method] if method.ours else ours[:1]
            inner = [one[member][name] for m in of for one in m.summaries if name in one.get(member, {})]
            if not method.ours:
                inner = [
                    one["baselines"][method.name] for one in inner[:1] if method.name in one["baselines"]
                ]
            parts.append(replace(method, summaries=inner))
        if not any(part.values(key) for part in parts):
            continue
        best = _best(parts, key, definition, definition.direction)
        count = next((int(n) for part in parts for n in part.values("n")), 0)
        cells = [_cell(part, key, definition, part.label in best) for part in parts]
        rows.append(Row(name, f"n = {count:,}", definition.text, cells))
    columns = [Column(column_name(method), method.ours) for method in methods]
    caption = f"{definition.label}, {definition.unit_text}.{HOW_TO_READ}"
    return MetricTable(caption, head, columns, rows)


def _metric_table(methods: Sequence[Method], caption: str) -> MetricTable:
    rows = []
    for key in metric_keys(methods):
        definition = define(key, _definitions(methods, key))
        direction = _direction(methods, key, definition)
        best = _best(methods, key, definition, direction)
        cells = [_cell(method, key, definition, method.label in best) for method in methods]
        unit = definition.unit_text if direction else definition.unit_text.rstrip("↓↑").rstrip(", ")
        about = "; ".join(part for part in (definition.text, definition.source) if part)
        version = f" (version {definition.version})" if definition.version else ""
        rows.append(Row(definition.label, unit, about + version * bool(about), cells))
    return MetricTable(caption, "Metric", [Column(column_name(m), m.ours) for m in methods], rows)


def _definitions(methods: Sequence[Method], key: str) -> Mapping[str, dict]:
    return next((method.definitions for method in methods if key in method.definitions), {})


def column_name(method: Method) -> str:
    """Head the column of a method; several seeds are said."""
    count = len(method.summaries)
    return method.label if count == 1 else f"{method.label} ({count} seeds)"


def _direction(methods: Sequence[Method], key: str, definition: Definition) -> str | None:
    """Give the better direction; None where the truth itself would look worst by it."""
    means = [(method.name, value) for method in methods if (value := method.mean(key)) is not None]
    truths = [value for name, value in means if name in TRUTHS]
    others = [value for name, value in means if name not in REFERENCES]
    if definition.direction == "lower" and truths and others and min(truths) > max(others):
        return None
    if definition.direction == "higher" and truths and others and max(truths) < min(others):
        return None
    return definition.direction


def _best(methods: Sequence[Method], key: str, definition: Definition, direction: str | None) -> set[str]:
    """Name the best contestants, as far as the shown digits tell; none where all are equal."""
    if direction is None:
        return set()
    means = {
        method.label: value
        for method in methods
        if (method.ours or method.name not in REFERENCES) and (value := method.mean(key)) is not None
    }
    shown = {name: definition.format(value) for name, value in means.items()}
    if len(set(shown.values())) < 2:
        return set()
    top = (min if direction == "lower" else max)(means, key=means.__getitem__)
    return {name for name, text in shown.items() if text == shown[top]}


def _cell(method: Method, key: str, definition: Definition, best: bool) -> Cell:
    values = method.values(key)
    if not values:
        return Cell("–")
    mean = statistics.fmean(values)
    ends = [definition.format(end) for end in method.interval(key) or ()]
    # an interval without a width (all structures alike) says nothing
    parts = [f"[{', '.join(ends)}]"] if len(set(ends)) == 2 else []
    if len(values) > 1:
        parts.insert(0, f"± {definition.format(statistics.stdev(values))}")
    return Cell(definition.format(mean), " ".join(parts), best, mean)
