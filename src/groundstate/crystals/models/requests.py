"""What a user asks of the generator, in words, and whether a model can do it."""

import sys
from collections.abc import Mapping
from typing import Any

from groundstate.crystals.crystal import chemical_symbols, number_of
from groundstate.crystals.formula import parse_formula
from groundstate.crystals.models.base import Request
from groundstate.errors import GroundstateError

SCARCE = 10  # training crystals with an element, below which what is generated with it is a guess
MAX_GUIDANCE = 1000.0


def parse_request(
    formula: str | None,
    elements: str | None,
    atoms: str | None,
    conditions: dict[str, float] | None = None,
    guidance: float = 1.0,
) -> Request:
    """Read ``SrTiO3``, ``Li-Fe-P-O`` and ``1-20`` (or ``5``).

    Raises ``GroundstateError`` that says what is wrong.
    """
    if formula is not None and (elements is not None or atoms is not None):
        raise GroundstateError(
            "--formula fixes the elements and the number of atoms: leave out --elements and --atoms; "
            "for a larger cell write the multiple, such as Sr2Ti2O6"
        )
    counts = None
    if formula is not None:
        try:
            counts = parse_formula(formula)
        except ValueError as error:
            raise GroundstateError(f"--formula: {formula!r} is not a formula ({error})") from None
    if not 0 <= guidance <= MAX_GUIDANCE:
        raise GroundstateError(f"--guidance: {guidance} is not between 0 and {MAX_GUIDANCE:g}")
    numbers = None
    if elements is not None:
        symbols = [symbol for symbol in elements.replace(",", "-").split("-") if symbol.strip()]
        if unknown := [symbol for symbol in symbols if number_of(symbol) == 0]:
            raise GroundstateError(f"--elements: no such element: {', '.join(unknown)}")
        if not symbols:
            raise GroundstateError("--elements: name at least one, such as Li-Fe-P-O")
        numbers = frozenset(number_of(symbol) for symbol in symbols)
    formulas = () if counts is None else (counts,)
    return Request(formulas, numbers, _parse_range(atoms), dict(conditions or {}), guidance)


def _parse_range(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    try:
        low, _, high = text.partition("-")
        bounds = int(low), int(high or low)
        if max(bounds) > 10**6:
            raise ValueError
    except ValueError:
        raise GroundstateError(f"--atoms: {text!r} is not a range such as 1-20") from None
    if not 1 <= bounds[0] <= bounds[1]:
        raise GroundstateError(f"--atoms: {text!r}: the range must start at 1 or more and not fall")
    return bounds


def check_limits(request: Request, max_atoms: int, depth: int, conditions: list[str]) -> None:
    """Refuse, in a sentence, what a model with these limits can never give."""
    for formula in request.formulas:
        total = sum(formula.values())
        number, most = max(formula.items(), key=lambda item: item[1])
        if most > depth:
            raise GroundstateError(
                f"the formula has {most} {chemical_symbols[number]}; this model holds at most {depth} atoms "
                "of one element"
            )
        if total > max_atoms:
            raise GroundstateError(
                f"the formula has {total} atoms; this model was trained on cells of at most {max_atoms}"
            )
    if request.atoms is not None:
        low, high = request.atoms
        if high > max_atoms:
            raise GroundstateError(
                f"--atoms {low}-{high}: this model was trained on cells of at most {max_atoms} atoms"
            )
        if request.elements is not None and low > depth * len(request.elements):
            raise GroundstateError(
                f"--atoms {low}-{high}: {len(request.elements)} elements with at most {depth} atoms each "
                f"give no cell of {low}"
            )
    if unknown := sorted(set(request.conditions) - set(conditions)):
        trained = ", ".join(conditions) or "none"
        raise GroundstateError(f"the model has no condition {unknown[0]!r}; it was trained with: {trained}")


def parse_conditions(texts: list[str]) -> dict[str, float]:
    """``formation_energy_per_atom=-1.5`` and the like, by name."""
    targets: dict[str, float] = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            target = float(value)
        except ValueError:
            raise GroundstateError(f"--condition: {text!r} is not name=number") from None
        if not -1e9 < target < 1e9:
            raise GroundstateError(f"--condition: {text!r}: the number must be finite, and below 1e9")
        if name.strip() in targets:
            raise GroundstateError(f"--condition: {name.strip()!r} is given twice")
        targets[name.strip()] = target
    return targets


def scarce_elements(request: Request, config: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Return the requested elements that few training crystals have: (symbol, number of crystals).

    ``config`` is that of the model; one of a model that counted nothing gives nothing.
    """
    counts = {int(number): count for number, count in config.get("counts", {}).items()}
    if not counts:
        return []
    asked = {number for formula in request.formulas for number in formula} | (request.elements or frozenset())
    return [
        (chemical_symbols[number], counts.get(number, 0))
        for number in sorted(asked)
        if counts.get(number, 0) < SCARCE
    ]


def say_scarce(request: Request, config: Mapping[str, Any]) -> None:
    """Say on standard error which elements of a request the model hardly knows."""
    for symbol, count in scarce_elements(request, config):
        sys.stderr.write(
            f"warning: {count} of the training crystals have {symbol}; what is generated with it is a guess\n"
        )
