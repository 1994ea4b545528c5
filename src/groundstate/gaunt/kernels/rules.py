"""Which kernel is fastest for which size, from measurements that `benchmarks/gaunt/rules.py` repeats.

Sizes are the polynomial degree that the quadrature integrates (3 lmax for a product that keeps its lmax) and
the
number of columns (rows of the batch times channels).
"""

import json
from functools import lru_cache
from importlib.resources import files

MEASURED = json.loads((files("groundstate.gaunt.kernels") / "rules.json").read_text())


@lru_cache(maxsize=4096)
def kernel(exact: int, batch: int, channels: int, method: str) -> str:
    """ "dense" (coupling table), "plain" (grid in five operations), "terms" (entries of the table), "full" or
    "halves" (blocked grid)."""
    columns = batch * channels
    if method == "auto" and columns <= _limit(MEASURED["dense_up_to_columns"], exact):
        return "dense"
    if columns <= _limit(MEASURED["plain_up_to_columns"], exact):
        return "plain"
    if channels > 1 and exact <= MEASURED["terms_up_to_degree"]:
        return "terms"
    start = MEASURED["halves_from_degree"]["one channel" if channels == 1 else "many channels"]
    return "halves" if exact >= start else "full"


def _limit(steps: dict[str, int], exact: int) -> int:
    """Value of the first step at or above `exact`; 0 beyond the last."""
    return next((value for degree, value in steps.items() if exact <= int(degree)), 0)
