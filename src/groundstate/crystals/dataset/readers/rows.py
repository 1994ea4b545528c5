"""Rows of a CSV as people have them: any case of the header, comma, semicolon or tab, and bad rows."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np

from groundstate.errors import GroundstateError

MAX_DAMAGED = 100_000  # rows of one file
_SEPARATORS = ",;\t|"
# A row that is being looked for after damage begins on one of so many lines.
_LONGEST_SEARCH = 100_000


class Row(NamedTuple):
    """Number (1 is the first after the header), values by column, and why it cannot be used."""

    number: int
    values: dict[str, str]
    fault: str | None


class _Lines:
    """Lines of a stream, of which those of the current record can be put back."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.waiting: list[str] = []
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.waiting.pop() if self.waiting else next(self.stream)
        self.taken.append(line)
        return line

    def begin(self) -> None:
        """Start a record."""
        self.taken = []

    def back(self, kept: int) -> None:
        """Put back all lines of the record but the first ``kept``."""
        self.waiting += reversed(self.taken[kept:])
        self.taken = []


def read_rows(stream: TextIO, path: Path, columns: Mapping[str, str], content: str) -> Iterator[Row]:
    """Give the rows of a table with a header; lines of ``#`` before the header are skipped.

    Parameters
    ----------
    columns
        Column that must be there, in any case (alternatives with ``|``) -> what it holds, for the sentence.
    content
        Column that holds the structure, whose beginning tells a row from the middle of a damaged one.

    Raises ``GroundstateError`` where the file is empty, or a column is missing or stands twice.
    """
    csv.field_size_limit(2**31 - 1)
    lines = _Lines(stream)
    header = next((line for line in lines if line.strip() and not line.startswith("#")), None)
    if header is None:
        raise GroundstateError(f"{path}: the file is empty")
    separator = max(_SEPARATORS, key=header.count)
    names = [name.strip() for name in next(csv.reader([header], delimiter=separator))]
    needed = {one for column in columns for one in column.split("|")}
    names = [name.lower() if name.lower() in needed else name for name in names]
    for column, what in columns.items():
        if not set(column.split("|")) & set(names):
            present = "".join(sign if sign.isprintable() else "?" for sign in ", ".join(names)[:200])
            raise GroundstateError(
                f"{path}: no column {column.replace('|', ' or ')} ({what}); it has {present}"
            )
    if twice := sorted(name for name in needed if names.count(name) > 1):
        raise GroundstateError(f"{path}: has the column {twice[0]} twice; keep the one that is meant")
    number, searching, damaged = 0, 0, 0
    while True:
        lines.begin()
        fields, fault = _record(lines, separator, names)
        if fields is None and not lines.taken:
            break
        whole = fields is not None and fault is None and len(fields) == len(names)
        if searching:
            if not (whole and fields and _begins(fields, names, content)):
                searching -= 1
                lines.back(1)
                continue
            searching = 0
        elif fields == []:
            continue
        number += 1
        values = {} if fields is None else dict(zip(names, fields, strict=False))
        if not whole:
            damaged += 1
            if damaged > MAX_DAMAGED:
                raise GroundstateError(
                    f"{path}: more than {MAX_DAMAGED} rows are damaged; is it another kind of file?"
                )
            fault = fault or f"row {number} has {len(fields or ())} values for {len(names)} columns"
            if len(lines.taken) > 1 and not (fields and _begins(fields, names, content)):
                lines.back(1)  # a quote was left open: the next row is somewhere inside
                searching = _LONGEST_SEARCH
        yield Row(number, values, fault)
    if number == 0:
        raise GroundstateError(f"{path}: the file has a header but no rows")


def _record(lines: _Lines, separator: str, names: Sequence[str]) -> tuple[list[str] | None, str | None]:
    """Return the fields of the next record, None at the end, and why it is damaged."""
    try:
        return next(csv.reader(lines, delimiter=separator, strict=True)), None
    except StopIteration:
        return None, None
    except csv.Error as error:
        first = next(csv.reader(lines.taken[:1], delimiter=separator), [])
        return first[: len(names)], f"a row is damaged: {error}"


def _begins(fields: Sequence[str], names: Sequence[str], content: str) -> bool:
    """Say whether the field of the structure begins like one, and holds no more than one."""
    text = dict(zip(names, fields, strict=False)).get(content, "").lower()
    return text.count("_cell_length_a") == 1 or (content != "cif" and text.startswith(("{", '"{')))


def numeric(values: Mapping[str, str], skip: Sequence[str]) -> dict[str, float]:
    """Return the columns that hold one finite number, but for ``skip``."""
    numbers = {}
    for name, text in values.items():
        if name and name not in skip and text:
            try:
                value = float(text)
            except ValueError:
                continue
            if np.isfinite(value):
                numbers[name] = value
    return numbers
