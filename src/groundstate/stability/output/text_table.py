"""Tables of a stability score for the terminal: its crystals, its rates by several protocols."""

from collections.abc import Mapping, Sequence

from groundstate.metrics.definition import SHARE, Definition, definition_of
from groundstate.metrics.text_table import aligned
from groundstate.stability.phonons.modes import IMAGINARY
from groundstate.stability.phonons.survivors import PhononCost
from groundstate.stability.rows import StabilityRow
from groundstate.stability.summaries.protocols import RATES

MOST_ROWS = 25
HULL_WIDTH = 60
LEGEND = (
    "energies in eV/atom; decomposition: energy against the products, in moles of formula units for each "
    "formula unit of the crystal; negative: stable by that much"
)
PER_CENT = Definition("", "", SHARE, digits=1)
PHONON_HEAD = ("id", "formula", "phonons", "lowest, THz", "imaginary modes", "supercell", "")
PROTOCOL_HEAD = ("protocol", "share of", "n", *RATES, "sun, complete hulls")
PROTOCOL_LEGEND = (
    "shares in %; stable, unique, novel by the conventions of each work (definitions in summary.json); sun: "
    "all three; –: no training crystals given"
)
HEAD = ("id", "formula", "class", "formation", "above hull", "decomposition", "products", "hull")


def crystal_table(rows: Sequence[StabilityRow], most: int = MOST_ROWS) -> str:
    """Write the scored crystals, those without an energy last, at most ``most`` of them, and a legend."""
    scored = [row for row in rows if row.outcome != "not_scored"]
    ranked = sorted(scored, key=lambda row: (row.energy_above_hull is None, row.energy_above_hull or 0.0))
    lines = aligned([HEAD, *(_cells(row) for row in ranked[:most])])
    if len(ranked) > most:
        lines.append(f"and {len(ranked) - most} more: see crystals.csv")
    return "\n".join([*lines, LEGEND])


def protocol_table(summary: Mapping) -> str:
    """Write the shares by every protocol of a ``summary.json``, and S.U.N. where the hull is complete."""
    about = summary["definitions"]
    cells: list[Sequence[str]] = [PROTOCOL_HEAD]
    for key, shares in summary["protocols"].items():
        convention, whole = about[f"protocols.{key}"], shares["complete_hulls"]
        label = definition_of(f"protocols.{key}", about).label
        values = [_share(shares, name) for name in RATES]
        cells.append((label, convention["denominator"], str(shares["n"]), *values, _share(whole, "sun")))
    return "\n".join([*aligned(cells), PROTOCOL_LEGEND])


def phonon_table(rows: Sequence[StabilityRow], cost: PhononCost, most: int = MOST_ROWS) -> str:
    """Write what the phonons of the survivors say, the softest first, and what they cost."""
    asked = [row for row in rows if (row.dynamics and row.phonon_supercell) or row.dynamics == "failed"]
    asked.sort(key=lambda row: (row.lowest_frequency is None, row.lowest_frequency or 0.0))
    lines = aligned(
        [
            PHONON_HEAD,
            *(
                (
                    row.id,
                    row.formula,
                    row.dynamics.replace("_", " "),
                    _number(row.lowest_frequency),
                    "–" if row.imaginary_modes is None else str(row.imaginary_modes),
                    row.phonon_supercell,
                    row.dynamics_reason,
                )
                for row in asked[:most]
            ),
        ]
    )
    if len(asked) > most:
        lines.append(f"and {len(asked) - most} more: see crystals.csv")
    stable = sum(row.dynamics == "stable" for row in asked)
    computed = sum(row.lowest_frequency is not None for row in asked)
    lines.append(
        f"phonons: {stable} of {computed} have no mode below {IMAGINARY:g} THz; {cost.force_calls} "
        f"evaluations of the potential, {cost.cpu_seconds:.0f} CPU-seconds in this run"
    )
    return "\n".join(lines)


def _share(shares: Mapping, name: str) -> str:
    if name not in shares:
        return "–"
    low, high = (PER_CENT.format(end) for end in shares["intervals"][name])
    return f"{PER_CENT.format(shares[name])} [{low}, {high}]"


def _cells(row: StabilityRow) -> tuple[str, ...]:
    last = row.hull if row.energy_above_hull is not None else row.reason
    return (
        row.id,
        row.formula,
        row.outcome,
        _number(row.formation_energy_per_atom),
        _above(row),
        _number(row.decomposition_energy),
        row.decomposition_products,
        last if len(last) <= HULL_WIDTH else f"{last[: HULL_WIDTH - 1]}…",
    )


def _above(row: StabilityRow) -> str:
    bound = "≥ " if row.hull_incomplete and row.energy_above_hull is not None else ""
    return bound + _number(row.energy_above_hull)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}".replace("-", "−")
