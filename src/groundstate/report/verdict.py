"""The cards at the top of the report: what was won, what was lost, what cannot be told, each with its n."""

import statistics
from collections.abc import Sequence
from typing import Literal, NamedTuple

from groundstate.metrics.definition import Definition
from groundstate.report.labels import BASELINES, define
from groundstate.report.methods import Method, Models, collect_methods, is_number
from groundstate.report.runs import Run

START = "mmff"  # the baseline that refinement begins from
NO_WORSE = ("bond_mae", "mae")  # always told; of the other metrics the losses
VALID, VALID_BAR = "structure_validity", 0.8
COVERAGE = ("cov_recall", "cov_precision")
COVERAGE_BASELINE = "random_composition"
CONTROLS = ("random_search", "prototypes")
STABLE = "stable_0mev"
CONSTANT, ERRORS = "constant", ("energy_rmse_shifted", "force_rmse")  # of potentials
FEWEST = 20  # structures below which nothing is called won or lost

State = Literal["pass", "fail", "info"]


class Verdict(NamedTuple):
    """One card: its mark, number, metric, method, and the sentence that a careful author would write."""

    state: State
    mark: str
    number: str
    what: str
    whose: str
    why: str


def judge_molecules(dataset: str, models: Models) -> list[Verdict]:
    """Compare refined molecules with their start, on the same molecules: the two bars, then every loss."""
    verdicts = []
    for model, runs in models.items():
        scored = [run for run in runs if "geometry" in run.scores]
        if not scored:
            continue
        whose = f"{model} on {dataset}"
        definitions = scored[0].scores["geometry"].get("definitions", {})
        compared = [
            comparison["metrics"]
            for run in scored
            if (comparison := run.scores["geometry"].get("comparisons", {}).get(START))
        ]
        keys = [*NO_WORSE, *sorted({key for one in compared for key in one} - set(NO_WORSE))]
        for key in keys:
            entries = [one[key] for one in compared if key in one]
            about = define(key, definitions)
            if entries:
                verdict = _compare(entries, about, whose)
                if key in NO_WORSE or verdict.state == "fail":
                    verdicts.append(verdict)
            elif key in NO_WORSE:
                why = f"Not judged: there is no row {START!r} with this error to compare with."
                value = Method(model, True, [run.scores["geometry"] for run in scored]).mean(key)
                verdicts.append(
                    Verdict("info", "NOT COMPARED", _number(value, about), about.label, whose, why)
                )
        verdicts += _failed_predictions(scored, whose)
    return verdicts


def _compare(entries: Sequence[dict], about: Definition, whose: str) -> Verdict:
    """Judge a metric from the paired comparisons of one run or of several seeds."""
    ours, theirs, difference = (
        statistics.fmean(entry[key] for entry in entries) for key in ("ours", "theirs", "difference")
    )
    low, high = (statistics.fmean(entry["interval"][side] for entry in entries) for side in (0, 1))
    n = min(entry["n"] for entry in entries)
    told = {entry["verdict"] for entry in entries}
    share = f" ({abs(difference / theirs):.1%})" if theirs else ""
    side = "below" if difference < 0 else "above"
    seeds = f", mean of {len(entries)} seeds" if len(entries) > 1 else ""
    why = (
        f"{_number(abs(difference), about)}{share} {side} the start that it refines, "
        f"{BASELINES[START]} ({_number(theirs, about)}), on the same {n:,} molecules{seeds}; 95 % interval "
        f"of the difference {about.format(low)} to {_number(high, about)}."
    )
    if difference == 0:
        why = f"Equal to the start that it refines, {BASELINES[START]}, on the same {n:,} molecules{seeds}."
    state, mark = _state(told, n)
    return Verdict(state, mark, _number(ours, about), about.label, whose, why + _caution(state, n))


def _state(told: set[str], n: int) -> tuple[State, str]:
    if n < FEWEST:
        return "info", "TOO FEW TO TELL"
    if told == {"better"}:
        return "pass", "BETTER"
    if told == {"worse"}:
        return "fail", "WORSE"
    return "info", "NO DIFFERENCE TOLD"


def _caution(state: State, n: int) -> str:
    if n < FEWEST:
        return f" Fewer than {FEWEST} are too few to call it."
    return " The interval (or a seed) does not tell the two apart." if state == "info" else ""


