"""The crystals of a stability score as a table for the terminal, lowest above the hull first."""

from collections.abc import Sequence

from groundstate.stability.rows import StabilityRow

MOST_ROWS = 25
HULL_WIDTH = 60
LEGEND = (
    "energies in eV/atom; decomposition: energy against the products, in moles of formula units for each "
    "formula unit of the crystal; negative: stable by that much"
)
HEAD = ("id", "formula", "class", "formation", "above hull", "decomposition", "products", "hull")


def crystal_table(rows: Sequence[StabilityRow], most: int = MOST_ROWS) -> str:
    """Write the scored crystals, those without an energy last, at most ``most`` of them, and a legend."""
    scored = [row for row in rows if row.outcome != "not_scored"]
    ranked = sorted(scored, key=lambda row: (row.energy_above_hull is None, row.energy_above_hull or 0.0))
    cells = [HEAD, *(_cells(row) for row in ranked[:most])]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells]
    if len(ranked) > most:
        lines.append(f"and {len(ranked) - most} more: see crystals.csv")
    return "\n".join([*(line.rstrip() for line in lines), LEGEND])


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
