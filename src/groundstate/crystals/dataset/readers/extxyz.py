"""Extended XYZ: frames with a cell in the comment line."""

from functools import partial
from pathlib import Path

import numpy as np

from groundstate.crystals.cif.elements import element
from groundstate.crystals.cif.sites import FULL
from groundstate.crystals.crystal import MAX_NUMBER, Crystal
from groundstate.crystals.dataset.readers.item import Read, guarded, rejected
from groundstate.crystals.dataset.readers.rows import numeric
from groundstate.errors import GroundstateError
from groundstate.extxyz import Frame, read_frames
from groundstate.names import TOKEN, extxyz_id
from groundstate.text import open_text

_IDS = ("id", "ID", "Id", "material_id")
_DEFAULT = "species:S:1:pos:R:3"
_KINDS = {"S", "R", "I", "L"}
_OCCUPANCIES = ("occupancy", "occupancies")


def read_extxyz(path: Path) -> Read:
    """Read the frames; ids from ``id=`` or ``material_id=``, or the file's name and the frame's number.

    A frame that is damaged costs no other: reading goes on where the next one begins.
    """
    stem, number = path.name.split(".")[0], 0
    with open_text(path) as stream:
        for number, frame in enumerate(read_frames(stream, path), 1):
            name = f"{stem}-{number - 1}"
            name = next(filter(None, (extxyz_id(frame.comment, key) for key in _IDS)), name)
            if frame.fault:
                yield rejected(name, frame.fault)
            else:
                yield guarded(name, partial(_crystal, frame, name))
    if number == 0:
        raise GroundstateError(f"{path}: the file is empty")


def _crystal(frame: Frame, name: str) -> Crystal:
    values = _values(frame.comment)
    if not frame.rows:
        raise ValueError("no atoms")
    _check_periodic(values)
    lattice = _lattice(values)
    numbers, positions = _atoms(frame.rows, values.get("properties", _DEFAULT), "properties" in values)
    frac = np.linalg.solve(lattice.T, positions.T).T
    return Crystal(name, numbers, frac, lattice, numeric(values, [key.lower() for key in _IDS]))


def _values(comment: str) -> dict[str, str]:
    """Return the key=value pairs of a comment line, keys in lower case; a key with two values is refused."""
    values: dict[str, str] = {}
    for token in TOKEN.finditer(comment):
        value = token["quoted"] if token["quoted"] is not None else token["bare"]
        if value is not None and values.setdefault(token["key"].lower(), value) != value:
            raise ValueError(f"the comment line states {token['key']} twice, differently")
    return values


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
        for name in _OCCUPANCIES:
            if name in where:
                share = _number(words[where[name]], f"the occupancy of atom {index}")
                if abs(share - 1) > FULL:
                    raise ValueError(
                        f"atom {index} is partly occupied ({share:g}); disordered crystals are not read"
                    )
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
