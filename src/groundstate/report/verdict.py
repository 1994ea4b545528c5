"""The bars that a run has to meet, and the sentences that say whether it does."""

from typing import Literal, NamedTuple

from groundstate.report.labels import label_of, number
from groundstate.report.runs import Run
from groundstate.report.tables import collect_methods

START = "mmff"  # the baseline that refinement begins from
NO_WORSE = ("bond_mae", "mae")  # bond MAE and D-MAE
VALID, VALID_BAR = "structure_validity", 0.8


class Verdict(NamedTuple):
    """One field of the strip at the top of the report."""

    state: Literal["pass", "fail", "info"]
    number: str
    what: str
    whose: str
    why: str


def judge_molecules(dataset: str, models: dict[str, list[Run]]) -> list[Verdict]:
    """Refined molecules are no worse than their start in bond MAE and D-MAE (means over seeds)."""
    methods = collect_methods(models, "geometry")
    start = next((method for method in methods if method.name == START and not method.ours), None)
    verdicts = []
    for method in (method for method in methods if method.ours):
        for key in NO_WORSE:
            label, value = label_of(key), method.mean(key)
            whose = f"{method.name} on {dataset}"
            if value is None or start is None or start.mean(key) is None:
                why = f"Not judged: there is no row {START!r} with this error to compare with."
                verdicts.append(Verdict("info", _with_unit(value, key), label.text, whose, why))
                continue
            before = start.mean(key)
            state = "pass" if value <= before else "fail"
            verb = "Equal to" if value == before else "Better than" if value < before else "WORSE than"
            by = f", by {abs(value / before - 1):.1%}" if before and value != before else ""
            why = f"{verb} the MMFF start that it refines ({_with_unit(before, key)}){by}."
            verdicts.append(Verdict(state, _with_unit(value, key), label.text, whose, why))
    return verdicts


def judge_crystals(dataset: str, models: dict[str, list[Run]]) -> list[Verdict]:
    """At least 80 % of the generated crystals are structurally valid (mean over seeds)."""
    verdicts = []
    for method in collect_methods(models, "validity"):
        share = method.mean(VALID) if method.ours else None
        if share is None:
            continue
        passed = share >= VALID_BAR
        why = f"At least {VALID_BAR:.0%} of the generated crystals have to be valid" + (
            ": they are." if passed else f"; only {share:.1%} are. Train longer or look at the views below."
        )
        whose = f"{method.name} on {dataset}"
        verdicts.append(
            Verdict("pass" if passed else "fail", f"{share:.1%}", "Structurally valid", whose, why)
        )
    return verdicts


def _with_unit(value: float | None, key: str) -> str:
    if value is None:
        return "–"
    label = label_of(key)
    return f"{number(value, label)} {label.unit}".strip()
