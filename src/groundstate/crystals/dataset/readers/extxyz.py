"""Extended XYZ: frames with a cell in the comment line."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np

from groundstate.crystals.cif.elements import element
from groundstate.crystals.crystal import MAX_NUMBER, Crystal
from groundstate.crystals.dataset.readers.item import Read, guarded, rejected
from groundstate.crystals.dataset.readers.rows import numeric
from groundstate.errors import GroundstateError
from groundstate.names import TOKEN, extxyz_id
from groundstate.text import open_text

MAX_FRAME = 100_000  # atoms of one frame
MAX_LOST = 1_000_000  # lines of one file that belong to no frame; then the rest is not read
_IDS = ("id", "ID", "Id", "material_id")
_COUNT = re.compile(r"\s*\d+\s*")
_DEFAULT = "species:S:1:pos:R:3"
_KINDS = {"S", "R", "I", "L"}


class _Frame(NamedTuple):
    comment: str
    rows: list[str]
    fault: str | None


def read_extxyz(path: Path) -> Read:
    """Read the frames; ids from ``id=`` or ``material_id=``, or the file's name and the frame's number.

    A frame that is damaged costs no other: reading goes on where the next one begins.
    """
    stem, number = path.name.split(".")[0], 0
    with open_text(path) as stream:
        for number, frame in enumerate(_frames(stream, path), 1):
            name = f"{stem}-{number - 1}"
            name = next(filter(None, (extxyz_id(frame.comment, key) for key in _IDS)), name)
            if frame.fault:
                yield rejected(name, frame.fault)
            else:
                yield guarded(name, partial(_crystal, frame, name))
    if number == 0:
        raise GroundstateError(f"{path}: the file is empty")


def _frames(stream: TextIO, path: Path) -> Iterator[_Frame]:
    """Cut a stream into frames, each with why it is none."""
    lines = _Numbered(stream, path)
    while (line := lines.take()) is not None:
        if not line.strip():
            lines.lose()
            continue
        begun = lines.number
        if not _COUNT.fullmatch(line):
            lines.skip_to_frame()
            yield _Frame("", [], f"line {begun} should be a number of atoms; not extxyz, or damaged")
            continue
        count = int(line) if len(line.strip()) <= 12 else 10**12
        comment = lines.take()
        if comment is None:
            yield _Frame("", [], f"the frame is cut at line {lines.number}")
        elif count > MAX_FRAME:
            lines.skip_to_frame()
            yield _Frame(comment, [], f"line {begun} promises {count} atoms, more than {MAX_FRAME}")
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
            yield _Frame(comment, rows, fault)


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


def _crystal(frame: _Frame, name: str) -> Crystal:
    values = _values(frame.comment)
    if not frame.rows:
        raise ValueError("no atoms")
    _check_periodic(values)
    lattice = _lattice(values)
    numbers, positions = _atoms(frame.rows, values.get("properties", _DEFAULT), "properties" in values)
    frac = np.linalg.solve(lattice.T, positions.T).T
    return Crystal(name, numbers, frac, lattice, numeric(values, [key.lower() for key in _IDS]))


def _values(comment: str) -> dict[str, str]:
    """Return the key=value pairs of a comment line, keys in lower case."""
    return {
        token["key"].lower(): token["quoted"] if token["quoted"] is not None else token["bare"]
        for token in TOKEN.finditer(comment)
        if token["quoted"] is not None or token["bare"] is not None
    }


def _check_periodic(values: dict[str, str]) -> None:
    """Refuse what is not periodic along all three vectors; a lattice without ``pbc`` means that it is."""
    text = values.get("pbc")
    if text is None:
        return
    flags = [word.lower() in ("t", "true", "1") for word in text.replace(",", " ").strip("[]").split()]
    flags = 3 * flags if len(flags) == 1 else flags
    if len(flags) != 3 or not all(flags):
        kind = {0: "a molecule or cluster", 1: "a wire", 2: "a slab"}.get(sum(flags), "not periodic")
        raise ValueError(f'pbc="{text}" says that it is {kind}; only crystals (pbc="T T T") are read')


def _lattice(values: dict[str, str]) -> np.ndarray:
    text = values.get("lattice")
    if text is None:
        raise ValueError("no cell (Lattice=) in the comment line")
    numbers = [_number(word, "a number of the lattice") for word in text.replace(",", " ").split()]
    if len(numbers) != 9:
        raise ValueError(f"the lattice has {len(numbers)} numbers, not 9")
    lattice = np.array(numbers).reshape(3, 3)
    if np.linalg.matrix_rank(lattice) < 3:
        raise ValueError("the cell vectors of the lattice lie in a plane")
    return lattice


def _atoms(rows: list[str], properties: str, stated: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return atomic numbers (n,) and positions (n, 3) in angstrom."""
    where, width = _columns(properties)
    kind = next((key for key in ("species", "z") if key in where), None)
    if kind is None or "pos" not in where:
        raise ValueError(f"Properties={properties} names no species or no positions")
    numbers, positions = [], []
    for index, row in enumerate(rows, 1):
        words = row.split()
        if len(words) < width or (stated and len(words) > width):
            raise ValueError(f"atom {index} has {len(words)} values, Properties say {width}")
        symbol = words[where[kind]]
        number = int(symbol) if kind == "z" and symbol.isdigit() and len(symbol) < 4 else element(symbol)
        if not 1 <= number <= MAX_NUMBER:
            raise ValueError(f"atom {index}: {symbol!r} is no element")
        numbers.append(number)
        start = where["pos"]
        what = f"a coordinate of atom {index}"
        positions.append([_number(word, what) for word in words[start : start + 3]])
    return np.array(numbers), np.array(positions)


def _columns(properties: str) -> tuple[dict[str, int], int]:
    """Return the first column of each property, and the number of columns."""
    parts = properties.split(":")
    where: dict[str, int] = {}
    width = 0
    for name, kind, count in zip(parts[::3], parts[1::3], parts[2::3], strict=False):
        if kind.upper() not in _KINDS or not count.isdigit():
            raise ValueError(f"Properties={properties} cannot be read")
        where.setdefault(name.lower(), width)
        width += int(count)
    if not where or len(parts) % 3:
        raise ValueError(f"Properties={properties} cannot be read")
    return where, width


def _number(word: str, what: str) -> float:
    try:
        value = float(word.replace("D", "e").replace("d", "e"))  # Fortran writes 1.0D0
    except ValueError:
        raise ValueError(f"{what} is {word!r}, not a number") from None
    if not np.isfinite(value):
        raise ValueError(f"{what} is {word}, not a finite number")
    return value