def _failed_predictions(runs: Sequence[Run], whose: str) -> list[Verdict]:
    """Tell how many predictions failed, and what became of them."""
    summaries = [run.scores["geometry"] for run in runs]
    failed, missing, scored = (
        sum(int(summary.get(key) or 0) for summary in summaries) for key in ("failed", "missing", "n")
    )
    why = (
        f"Of {scored + missing:,} predictions, {scored:,} are scored, {failed - missing:,} of them with a "
        f"stand-in geometry, for the prediction failed; {missing:,} have no prediction and are in no metric."
    )
    return [Verdict("info", "COUNTED", f"{failed:,}", "Failed predictions", whose, why)]


def judge_crystals(dataset: str, models: Models) -> list[Verdict]:
    """Judge validity against a bar, coverage against a baseline, stability against controls."""
    verdicts = []
    for model in models:
        one = {model: models[model]}
        whose = f"{model} on {dataset}"
        verdicts += _validity(one, whose) + _coverage(one, whose) + _stability(models[model], whose)
    return verdicts


def _validity(models: Models, whose: str) -> list[Verdict]:
    methods = collect_methods(models, "validity")
    ours = next((method for method in methods if method.ours), None)
    share = ours.mean(VALID) if ours else None
    if ours is None or share is None:
        return []
    n, about = int(ours.mean("n") or 0), define(VALID, ours.definitions)
    passed = share >= VALID_BAR
    why = f"At least {VALID_BAR:.0%} of the generated crystals have to be valid" + (
        ": they are" if passed else f"; only {share:.1%} are"
    )
    why += f" (n = {n:,}{_interval(ours, VALID)})."
    if not passed:
        why += " Train longer or look at the views below."
    state: State = "pass" if passed else "fail"
    mark = "BAR MET" if passed else "BAR MISSED"
    if n < FEWEST:
        state, mark = "info", "TOO FEW TO TELL"
        why += _caution(state, n)
    verdicts = [Verdict(state, mark, f"{share:.1%}", about.label, whose, why)]
    failed = int(ours.mean("failed") or 0)
    if failed:
        why = f"{failed:,} of {n:,} generated crystals cannot be read; they count as invalid in every rate."
        verdicts.append(Verdict("info", "COUNTED", f"{failed:,}", "Failed crystals", whose, why))
    return verdicts


def _interval(method: Method, key: str) -> str:
    pair = method.interval(key)
    return f", 95 % interval {pair[0]:.1%} to {pair[1]:.1%}" if pair else ""


def _coverage(models: Models, whose: str) -> list[Verdict]:
    """Compare coverage with crystals that need no model; other crystals, so interval against interval."""
    methods = {method.name: method for method in collect_methods(models, "coverage")}
    ours = next((method for method in methods.values() if method.ours), None)
    other = methods.get(COVERAGE_BASELINE)
    if ours is None:
        return []
    if other is None:
        return [
            _not_compared(ours, key, whose, f"there is no row {COVERAGE_BASELINE!r}")
            for key in COVERAGE
            if ours.mean(key) is not None
        ]
    verdicts = []
    for key in COVERAGE:
        value, theirs = ours.mean(key), other.mean(key)
        own_ends, their_ends = ours.interval(key), other.interval(key)
        if value is None or theirs is None or own_ends is None or their_ends is None:
            continue
        (low, high), (their_low, their_high) = own_ends, their_ends
        told = {"better"} if low > their_high else {"worse"} if high < their_low else {"no difference"}
        n = int(min(ours.mean("n") or 0, other.mean("n") or 0))
        state, mark = _state(told, n)
        about = define(key, ours.definitions)
        replay = methods["replay"].mean(key) if "replay" in methods else None
        why = (
            f"{BASELINES[COVERAGE_BASELINE].capitalize()}: {theirs:.1%}{_interval(other, key)}; this model"
            f"{_interval(ours, key)}; at least {n:,} crystals each"
            + (f". Training replay, the ceiling: {replay:.1%}" if replay is not None else "")
            + "."
        )
        verdicts.append(Verdict(state, mark, f"{value:.1%}", about.label, whose, why + _caution(state, n)))
    return verdicts


