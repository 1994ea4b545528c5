"""Files of VASP (POSCAR, CONTCAR, ``.vasp``): one crystal each, with symbols as VASP 5 writes them."""

import math
import re

import numpy as np

from groundstate.crystals.cif.elements import element
from groundstate.crystals.crystal import Crystal

NAME = re.compile(
    r"(?:(?:.*[._ -])?(?:POSCAR|CONTCAR)(?:[._ -].*)?|.+\.vasp)(?:\.gz)?", re.IGNORECASE | re.DOTALL
)
SUFFIX = re.compile(r"(.+?)(?:\.(?:vasp|poscar|contcar))?(?:\.gz)?", re.IGNORECASE | re.DOTALL)
SYMBOLS, COUNTS = 5, 6  # lines, from 0


def stem(name: str) -> str:
    """Give the name of a file without ``.vasp``, ``.poscar`` and ``.gz``."""
    match = SUFFIX.fullmatch(name)
    return match.group(1) if match else name


def read_poscar(text: str, name: str) -> Crystal:
    """Read a POSCAR; what follows the positions (velocities) is left aside.

    Raises ``ValueError`` for what is cut, no number or no element, and where there are no symbols (VASP 4).
    """
    lines = text.splitlines()
    if len(lines) <= COUNTS:
        raise ValueError(f"it has {len(lines)} lines; a POSCAR has at least 8")
    lattice = np.array([_numbers(lines, place, 3) for place in (2, 3, 4)])
    factors = _factors(lines, lattice)
    lattice = lattice * factors
    if np.linalg.matrix_rank(lattice) < 3:
        raise ValueError("the cell vectors lie in a plane")
    numbers = _elements(lines)
    first = COUNTS + 1
    if lines[first : first + 1] and lines[first].strip().lower().startswith("s"):  # selective dynamics
        first += 1
    mode = "".join(lines[first : first + 1]).strip()
    if not mode[:1].isalpha():
        raise ValueError(f"line {first + 1} is {mode[:40]!r}, not Direct or Cartesian")
    if len(lines) <= first + len(numbers):
        raise ValueError(f"it has {len(lines) - first - 1} positions for {len(numbers)} atoms")
    rows = [_numbers(lines, first + 1 + place, 3) for place in range(len(numbers))]
    positions = np.array(rows).reshape(-1, 3)
    if mode[0].lower() in "ck":
        positions = np.linalg.solve(lattice.T, (positions * factors).T).T
    return Crystal(name, numbers, positions, lattice, {})


def _factors(lines: list[str], lattice: np.ndarray) -> np.ndarray:
    """Return what x, y and z are multiplied by, (3,): line 2 has one factor, three, or minus the volume."""
    scales = _numbers(lines, 1)
    if len(scales) == 1 and scales[0] < 0:
        if not (volume := abs(np.linalg.det(lattice))):
            raise ValueError("the cell vectors lie in a plane")
        scales = [(-scales[0] / volume) ** (1 / 3)]
    if len(scales) not in (1, 3) or min(scales) <= 0:
        raise ValueError(
            f"line 2 is {lines[1].strip()[:40]!r}; the scale is one number but zero, or three above it"
        )
    return np.array(scales) * np.ones(3)


def _elements(lines: list[str]) -> np.ndarray:
    """Return the atomic numbers, (atoms,); symbols may carry the name of a potential (``Fe_pv``)."""
    symbols = [re.split("[_/]", word)[0] for word in lines[SYMBOLS].split()]
    if not symbols or symbols[0].isdigit():
        raise ValueError("line 6 has no symbols of elements (VASP 4): write them above the numbers of atoms")
    species = [element(symbol) for symbol in symbols]
    if 0 in species:
        raise ValueError(f"line 6: {symbols[species.index(0)]!r} is no element")
    counts = lines[COUNTS].split("!")[0].split()
    if len(counts) != len(symbols) or not all(count.isdecimal() for count in counts):
        said = lines[COUNTS].strip()[:40]
        raise ValueError(f"line 7 is {said!r}, not a number of atoms for each of {' '.join(symbols)}")
    if (total := sum(int(count) for count in counts)) > len(lines):
        raise ValueError(f"it has {len(lines)} lines for {total} atoms")
    return np.repeat(species, [int(count) for count in counts])


def _numbers(lines: list[str], place: int, count: int | None = None) -> list[float]:
    """Return the ``count`` numbers that begin line ``place``; by default all that do."""
    values: list[float] = []
    for word in lines[place].split()[:count]:
        try:
            values.append(float(word))
        except ValueError:
            break
    if not values or len(values) < (count or 1) or not all(map(math.isfinite, values)):
        what = f"{count} numbers" if count else "a number"
        raise ValueError(f"line {place + 1} is {lines[place].strip()[:40]!r}, not {what}")
    return values
