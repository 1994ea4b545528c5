"""Frames of extended XYZ, cut out of a text one after another: a damaged one costs no other."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TextIO

from groundstate.errors import GroundstateError

MAX_FRAME = 100_000  # atoms of one frame
MAX_LOST = 1_000_000  # lines of one file that belong to no frame; then the rest is not read
_COUNT = re.compile(r"\s*\d+\s*")


class Frame(NamedTuple):
    """One frame: its comment line, the lines of its atoms, and why it is none."""

    comment: str
    rows: list[str]
    fault: str | None


def read_frames(stream: TextIO, path: Path) -> Iterator[Frame]:
    """Cut a stream into frames; reading goes on where the next one begins.

    Raises ``GroundstateError`` where ``MAX_LOST`` lines belong to no frame.
    """
    lines = _Numbered(stream, path)
    while (line := lines.take()) is not None:
        if not line.strip():
            lines.lose()
            continue
        begun = lines.number
        if not _COUNT.fullmatch(line):
            lines.skip_to_frame()
            yield Frame("", [], f"line {begun} should be a number of atoms; not extxyz, or damaged")
            continue
        count = int(line) if len(line.strip()) <= 12 else 10**12
        comment = lines.take()
        if comment is None:
            yield Frame("", [], f"the frame is cut at line {lines.number}")
        elif count > MAX_FRAME:
            lines.skip_to_frame()
            yield Frame(comment, [], f"line {begun} promises {count} atoms, more than {MAX_FRAME}")
        else:
            rows: list[str] = []
            while len(rows) < count and not lines.at_frame() and (row := lines.take()) is not None:
                rows.append(row)
            fault = None
            if len(rows) < count:
                fault = f"line {begun} promises {count} atoms, there are {len(rows)}"
            elif not lines.ends_frame():
                fault = f"line {begun} promises {count} atoms, but more lines follow"
                lines.skip_to_frame()
            yield Frame(comment, rows, fault)


class _Numbered:
    """Lines with their numbers and a look at the next two."""

    def __init__(self, stream: TextIO, path: Path) -> None:
        self.stream, self.path, self.number, self.lost = stream, path, 0, 0
        self.ahead: list[str] = []

    def _look(self, count: int) -> list[str]:
        while len(self.ahead) < count and (line := self.stream.readline()):
            self.ahead.append(line.rstrip("\n"))
        return self.ahead[:count]

    def take(self) -> str | None:
        """Return the next line, None at the end."""
        if not self._look(1):
            return None
        self.number += 1
        return self.ahead.pop(0)

    def at_frame(self) -> bool:
        """Say whether the next two lines are a number of atoms and a comment with a cell or columns."""
        two = self._look(2)
        return (
            len(two) == 2
            and _COUNT.fullmatch(two[0]) is not None
            and re.search(r"(?i)(^|\s)(lattice|properties|pbc)=", two[1]) is not None
        )

    def ends_frame(self) -> bool:
        """Say whether blank lines, a number of atoms or the end come next; blank lines are left out."""
        while (line := self._look(1)) and not line[0].strip():
            self.take()
            self.lose()
        return not line or _COUNT.fullmatch(line[0]) is not None

    def skip_to_frame(self) -> None:
        """Leave out lines up to the next frame."""
        while not self.at_frame() and self.take() is not None:
            self.lose()

    def lose(self) -> None:
        """Count a line that belongs to no frame.

        Raises ``GroundstateError`` where there are too many.
        """
        self.lost += 1
        if self.lost > MAX_LOST:
            raise GroundstateError(
                f"{self.path}: more than {MAX_LOST} lines belong to no frame; is it another kind of file?"
            )
