"""From CIF text to crystals: one for each block that lists sites."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from gemmi import cif

from groundstate.crystals.cif.elements import by_labels, by_types, formula_of, matches
from groundstate.crystals.cif.sites import MERGED, Atoms, Sites, close_pairs, expand, merge, read_sites
from groundstate.crystals.cif.symmetry import Operations, possible_operations
from groundstate.crystals.cif.tags import Tags, columns_of, normalised, number, parse
from groundstate.crystals.crystal import Crystal
from groundstate.crystals.formula import formula_text
from groundstate.crystals.lattice import cell_from_parameters

VOLUME_DIFFERENCE = 0.05  # of the cell from the volume that its file states
MAX_TEXT = 16 * 2**20  # characters of one file or field
CELL = [
    f"_cell_{name}"
    for name in ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
]
# typographic quotes, which word processors make of plain ones
_QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u00a0": " "})


class Block(NamedTuple):
    """One block: its name, and what reads it (``ValueError`` where it cannot be read)."""

    name: str
    read: Callable[[str], Crystal]


def read_blocks(text: str) -> list[Block]:
    """Return the blocks of a file that describe a crystal; without others (journal data) beside them.

    A file whose grammar is broken somewhere is cut into blocks, so that one of them costs no other.

    Raises ``ValueError`` where nothing can be read at all.
    """
    if len(text) > MAX_TEXT:
        raise ValueError(f"{len(text)} characters of CIF, more than {MAX_TEXT}")
    try:
        blocks = [(block.name, block) for block in parse(text)]
        if not blocks:
            raise ValueError("it holds no block of data")
        return _crystals(blocks)
    except ValueError as error:
        parts = list(_cut(text.translate(_QUOTES)))
        if not parts:
            raise
        parsed: list[tuple[str, cif.Block | ValueError]] = []
        for name, part in parts:
            try:
                parsed += [(block.name, block) for block in parse(part)]
            except ValueError as fault:
                parsed.append((name, fault if len(parts) > 1 else error))
        return _crystals(parsed)


def _crystals(blocks: Sequence[tuple[str, cif.Block | ValueError]]) -> list[Block]:
    """Leave out blocks without any site or cell where others have some."""

    def describes(block: cif.Block | ValueError) -> bool:
        if isinstance(block, ValueError):
            return True
        return any(normalised(tag).startswith(("_cell", "_atom_site")) for tag, _ in columns_of(block))

    chosen = [(name, block) for name, block in blocks if describes(block)] or blocks
    return [Block(name, _reader(block)) for name, block in chosen]


def _reader(block: cif.Block | ValueError) -> Callable[[str], Crystal]:
    def read(name: str) -> Crystal:
        if isinstance(block, ValueError):
            raise block
        return read_block(block, name)

    return read


def _cut(text: str) -> Iterator[tuple[str, str]]:
    """Give (name, text) of the blocks of a file by their headers; those inside text fields are none."""
    name, inside = "", False
    lines: list[str] = []
    for line in text.splitlines(keepends=True):
        header = None if inside else re.match(r"data_(\S*)", line, re.IGNORECASE)
        if header:
            if name or lines:
                yield name, "".join(lines)
            name, lines = header.group(1), []
        elif line.startswith(";"):
            inside = not inside
        if header or name or lines or line.strip():
            lines.append(line)
    if lines:
        yield name, "".join(lines)


def read_block(block: cif.Block, name: str) -> Crystal:
    """Read one block with all its symmetry as an ordered crystal.

    Raises ``ValueError`` that says why not: contradictions, disorder, atoms without place, a composition
    other than that of ``_chemical_formula_sum``.
    """
    tags = Tags(block)
    lattice = _cell(tags)
    _check_volume(tags, lattice)
    sites = read_sites(tags, lattice)
    formula = formula_of(tags.value("_chemical_formula_sum"))
    readings = (
        list(by_labels(sites.labels, formula))
        if sites.symbols is None
        else [by_types(sites.labels, sites.symbols)]
    )
    faults: list[ValueError] = []
    made: list[tuple[Operations, Atoms, np.ndarray]] = []
    for operations in possible_operations(tags, lattice):
        try:
            atoms = expand(sites.points, operations, lattice)
        except ValueError as error:
            faults.append(error)
            continue
        pairs = close_pairs(atoms.points, lattice, MERGED)
        for numbers in readings:
            try:
                merged = merge(atoms, sites, numbers, pairs, lattice) if pairs else atoms
                _compare(numbers, merged.multiplicities, formula)
                if len(operations.rotations) == 1:
                    _complete(merged.multiplicities, formula, tags)
                made.append((operations, merged, numbers))
            except ValueError as error:
                faults.append(error)
    if not made:
        raise faults[0]
    operations, atoms, numbers = _one(made, sites, lattice)
    return Crystal(name, numbers[atoms.site], atoms.points, lattice)


def _cell(tags: Tags) -> np.ndarray:
    parameters = []
    for key in CELL:
        text = tags.column(key)
        if text is None:
            raise ValueError(f"no {key}")
        if len(text) != 1:
            raise ValueError(f"{key} has {len(text)} values")
        parameters.append(number(text[0], key))
    lattice = cell_from_parameters(np.array(parameters))
    if min(parameters) <= 0 or max(parameters[3:]) >= 180 or not np.all(np.isfinite(lattice)):
        raise ValueError(f"the cell is impossible: {', '.join(f'{value:g}' for value in parameters)}")
    return lattice


def _check_volume(tags: Tags, lattice: np.ndarray) -> None:
    """Raise ``ValueError`` where the cell has another volume than the file says: nanometres, a misprint."""
    try:
        stated = number(tags.value("_cell_volume") or "?", "_cell_volume")
    except ValueError:  # a remark
        return
    volume = float(abs(np.linalg.det(lattice)))
    if stated > 0 and abs(volume - stated) > VOLUME_DIFFERENCE * stated:
        raise ValueError(
            f"its cell has {volume:.1f} cubic angstrom, but _cell_volume is {stated:g}; are the lengths in "
            "angstrom and the angles in degrees?"
        )


def _compare(numbers: np.ndarray, multiplicities: np.ndarray, formula: dict[int, float] | None) -> None:
    if formula is None or matches(numbers, multiplicities, formula):
        return
    content: dict[int, float] = {}
    for atomic_number, count in zip(numbers.tolist(), multiplicities.tolist(), strict=True):
        content[atomic_number] = content.get(atomic_number, 0) + count
    raise ValueError(
        f"its sites hold {formula_text(content)}, but _chemical_formula_sum says {formula_text(formula)}"
    )


def _complete(multiplicities: np.ndarray, formula: dict[int, float] | None, tags: Tags) -> None:
    """Raise ``ValueError`` where sites without symmetry are fewer than the formula says.

    Some programs write the sum of the cell as ``_chemical_formula_sum``, and how many times it can be divided
    as ``_cell_formula_units_Z``.
    """
    if formula is None:
        return
    stated = tags.value("_cell_formula_units_z")
    units = number(stated, "_cell_formula_units_Z") if stated else 1.0
    divisor = math.gcd(*(round(amount) for amount in formula.values())) or 1
    atoms = sum(formula.values()) * max(1.0, units / divisor)
    if multiplicities.sum() < 0.75 * atoms:
        raise ValueError(
            f"its sites are {multiplicities.sum():g} atoms, but {formula_text(formula)} and Z = {units:g} "
            f"are {atoms:g}, and no symmetry makes the others; state the space group"
        )


def _one(
    made: list[tuple[Operations, Atoms, np.ndarray]], sites: Sites, lattice: np.ndarray
) -> tuple[Operations, Atoms, np.ndarray]:
    """Choose among readings that all fit the formula: by multiplicities, then by distances.

    Raises ``ValueError`` where more than one is left.
    """
    if len(made) > 1 and sites.multiplicities is not None:
        made = [one for one in made if one[1].multiplicities.tolist() == sites.multiplicities] or made
    if len(made) > 1:
        made = [one for one in made if not close_pairs(one[1].points, lattice, 0.5)] or made
    if len(made) > 1 and len({one[0].name for one in made}) > 1:
        names = " or ".join(sorted({one[0].name for one in made}))
        raise ValueError(f"it may be {names}: state the setting, or list the symmetry operations")
    if len(made) > 1:
        raise ValueError(
            "its labels can be read as more than one set of elements; add _atom_site_type_symbol"
        )
    return made[0]
