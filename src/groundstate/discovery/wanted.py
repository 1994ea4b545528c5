"""What is looked for: the cells of a formula, or the formulas of a chemical system that are worth a try."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations, groupby, permutations
from math import gcd
from typing import NamedTuple

from groundstate.crystals.crystal import chemical_symbols
from groundstate.crystals.formula import formula_text
from groundstate.crystals.templates.library import TemplateLibrary
from groundstate.errors import GroundstateError
from groundstate.metrics.crystals.composition_validity import composition_is_valid


class Wanted(NamedTuple):
    """A reduced formula by atomic number, and the cells of it that are proposed for."""

    formula: dict[int, int]
    cells: list[dict[int, int]]


def cells_of(counts: Mapping[int, int], max_atoms: int) -> Wanted:
    """Give every cell of a formula with at most ``max_atoms`` atoms: Z = 1, 2, ...

    Raises ``GroundstateError`` where one formula unit is larger.
    """
    divisor = gcd(*counts.values())
    formula = {number: count // divisor for number, count in counts.items()}
    unit = sum(formula.values())
    if unit > max_atoms:
        raise GroundstateError(
            f"{formula_text(formula)}: one formula unit has {unit} atoms; at most {max_atoms} are allowed "
            "(setting max_atoms)"
        )
    cells = [{z: n * count for z, count in formula.items()} for n in range(1, max_atoms // unit + 1)]
    return Wanted(formula, cells)


def formulas_of(
    elements: Collection[int],
    whole: bool,
    library: TemplateLibrary,
    max_atoms: int,
    most: int,
    without: Collection[str] = (),
    own_formula: bool = True,
) -> list[Wanted]:
    """Rank the formulas that the templates have for a chemical system, at most ``most``.

    Charge-neutral ones (``composition_is_valid`` with smact's oxidation states; alloys count as neutral) come
    first, then those whose nearest template is nearest.

    Parameters
    ----------
    whole
        Only formulas with every element; else those of the subsystems too, elements alone left out.
    """
    sizes: dict[tuple[int, ...], list[int]] = {}
    for key in library.by_content:
        if sum(key) <= max_atoms:
            divisor = gcd(*key)
            sizes.setdefault(tuple(count // divisor for count in key), []).append(divisor)
    ranked = []
    for pattern, factors in sorted(sizes.items()):
        if len(pattern) < 2 or len(pattern) > len(elements) or (whole and len(pattern) < len(elements)):
            continue
        for formula in _placed(pattern, sorted(elements)):
            distance = min(
                library.nearest_distance({z: n * factor for z, n in formula.items()}, without, own_formula)
                for factor in factors
            )
            if distance < float("inf"):
                ranked.append((distance, formula_text(formula), formula))
    ranked.sort(key=lambda one: one[:2])
    neutral: list[dict[int, int]] = []
    charged: list[dict[int, int]] = []
    for _, _, formula in ranked:
        symbols = {chemical_symbols[z]: count for z, count in formula.items()}
        (neutral if composition_is_valid(symbols, "smact14") else charged).append(formula)
        if len(neutral) == most:
            break
    return [cells_of(formula, max_atoms) for formula in [*neutral, *charged][:most]]


def _placed(pattern: Sequence[int], elements: Sequence[int]) -> Iterator[dict[int, int]]:
    """Give every formula of this pattern (numbers that rise) once."""
    runs = [len(list(run)) for _, run in groupby(pattern)]
    for chosen in combinations(elements, len(pattern)):
        for order in permutations(chosen):
            start = 0
            for run in runs:
                if list(order[start : start + run]) != sorted(order[start : start + run]):
                    break
                start += run
            else:
                yield dict(zip(order, pattern, strict=True))
