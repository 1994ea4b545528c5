"""Which element a site is: by its type symbol, or by its label and the formula."""

import itertools
import re
from collections.abc import Iterator, Sequence

import numpy as np

from groundstate.crystals.crystal import number_of

_TYPE = re.compile(r"([A-Za-z]{1,2})(\d*[+-]|[+-]\d*|\d+|val)?")
_PART = re.compile(r"([A-Z][a-z]?)(\d*\.?\d*)")
# Different beginnings of labels that can each be two elements; more are not tried.
_MOST_OPEN = 8


def element(symbol: str) -> int:
    """Return the atomic number of a symbol such as ``Mg``, ``MG``, ``Mg2+``, ``O-2`` or ``D``; 0 for none.

    Deuterium and tritium are hydrogen.
    """
    match = _TYPE.fullmatch(symbol.strip())
    if match is None:
        return 0
    name = match.group(1).capitalize()
    return 1 if name in ("D", "T") else number_of(name)


def formula_of(text: str | None) -> dict[int, float] | None:
    """Return atomic number -> amount of a ``_chemical_formula_sum``; None where there is none to compare."""
    if text is None:
        return None
    amounts: dict[int, float] = {}
    for part in text.replace(",", " ").split():
        pieces = _PART.findall(part)
        if "".join(name + amount for name, amount in pieces) != part:
            return None
        for name, amount in pieces:
            if (number := element(name)) == 0 or amount == ".":
                return None
            amounts[number] = amounts.get(number, 0.0) + float(amount or 1)
    return {number: amount for number, amount in amounts.items() if amount > 0} or None


def matches(numbers: np.ndarray, multiplicities: np.ndarray, formula: dict[int, float]) -> bool:
    """Say whether sites of these elements and multiplicities have the composition of ``formula``."""
    content: dict[int, float] = {}
    for number, count in zip(numbers.tolist(), multiplicities.tolist(), strict=True):
        content[number] = content.get(number, 0.0) + count
    if content.keys() != formula.keys():
        return False
    atoms, units = sum(content.values()), sum(formula.values())
    return all(abs(content[key] / atoms - formula[key] / units) < 1e-3 for key in content)


def by_types(labels: Sequence[str], symbols: Sequence[str]) -> np.ndarray:
    """Return atomic numbers by type symbols.

    Raises ``ValueError`` that names the site whose symbol is no element.
    """
    numbers = np.array([element(symbol) for symbol in symbols], dtype=int)
    for label, symbol, number in zip(labels, symbols, numbers, strict=True):
        if number == 0:
            raise ValueError(f"the site {label} is of the type {symbol!r}, which is no element")
    return numbers


def by_labels(labels: Sequence[str], formula: dict[int, float] | None) -> Iterator[np.ndarray]:
    """Give the atomic numbers that labels may stand for.

    ``HO1`` is holmium, or a hydrogen on an oxygen: with a formula every reading is given, of which the
    formula takes one; without one only labels that are a symbol and no more are read.

    Raises ``ValueError`` that names a label that is no element, or may be two.
    """
    beginnings = [match.group() if (match := re.match(r"[A-Za-z]+", label)) else "" for label in labels]
    readings = {}
    for label, start in zip(labels, beginnings, strict=True):
        if start not in readings:
            readings[start] = _readings(start) if formula else _plain(start)
        if not readings[start]:
            raise ValueError(
                f"the site {label} has no type symbol, and its label is no element; add "
                "_atom_site_type_symbol"
            )
        if formula is None and len(readings[start]) > 1:
            raise ValueError(
                f"the site {label} has no type symbol, and its label may be two elements; add "
                "_atom_site_type_symbol, or _chemical_formula_sum"
            )
    if sum(len(some) > 1 for some in readings.values()) > _MOST_OPEN:
        raise ValueError("too many labels may be two elements; add _atom_site_type_symbol")
    for choice in itertools.product(*readings.values()):
        number = dict(zip(readings, choice, strict=True))
        yield np.array([number[start] for start in beginnings], dtype=int)


def _readings(start: str) -> list[int]:
    """Return the elements of the first two letters and of the first one."""
    return list(dict.fromkeys(number for text in (start[:2], start[:1]) if (number := element(text))))


def _plain(start: str) -> list[int]:
    """Return the elements that the letters as a whole may be: ``CA`` is Ca, or C with the letter A."""
    whole = element(start) if len(start) <= 2 else 0
    if not whole or start.istitle():
        return [whole] if whole else []
    return list(dict.fromkeys(number for number in (whole, element(start[:1])) if number))
