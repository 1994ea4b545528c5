"""Which kernel is the fastest for which size, from measurements.

Sizes are the polynomial degree that the quadrature integrates (3 lmax for a product that keeps its lmax) and
the number of columns (rows of the batch times channels).
"""

import json
from functools import lru_cache
from importlib.resources import files
from typing import TypedDict


class Rules(TypedDict):
    """Thresholds between the kernels; the keys of the inner tables are degrees, as text."""

    dense_up_to_columns: dict[str, int]
    plain_up_to_columns: dict[str, int]
    terms_up_to_degree: int
    halves_from_degree: dict[str, int]


SHIPPED: Rules = json.loads((files("groundstate.gaunt.contraction") / "rules.json").read_text())


@lru_cache(maxsize=4096)
def kernel(exact: int, batch: int, channels: int, method: str) -> str:
    """Return the name of the kernel for a size.

    Parameters
    ----------
    exact
        Polynomial degree that the quadrature integrates.
    batch, channels
        Rows, and channels of the widest operand.
    method
        "auto": any kernel in Python, by the shipped rules, of which `evaluation` takes the blocked ones in C
        where it can; "grid": not the table.

    Returns
    -------
    "dense" (coupling table), "plain" (grid in five operations), "terms" (entries of the table), "full" or
    "halves" (blocked grid).
    """
    return by_rules(SHIPPED, exact, batch, channels, table=method == "auto")


def by_rules(rules: Rules, exact: int, batch: int, channels: int, table: bool) -> str:
    """Return the name of the kernel by the given thresholds; `table` allows the coupling table."""
    columns = batch * channels
    if table and columns <= limit(rules["dense_up_to_columns"], exact):
        return "dense"
    if columns <= limit(rules["plain_up_to_columns"], exact):
        return "plain"
    if channels > 1 and exact <= rules["terms_up_to_degree"]:
        return "terms"
    start = rules["halves_from_degree"]["one channel" if channels == 1 else "many channels"]
    return "halves" if exact >= start else "full"


def limit(steps: dict[str, int], exact: int) -> int:
    """Return the value of the first step at or above `exact`; 0 beyond the last."""
    return next((value for degree, value in steps.items() if exact <= int(degree)), 0)