def _not_compared(ours: Method, key: str, whose: str, reason: str) -> Verdict:
    """Tell a share that nothing stands beside, with its n and its interval."""
    value, n = ours.mean(key), int(ours.mean("scored") or ours.mean("n") or 0)
    about = define(key, ours.definitions)
    why = f"Not judged: {reason} to compare with (n = {n:,}{_interval(ours, key)})."
    return Verdict("info", "NOT COMPARED", f"{value:.1%}", about.label, whose, why)


def _stability(runs: Sequence[Run], whose: str) -> list[Verdict]:
    """Compare what lies on the hull with each control, over crystals that both have."""
    verdicts = []
    summaries = [run.scores["stability"] for run in runs if "stability" in run.scores]
    for control in CONTROLS:
        pairs = [pair for summary in summaries if (pair := summary.get(f"against_{control}"))]
        pairs = [pair for pair in pairs if is_number(pair.get(f"number_{STABLE}")) and pair.get("n")]
        if not pairs:
            continue
        n = sum(pair["n"] for pair in pairs)
        ours, theirs = (sum(pair[f"{who}number_{STABLE}"] for pair in pairs) for who in ("", "control_"))
        intervals = [pair.get("intervals", {}).get(f"{STABLE}_difference") for pair in pairs]
        told, text = {"no difference"}, ""
        if all(intervals):
            low, high = (statistics.fmean(pair[side] for pair in intervals) for side in (0, 1))
            told = {"better"} if low > 0 else {"worse"} if high < 0 else told
            text = f"; 95 % interval of the difference {low:+.1%} to {high:+.1%}".replace("-", "−")
        state, mark = _state(told, n)
        compared = "more than" if ours > theirs else "fewer than" if ours < theirs else "as many as"
        why = (
            f"{ours:,} of {n:,} crystals are on the hull, {compared} of "
            f"{BASELINES[control]} with the same compositions: {theirs:,} of {n:,} ({theirs / n:.1%}){text}."
            f"{_incomplete(summaries)}"
        )
        definitions = summaries[0].get("definitions", {})
        label = define(STABLE, definitions).label
        verdicts.append(Verdict(state, mark, f"{ours / n:.1%}", label, whose, why + _caution(state, n)))
    alone = Method(whose, True, summaries, summaries[0].get("definitions", {}) if summaries else {})
    if not verdicts and alone.mean(STABLE) is not None:
        card = _not_compared(alone, STABLE, whose, "there is no control")
        verdicts.append(card._replace(why=card.why + _incomplete(summaries)))
    return verdicts


def _incomplete(summaries: Sequence[dict]) -> str:
    """Say how many crystals no rate can call stable, for their hull lacks phases."""
    lacking, scored = (
        sum(int(one.get(key) or 0) for one in summaries) for key in ("hull_incomplete", "scored")
    )
    if not lacking:
        return ""
    return (
        f" Of {scored:,} scored crystals {lacking:,} have a hull that lacks phases and count as not stable."
    )


def judge_potentials(dataset: str, models: Models) -> list[Verdict]:
    """Compare the errors of a potential with those of zero forces and mean energies, interval by interval."""
    verdicts = []
    for model, runs in models.items():
        methods = {method.name: method for method in collect_methods({model: runs}, "errors")}
        ours, other = methods.get(model), methods.get(CONSTANT)
        if ours is None or other is None:
            continue
        for key in ERRORS:
            value, theirs = ours.mean(key), other.mean(key)
            ends, their_ends = ours.interval(key), other.interval(key)
            if value is None or theirs is None or ends is None or their_ends is None:
                continue
            told = {"better"} if ends[1] < their_ends[0] else {"worse"} if ends[0] > their_ends[1] else set()
            n, about = int(ours.mean("n") or 0), define(key, ours.definitions)
            state, mark = _state(told, n)
            why = (
                f"{BASELINES[CONSTANT].capitalize()}: {_number(theirs, about)}; 95 % interval of the "
                f"potential {about.format(ends[0])} to {_number(ends[1], about)}; {n:,} test structures."
            )
            whose = f"{model} on {dataset}"
            label = about.label[:1].upper() + about.label[1:]
            verdicts.append(
                Verdict(state, mark, _number(value, about), label, whose, why + _caution(state, n))
            )
    return verdicts


def _number(value: float | None, about: Definition) -> str:
    if value is None:
        return "–"
    return f"{about.format(value)} {about.shown_unit}".strip()
