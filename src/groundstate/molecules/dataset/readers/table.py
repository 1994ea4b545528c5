"""CSV tables with one molecule per row, checked as they stream by."""

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple, TextIO

from groundstate.errors import GroundstateError
from groundstate.molecules.mols import RecordError

csv.field_size_limit(2**27)

SEPARATORS = ",;\t|"
LONGEST_CELL = 100  # lines; a quotation mark that nothing closes within is a fault of its own line


class Row(NamedTuple):
    """One row: its cells by column (those that the row is too short for are absent) and its line, from 1.

    ``fault`` says what is wrong with a row that cannot be cut into cells.
    """

    cells: dict[str, str]
    line: int
    fault: str | None = None


def read_rows(
    stream: TextIO,
    name: str,
    required: Sequence[str | Sequence[str]],
    optional: Sequence[str] = (),
    whole: bool = False,
) -> Iterator[Row]:
    """Stream the rows of a CSV, keyed by the columns asked for (``Compound ID`` is ``compound_id``, too).

    Commas, semicolons, tabs and bars separate cells: whichever gives the first line the most of the columns.

    Parameters
    ----------
    required
        Columns that must be there; of several in a tuple one must.
    whole
        For files of a data set: a row with fewer cells than columns is a fault, for its last cell may be cut.

    Raises
    ------
    GroundstateError
        Naming the file and the columns, where the file is empty, or lacks a column or has it twice.
    """
    groups = [(column,) if isinstance(column, str) else tuple(column) for column in required]
    columns = [column for group in groups for column in group] + list(optional)
    separator, header, rest = _header(stream, columns)
    if not header:
        names = ", ".join(" or ".join(group) for group in groups)
        raise GroundstateError(f"{name}: is empty; expected a CSV with the columns {names}")
    titles = [_plain(title) for title in header]
    missing = [
        " or ".join(group) for group in groups if not any(_plain(column) in titles for column in group)
    ]
    if missing:
        raise GroundstateError(
            f"{name}: has no column {', '.join(missing)}; its columns are {', '.join(header)}"
        )
    if twice := [column for column in columns if titles.count(_plain(column)) > 1]:
        raise GroundstateError(f"{name}: has the column {twice[0]} twice; keep the one that is meant")
    places = {column: titles.index(_plain(column)) for column in columns if _plain(column) in titles}
    for text, number in rest:
        try:
            (cells,) = csv.reader([text], delimiter=separator, strict=True)
        except (csv.Error, ValueError) as error:
            yield Row({}, number, f"line {number} is no row of a CSV: {error}")
            continue
        short = f"line {number} is cut: it has {len(cells)} of {len(header)} cells"
        present = {column: cells[i] for column, i in places.items() if i < len(cells)}
        yield Row(present, number, short if whole and len(cells) < len(header) else None)


def _plain(title: str) -> str:
    """Give a title without case, spaces, hyphens and underscores."""
    return re.sub(r"[\s_-]+", "", title.lower())


def _header(stream: TextIO, columns: Sequence[str]) -> tuple[str, list[str], Iterator[tuple[str, int]]]:
    """Give the separator, the titles of the columns, and the rows that follow."""
    rows = _logical_rows(stream)
    first = next(rows, None)
    if first is None:
        return ",", [], rows
    asked = {_plain(column) for column in columns}
    best, titles = ",", [first[0]]
    matched = -1
    for separator in SEPARATORS:
        cells = next(csv.reader([first[0]], delimiter=separator), [])
        count = len(asked & {_plain(cell) for cell in cells})
        if count > matched:
            best, titles, matched = separator, cells, count
    return best, titles, rows


def _logical_rows(stream: TextIO) -> Iterator[tuple[str, int]]:
    """Stream (text, line number) of the rows; a quoted cell may run over lines. Blank lines are left out."""
    lines = _numbered(stream)
    waiting: list[tuple[str, int]] = []
    while True:
        if not waiting:
            waiting = list(islice(lines, 1))
        if not waiting:
            return
        size, quotes = 1, waiting[0][0].count('"')
        while quotes % 2 and size < LONGEST_CELL:
            if size == len(waiting):
                waiting += list(islice(lines, 1))
            if size == len(waiting):
                break
            quotes += waiting[size][0].count('"')
            size += 1
        size = 1 if quotes % 2 else size
        text = "\n".join(line for line, _ in waiting[:size])
        number = waiting[0][1]
        waiting = waiting[size:]
        if text.strip():
            yield text, number


def _numbered(stream: TextIO) -> Iterator[tuple[str, int]]:
    for number, text in enumerate(stream, 1):
        yield text.rstrip("\r\n"), number


def cell(row: Row, column: str) -> str:
    """Read the text in ``column``; ``RecordError`` where the row is too short to have it."""
    if row.fault:
        raise RecordError(row.fault)
    try:
        return row.cells[column]
    except KeyError:
        raise RecordError(f"line {row.line} ends before the column {column}") from None
