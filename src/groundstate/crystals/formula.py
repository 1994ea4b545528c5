"""Chemical formulas: strictly read, with a suggestion where one is nearly right."""

import re
import unicodedata
from collections.abc import Mapping
from math import gcd, lcm

from groundstate.crystals.crystal import chemical_symbols, number_of

MOST_ATOMS = 100_000  # of one formula
_TOKEN = re.compile(r"([A-Z][a-z]?)|([(\[])|([)\]])|(\d+)")
_WATER = re.compile(r"(.+?)[.*\u00b7\u2022\u2219\u22c5](\d*)(H2O|D2O)")  # CaSO4.2H2O
_VARIABLE = re.compile(r"(.+?)[+\u2212-](?:[xyz]|\u03b4|delta)")  # TiO2-x
_DECIMAL = re.compile(r"([A-Z][a-z]?)(\d+(?:\.\d+)?|\.\d+)?")


def formula_text(amounts: Mapping[int, float]) -> str:
    """Return amounts by atomic number as text, alphabetically: ``H2 Li2 O2``."""
    parts = sorted((chemical_symbols[number], amount) for number, amount in amounts.items())
    return " ".join(f"{symbol}{amount:g}" for symbol, amount in parts)


def parse_formula(text: str) -> dict[int, int]:
    """Return atomic number -> count of a chemical formula such as ``SrTiO3`` or ``Ca3(PO4)2``.

    Raises ``ValueError`` that says what is wrong, with a suggestion where there is one.
    """
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    if not plain:
        raise ValueError("it names no element")
    if water := _WATER.fullmatch(plain):
        suggestion = _suggest(f"{water[1]}({water[3]}){water[2]}")
        raise ValueError(f"water of crystallisation is written in brackets{suggestion}")
    if variable := _VARIABLE.fullmatch(plain):
        raise ValueError("an amount that is not a number is no part of a formula" + _suggest(variable[1]))
    if re.search(r"[+\u2212-]", plain):
        bare = re.sub(r"\d*[+\u2212-]\d*", "", plain)
        raise ValueError("a charge is no part of a formula" + _suggest(bare))
    if re.search(r"\d*\.\d|\d,\d", plain):
        raise ValueError("atoms are counted in whole numbers" + _suggest(_whole(plain.replace(",", "."))))
    try:
        counts = _count(plain)
    except ValueError as error:
        raise ValueError(f"{error}{_suggest(_repaired(plain))}") from None
    if sum(counts.values()) > MOST_ATOMS:
        raise ValueError(f"it has more than {MOST_ATOMS} atoms")
    return {number_of(symbol): count for symbol, count in counts.items()}


def _count(text: str) -> dict[str, int]:
    """Return symbol -> count; ``ValueError`` with the first fault."""
    levels: list[list[tuple[dict[str, int], int]]] = [[]]
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise ValueError(f"{text[place]!r} is not understood")
        symbol, opened, closed, number = match.groups()
        if symbol:
            if number_of(symbol) == 0:
                raise ValueError(f"no such element: {symbol}")
            levels[-1].append(({symbol: 1}, 1))
        elif opened:
            levels.append([])
        elif closed:
            if len(levels) == 1 or not levels[-1]:
                raise ValueError("its brackets do not match")
            inner = _sum(levels.pop())
            levels[-1].append((inner, 1))
        else:
            before = text[place - 1] if place else ""
            if not levels[-1] or not (before.isalpha() or before in ")]"):
                raise ValueError(f"the number {number} follows nothing")
            if number.startswith("0"):
                raise ValueError(f"{number} is no count of atoms")
            if len(number) > 6:
                raise ValueError(f"{number} is too many atoms")
            levels[-1][-1] = (levels[-1][-1][0], int(number))
        place = match.end()
    if len(levels) > 1:
        raise ValueError("its brackets do not match")
    return _sum(levels[0])


def _sum(parts: list[tuple[dict[str, int], int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for counts, factor in parts:
        for symbol, count in counts.items():
            total[symbol] = total.get(symbol, 0) + factor * count
    return total


def _suggest(text: str | None) -> str:
    """Return a question where ``text`` is a formula, else nothing."""
    if not text:
        return ""
    try:
        _count(text)
    except ValueError:
        return ""
    return f"; did you mean {text}?"


def _whole(text: str) -> str | None:
    """Return the smallest formula of whole numbers for decimal amounts; None where there is no small one."""
    parts = _DECIMAL.findall(text)
    if "".join(symbol + amount for symbol, amount in parts) != text:
        return None
    thousandths = [round(1000 * float(amount or 1)) for _, amount in parts]
    if any(
        abs(1000 * float(a or 1) - t) > 1e-6 or t == 0 for (_, a), t in zip(parts, thousandths, strict=True)
    ):
        return None
    factor = lcm(*(1000 // gcd(1000, amount) for amount in thousandths))
    if factor > 100:
        return None
    amounts = [factor * amount // 1000 for amount in thousandths]
    return "".join(f"{s}{a if a > 1 else ''}" for (s, _), a in zip(parts, amounts, strict=True))


def _repaired(text: str) -> str | None:
    """Return the formula with the letter O for the digit 0 or with other capitals, where that is one."""
    lettered = re.sub(r"(?<!\d)0", "O", text)
    for candidate in (lettered, _capitals(lettered), _capitals(text)):
        if candidate and candidate != text and _suggest(candidate):
            return candidate
    return None


def _capitals(text: str) -> str | None:
    """Return the text with the fewest element symbols, whatever the case; None where it has none."""
    if len(text) > 60:
        return None
    best: list[list[str] | None] = [[]] + [None] * len(text)
    for end in range(1, len(text) + 1):
        for length in (2, 1):
            before = best[end - length] if length <= end else None
            piece = text[end - length : end] if length <= end else ""
            if before is None:
                continue
            symbol = piece.capitalize() if piece.isalpha() else piece
            fits = number_of(symbol) > 0 if piece.isalpha() else length == 1
            current = best[end]
            if fits and (current is None or len(before) + 1 < len(current)):
                best[end] = [*before, symbol]
    return "".join(best[-1]) if best[-1] else None
