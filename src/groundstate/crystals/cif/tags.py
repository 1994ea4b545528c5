"""The tags of one CIF block, whatever dialect they are written in."""

import re
from collections.abc import Iterator
from typing import cast

from gemmi import cif

# a minus sign and a dash, which word processors make of a hyphen
_MINUS = str.maketrans("\u2212\u2013", "--")
_ESD = re.compile(r"\(\d+\)$")


def normalised(tag: str) -> str:
    """Return a tag in lower case with the dots of DDLm dictionaries as underscores."""
    return tag.lower().replace(".", "_")


def columns_of(block: cif.Block) -> Iterator[tuple[str, list[str]]]:
    """Give (tag, values) of a block in its order; a tag outside loops has one value."""
    for item in block:
        if item.pair is not None:
            tag, value = cast(tuple[str, str], item.pair)
            yield tag, [value]
        elif item.loop is not None:
            width = item.loop.width()
            for index, tag in enumerate(item.loop.tags):
                yield tag, item.loop.values[index::width]


class Tags:
    """Single values and columns of a block by normalised tag.

    Raises ``ValueError`` where one tag has two different values.
    """

    def __init__(self, block: cif.Block) -> None:
        self.columns: dict[str, list[str]] = {}
        for tag, values in columns_of(block):
            if self.columns.setdefault(normalised(tag), values) != values:
                raise ValueError(f"{tag} stands twice, with different values")

    def value(self, name: str) -> str | None:
        """Return the text of a tag that has one value; None where it is absent, ``?`` or ``.``."""
        values = self.columns.get(name, ())
        if len(values) != 1 or cif.is_null(values[0]):
            return None
        return " ".join(cif.as_string(values[0]).translate(_MINUS).split()) or None

    def stated(self, pattern: str) -> Iterator[tuple[str, str]]:
        """Give (tag, text) of the single values whose tag matches ``pattern``."""
        for name in self.columns:
            if re.fullmatch(pattern, name) and (text := self.value(name)) is not None:
                yield name, text

    def column(self, name: str) -> list[str] | None:
        """Return the texts of a column, ``?`` and ``.`` as they are; None where it is absent."""
        values = self.columns.get(name)
        return None if values is None else [v if cif.is_null(v) else cif.as_string(v) for v in values]


def number(text: str, what: str) -> float:
    """Return a number without its standard uncertainty.

    Raises ``ValueError`` that says what it should have been.
    """
    try:
        value = float(_ESD.sub("", text))
    except ValueError:
        reason = "is not given" if text in ("?", ".") else f"is {text!r}, not a number"
        raise ValueError(f"{what} {reason}") from None
    if not -1e9 < value < 1e9:
        raise ValueError(f"{what} is {text!r}, out of any range")
    return value


def parse(text: str) -> list[cif.Block]:
    """Return the blocks of CIF text.

    Raises ``ValueError`` with the line where the grammar is broken.
    """
    try:
        return list(cif.read_string(text, 0))
    except (ValueError, RuntimeError) as error:
        reason = str(error).removeprefix("string:")
        raise ValueError(
            f"not CIF: line {reason}" if reason[:1].isdigit() else f"not CIF: {reason}"
        ) from None
