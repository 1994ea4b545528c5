"""Rates of stable and S.U.N. crystals by the conventions of several works, a row each."""

from collections.abc import Mapping

from groundstate.metrics.definition import definition_of
from groundstate.report.runs import Run
from groundstate.report.tables import Cell, Column, PlainTable

RATES = {"stable": "Stable", "unique": "Unique", "novel": "Novel", "sun": "S.U.N."}
COLUMNS = (
    *(Column(name, number=False) for name in ("Protocol", "Threshold, eV/atom", "Hull", "Novel against")),
    *(Column("Share of", number=False), Column("n"), *(Column(f"{name}, %") for name in RATES.values())),
    Column("S.U.N., complete hulls, %"),
)


def protocol_table(run: Run) -> PlainTable | None:
    """Make the table of a run's score; None where the score is of a version that has none."""
    summary = run.scores["stability"]
    if not summary.get("protocols"):
        return None
    about = summary.get("definitions", {})
    rows = []
    for key, shares in summary["protocols"].items():
        told = about.get(f"protocols.{key}", {})
        definition = definition_of(f"protocols.{key}", about)
        texts = (definition.label, told.get("threshold"), told.get("hull"), told.get("novelty_set"))
        rows.append(
            [
                *(Cell("" if text is None else str(text)) for text in (*texts, told.get("denominator"))),
                Cell(f"{shares['n']:,}", value=shares["n"]),
                *(_share(shares, name) for name in RATES),
                _share(shares["complete_hulls"], "sun"),
            ]
        )
    caption = (
        f"Crystals of {run.model}, seed {run.seed}, by the conventions of several works: the same "
        "relaxations, other thresholds, hulls, novelty and denominators. Only converged crystals on complete "
        "hulls are stable. In brackets: 95 % bootstrap interval."
    )
    return PlainTable(caption, list(COLUMNS), rows, f"S.U.N. by several protocols, {run.model}")


def _share(shares: Mapping, name: str) -> Cell:
    if name not in shares:
        return Cell("–", "no training crystals were given" if name in ("novel", "sun") else "")
    low, high = (f"{100 * end:.1f}" for end in shares["intervals"][name])
    return Cell(f"{100 * shares[name]:.1f}", f"[{low}, {high}]", value=shares[name])
