"""CSV tables with one molecule per row, checked as they stream by."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from groundstate.errors import GroundstateError
from groundstate.molecules.mols import RecordError

csv.field_size_limit(2**27)


def read_rows(stream: BinaryIO, name: str, columns: Sequence[str]) -> Iterator[dict[str, str]]:
    """Stream the rows of a CSV that must have ``columns`` (compared without case), keyed by those names.

    A row in the middle with too few cells comes out with the missing ones absent; see ``cell``.

    Raises ``GroundstateError`` naming the file and the columns where the file is empty, lacks a column, or
    ends in the middle of a row.
    """
    reader = csv.reader(io.TextIOWrapper(stream, encoding="utf-8-sig", newline=""), strict=True)
    try:
        header = next(reader, None)
        if not header:
            raise GroundstateError(f"{name}: is empty; expected a CSV with the columns {', '.join(columns)}")
        lowered = [title.strip().lower() for title in header]
        missing = [column for column in columns if column.lower() not in lowered]
        if missing:
            raise GroundstateError(
                f"{name}: has no column {', '.join(missing)}; its columns are {', '.join(header)}"
            )
        positions = [(column, lowered.index(column.lower())) for column in columns]
        short = False
        for cells in reader:
            if not cells:
                continue
            short = len(cells) < len(header)
            yield {column: cells[i] for column, i in positions if i < len(cells)}
        if short:
            raise GroundstateError(
                f"{name}: the last row is cut (line {reader.line_num}); fetch the file again"
            )
    except (csv.Error, UnicodeDecodeError) as error:
        raise GroundstateError(f"{name}: not a readable CSV near line {reader.line_num}: {error}") from None


def cell(row: dict[str, str], column: str) -> str:
    """Read the text in ``column``; ``RecordError`` where the row is too short to have it."""
    try:
        return row[column]
    except KeyError:
        raise RecordError(f"the row ends before the column {column}") from None
