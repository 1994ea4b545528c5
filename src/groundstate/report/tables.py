"""Score tables: one row a metric, one column a model or baseline, with intervals or the spread over seeds."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from numbers import Real

from groundstate.report.labels import (
    BASELINES,
    COUNTS,
    GROUPS,
    METRICS,
    REFERENCES,
    Label,
    baseline_order,
    label_of,
    number,
)
from groundstate.report.runs import Run

NOT_METRICS = {*COUNTS, "definitions", "intervals", "baselines", "hull", "comparisons", "common"}
NESTED = ("classes",)  # objects of counts whose rows stand among the metrics


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
    summary: str = ""


@dataclass
class Method:
    """The scores of one column: one summary a seed."""

    name: str
    ours: bool
    summaries: list[dict] = field(default_factory=list)

    def values(self, key: str) -> list[float]:
        """Finite values of a metric, one a seed that has it."""
        found = (look_up(summary, key) for summary in self.summaries)
        return [float(value) for value in found if is_number(value)]

    def mean(self, key: str) -> float | None:
        """Mean over seeds; None where no seed has the metric."""
        values = self.values(key)
        return statistics.fmean(values) if values else None

    def interval(self, key: str) -> tuple[float, float] | None:
        """The 95 % interval of a single seed; None for several (their spread is shown instead)."""
        if len(self.summaries) != 1:
            return None
        pair = self.summaries[0].get("intervals", {}).get(key)
        return (float(pair[0]), float(pair[1])) if pair and all(is_number(end) for end in pair) else None


def is_number(value: object) -> bool:
    """A finite number, and not a truth value."""
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def look_up(summary: dict, key: str) -> object:
    """``a.b`` finds ``summary["a"]["b"]``."""
    value: object = summary
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def collect_methods(models: dict[str, list[Run]], score: str) -> list[Method]:
    """Models first, then the baselines: one column where all models have the same one, else one a model."""
    methods, baselines = [], {}
    for model, runs in models.items():
        summaries = [run.scores[score] for run in runs if score in run.scores]
        if not summaries:
            continue
        methods.append(Method(model, True, summaries))
        names = sorted({name for summary in summaries for name in summary.get("baselines", {})})
        for name in names:
            rows = [
                summary["baselines"][name] for summary in summaries if name in summary.get("baselines", {})
            ]
            # a baseline that no seed changes is one row, with its interval
            rows = rows[:1] if all(row == rows[0] for row in rows) else rows
            if name in baselines and baselines[name].summaries != rows:
                name = f"{name}, {model}"
            baselines[name] = Method(name, False, rows)
    return methods + [baselines[name] for name in sorted(baselines, key=baseline_order)]


def metric_keys(methods: Sequence[Method]) -> list[str]:
    """Scalar metrics that any method has: known ones in the order of ``METRICS``, then the rest by name."""
    found: set[str] = set()
    for method in methods:
        for summary in method.summaries:
            for key, value in summary.items():
                if key in NOT_METRICS:
                    continue
                if is_number(value):
                    found.add(key)
                elif key in NESTED and isinstance(value, dict):
                    found.update(f"{key}.{inner}" for inner, item in value.items() if is_number(item))
    known = [key for key in METRICS if key in found]
    return known + sorted(found - set(known))


def metric_tables(methods: list[Method], caption: str) -> list[MetricTable]:
    """The table of all metrics, then one for each object of further metrics that a summary holds."""
    definitions = methods[0].summaries[0].get("definitions", {})
    tables = [_metric_table(methods, caption, definitions)]
    names = {
        name: None
        for method in methods
        for summary in method.summaries
        for name, value in summary.items()
        if isinstance(value, dict) and name not in NOT_METRICS and name not in NESTED
    }
    for name in names:
        caption = GROUPS.get(name, name.replace("_", " ").capitalize())
        inner = [
            Method(method.name, method.ours, [part[name] for part in method.summaries if name in part])
            for method in methods
        ]
        having = [method for method in inner if method.summaries]
        tables.append(_metric_table(having, caption, definitions))
    return tables


def _metric_table(methods: list[Method], caption: str, definitions: dict) -> MetricTable:
    """The counts come last, the best of each row is marked."""
    rows = []
    counts = [key for key in COUNTS if any(method.values(key) for method in methods)]
    for key in metric_keys(methods) + counts:
        label = label_of(key)
        best = _best(methods, key, label)
        cells = [_cell(method, key, label, method.name in best) for method in methods]
        rows.append(Row(label.text, label.unit_text, _definition(definitions, key), cells))
    columns = [Column(_column_name(method), method.ours) for method in methods]
    return MetricTable(caption, "Metric", columns, rows)


def _column_name(method: Method) -> str:
    name = method.name if method.ours else BASELINES.get(method.name, method.name)
    count = len(method.summaries)
    return name if count == 1 else f"{name} ({count} seeds)"


def _definition(definitions: dict, key: str) -> str:
    """The definition of ``key``, or of the metric that it is a median, a threshold or a variant of."""
    base = key.removeprefix("median_")
    about = definitions.get(base) or definitions.get(base.split("_")[0], {})
    return ", ".join(str(about[part]) for part in ("name", "version", "source") if about.get(part))


def _best(methods: list[Method], key: str, label: Label) -> set[str]:
    """Names of the best contestants, as far as the shown digits tell; none where all are equal."""
    if not label.better:
        return set()
    means = {
        method.name: method.mean(key) for method in methods if method.ours or method.name not in REFERENCES
    }
    known = {name: value for name, value in means.items() if value is not None}
    shown = {name: number(value, label) for name, value in known.items()}
    if len(set(shown.values())) < 2:
        return set()
    top = (min if label.better == "lower" else max)(known, key=known.__getitem__)
    return {name for name, text in shown.items() if text == shown[top]}


def _cell(method: Method, key: str, label: Label, best: bool) -> Cell:
    values = method.values(key)
    if not values:
        return Cell("–")
    mean = statistics.fmean(values)
    if len(values) > 1:
        spread = statistics.stdev(values)
        return Cell(number(mean, label), f"± {number(spread, label)}", best, mean)
    interval = method.interval(key)
    ends = [number(end, label) for end in interval or ()]
    # an interval without a width (all structures alike) says nothing
    detail = f"[{', '.join(ends)}]" if len(set(ends)) == 2 else ""
    return Cell(number(mean, label), detail, best, mean)
