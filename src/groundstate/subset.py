"""A fixed few of many: for checks that are too slow for all."""

from collections.abc import Iterable

from groundstate.seeds import derive_seed


def fixed_subset(names: Iterable[str], count: int) -> set[str]:
    """``count`` of the names, or all: those with the smallest hashes."""
    return set(sorted(names, key=lambda name: derive_seed("extensive", name))[:count])
