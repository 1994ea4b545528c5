"""The columns of a score table: models and baselines, with the summaries of each, on the same structures."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import TypeGuard

from groundstate.metrics.text_table import on_common
from groundstate.report.labels import BASELINES, baseline_order
from groundstate.report.runs import Run

Models = dict[str, list[Run]]  # runs by seed of each model of a data set


@dataclass
class Method:
    """The scores of one column: one summary per seed.

    ``model``: whose baseline it is, where the baselines of models differ.
    """

    name: str
    ours: bool
    summaries: list[dict] = field(default_factory=list)
    definitions: Mapping[str, dict] = field(default_factory=dict)
    model: str = ""

    @property
    def label(self) -> str:
        """What the column is called; no two of a table are called the same."""
        name = self.name if self.ours else BASELINES.get(self.name, self.name)
        return f"{name}, of {self.model}" if self.model else name

    def values(self, key: str) -> list[float]:
        """Give the finite values of a metric, one for each seed that has it."""
        every = (look_up(summary, key) for summary in self.summaries)
        return [float(value) for value in every if is_number(value)]

    def mean(self, key: str) -> float | None:
        """Average a metric over seeds; None where no seed has it."""
        values = self.values(key)
        return statistics.fmean(values) if values else None

    def interval(self, key: str) -> tuple[float, float] | None:
        """Give the 95 % interval over structures, ends averaged over seeds; None where a seed has none."""
        pairs = [summary.get("intervals", {}).get(key) for summary in self.summaries]
        ends = [pair for pair in pairs if pair and all(is_number(end) for end in pair)]
        if not ends or len(ends) < len(pairs):
            return None
        low, high = (statistics.fmean(pair[side] for pair in ends) for side in (0, 1))
        return low, high


def is_number(value: object) -> TypeGuard[float]:
    """Tell a finite number, which is not a truth value."""
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def look_up(summary: Mapping, key: str) -> object:
    """Find ``summary["a"]["b"]`` as ``a.b``."""
    value: object = summary
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def comparable(models: Models, score: str) -> list[Models]:
    """Split models that were scored on different molecules, which no table may put side by side.

    The models together where all were scored on the same set, or on sets of their own by nature (generated
    crystals); else each by itself.
    """
    scored = {
        model: [run for run in runs if score in run.scores]
        for model, runs in models.items()
        if any(score in run.scores for run in runs)
    }
    sets = {model: {run.scores[score].get("molecules") for run in runs} for model, runs in scored.items()}
    if len(set().union(*sets.values())) <= 1:
        return [scored] if scored else []
    return [{model: runs} for model, runs in scored.items()]


def collect_methods(models: Models, score: str) -> list[Method]:
    """Put models first, then the baselines: one column where all models have the same, else one per model."""
    methods: list[Method] = []
    baselines: dict[str, list[Method]] = {}
    for model, runs in models.items():
        summaries = [on_common(run.scores[score]) for run in runs if score in run.scores]
        if not summaries:
            continue
        definitions = summaries[0].get("definitions", {})
        methods.append(Method(model, True, summaries, definitions))
        for name, rows in _baseline_rows(summaries).items():
            if name not in models:  # else it has a column of its own
                baselines.setdefault(name, []).append(Method(name, False, rows, definitions, model))
    for name in sorted(baselines, key=baseline_order):
        first, *others = baselines[name]
        if all(_same([*first.summaries, *other.summaries]) for other in others):
            methods.append(replace(first, model=""))
        else:
            methods += [first, *others]
    return methods


def _baseline_rows(summaries: Sequence[dict]) -> dict[str, list[dict]]:
    """Give the summaries of each baseline; a baseline that no seed changes has one, with its interval."""
    names = sorted({name for summary in summaries for name in summary.get("baselines", {})})
    every = {
        name: [row for summary in summaries if (row := summary.get("baselines", {}).get(name))]
        for name in names
    }
    return {name: rows[:1] if _same(rows) else rows for name, rows in every.items()}


def _same(rows: Sequence[dict]) -> bool:
    """Tell whether rows differ in nothing but the draws of their intervals."""
    bare = [{key: value for key, value in row.items() if key != "intervals"} for row in rows]
    return all(row == bare[0] for row in bare)
