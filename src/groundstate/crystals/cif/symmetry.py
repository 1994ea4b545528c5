"""The symmetry operations that a CIF block states: as a list, by Hall or Hermann-Mauguin symbol or number.

Names of space groups are looked up in gemmi's table, full symbols in spglib's. What contradicts itself, or
names a symmetry without saying which atoms it makes, is refused.
"""

import re
from functools import cache
from typing import NamedTuple

import gemmi
import numpy as np
import spglib

from groundstate.crystals.cif.tags import Tags

_PREFIX = r"_(space_group|symmetry|symmetry_space_group)"
_NUMBER = _PREFIX + r"_(it_number|int_tables_number)"
_HALL = _PREFIX + r"_name_hall"
_NAME = _PREFIX + r"_name_h-m(_alt|_full|_ref|_short)?"
# what says that there is symmetry, but not which; the values of P 1 and of a primitive cell say none
_HINTS = (
    r"_space_group_crystal_system|_symmetry_cell_setting|_(space_group|symmetry|symmetry_space_group)_name_schoenflies"
    r"|_space_group_(bravais_type|laue_class|point_group_h-m|centring_type)"
)
_NO_SYMMETRY = ("triclinic", "anorthic", "c1^1", "c1", "ap", "-1", "1", "p")
_LISTS = (
    "_symmetry_equiv_pos_as_xyz",
    "_space_group_symop_operation_xyz",
    "_space_group_symop_magn_operation_xyz",
)
_CENTRINGS = "_space_group_symop_magn_centering_xyz"
_MODULATED = ("_cell_modulation", "_cell_wave_vector", "_space_group_ssg", "_space_group_symop_ssg")
# Largest relative deviation of the metric from the symmetry: cells are measured or relaxed, and rounded.
METRIC_TOLERANCE = 0.02
MAX_OPERATIONS = 2000  # of a list; a space group has at most 192 in a cell


class Operations(NamedTuple):
    """Rotations (n, 3, 3) and translations (n, 3) on fractional coordinates; the first is the identity."""

    rotations: np.ndarray
    translations: np.ndarray
    name: str

    def fit(self, lattice: np.ndarray) -> bool:
        """Say whether the metric of a cell (rows) has this symmetry."""
        metric = lattice @ lattice.T
        lengths = np.sqrt(np.diag(metric))
        turned = np.swapaxes(self.rotations, 1, 2) @ metric @ self.rotations
        return bool(np.all(np.abs(turned - metric) <= METRIC_TOLERANCE * np.outer(lengths, lengths)))


def _operations(group: gemmi.GroupOps, name: str) -> Operations:
    ops = sorted(group, key=lambda op: (op.wrap().triplet() != "x,y,z", op.triplet()))
    rotations = np.array([op.rot for op in ops]) / gemmi.Op.DEN
    return Operations(rotations, np.array([op.tran for op in ops]) / gemmi.Op.DEN % 1.0, name)


def possible_operations(tags: Tags, lattice: np.ndarray) -> list[Operations]:
    """Return the sets of operations that the block may mean: more than one where a setting is left open.

    Raises ``ValueError`` for a contradiction, an unknown name, and a symmetry that the cell does not have.
    """
    if any(name.startswith(_MODULATED) for name in tags.columns):
        raise ValueError("a modulated structure; only structures of three dimensions are read")
    listed = _listed(tags)
    groups = _named(tags, needed=listed is None)
    if listed is not None:
        _compare(listed, groups)
        choices = [_operations(listed, "its operations")]
    elif groups:
        choices = [_operations(one.operations(), one.xhm()) for one in groups]
    elif magnetic := next(tags.stated(r"_(space_group_magn|parent_space_group)_.*"), None):
        raise ValueError(f"{magnetic[0]} is {magnetic[1]!r}, but no operations are listed; list them")
    elif hint := next((one for one in tags.stated(_HINTS) if one[1].lower() not in _NO_SYMMETRY), None):
        raise ValueError(f"{hint[0]} is {hint[1]}, but no space group is stated; state it")
    else:
        choices = [_operations(gemmi.GroupOps([gemmi.Op("x,y,z")]), "P 1")]
    if not (fitting := [one for one in choices if one.fit(lattice)]):
        raise ValueError(f"the cell does not have the symmetry of {choices[0].name}")
    return fitting


def _listed(tags: Tags) -> gemmi.GroupOps | None:
    """Return the group of the listed operations, centrings included; None where none is listed."""
    texts = [text for name in _LISTS for text in tags.column(name) or () if text not in ("?", ".")]
    if not texts:
        return None
    centrings = [text for text in tags.column(_CENTRINGS) or () if text not in ("?", ".")] or ["x,y,z"]
    if len(set(texts)) * len(centrings) > MAX_OPERATIONS:
        raise ValueError(f"{len(texts)} symmetry operations, more than {MAX_OPERATIONS}")
    ops = {
        (_op(centring) * _op(text)).wrap().triplet()
        for text in dict.fromkeys(texts)
        for centring in centrings
    }
    group = gemmi.GroupOps([gemmi.Op(triplet) for triplet in sorted(ops)])
    group.add_missing_elements()
    if len(list(group)) != len(ops):
        raise ValueError(f"its {len(ops)} symmetry operations are no group: one is missing or misprinted")
    return group


def _op(text: str) -> gemmi.Op:
    # the fourth part of a magnetic operation turns moments, not places
    parts = text.replace(" ", "").split(",")[:3]
    try:
        return gemmi.Op(",".join(parts))
    except RuntimeError as error:
        raise ValueError(f"the symmetry operation {text!r} cannot be read ({error})") from None


def _named(tags: Tags, needed: bool) -> list[gemmi.SpaceGroup]:
    """Return the settings that all stated names, symbols and numbers allow; empty where nothing is stated."""
    stated: list[tuple[str, str, list[gemmi.SpaceGroup]]] = []
    for tag, text in tags.stated(_HALL):
        stated.append((tag, text, _of_hall(text)))
    for tag, text in tags.stated(_NAME):
        stated.append((tag, text, _of_name(text)))
    for tag, text in tags.stated(_NUMBER):
        stated.append((tag, text, _of_number(text)))
    readable = [one for one in stated if one[2]]
    if stated and not readable and needed:
        raise ValueError(f"{stated[0][0]} is {stated[0][1]!r}, which is no space group")
    numbers = {group.number for _, _, groups in readable for group in groups}
    if len(numbers) > 1:
        said = ", ".join(f"{tag} {text}" for tag, text, _ in readable)
        raise ValueError(f"its statements of the symmetry contradict each other: {said}")
    if not readable:
        return []
    groups = readable[0][2]  # a Hall symbol says most, a number least
    code = tags.value("_space_group_it_coordinate_system_code")
    if code is not None:
        groups = [one for one in groups if code.lower() in (one.ext.lower(), one.qualifier)] or groups
    return groups


def _compare(listed: gemmi.GroupOps, groups: list[gemmi.SpaceGroup]) -> None:
    """Refuse a list of operations that is of another group than the one that is named."""
    if not groups:
        return
    own = gemmi.find_spacegroup_by_ops(listed)
    order = len({str(op.rot) for op in listed})
    same = any(len({str(op.rot) for op in group.operations()}) == order for group in groups)
    if not same or (own is not None and own.number != groups[0].number):
        raise ValueError(
            f"it states {groups[0].hm}, but lists {len(list(listed))} operations, which are those of "
            f"{own.hm if own else 'another group'}; list the operations of the atoms that are given"
        )


def _settings(group: gemmi.SpaceGroup) -> list[gemmi.SpaceGroup]:
    """Return the settings of the same symbol: both origins, or hexagonal and rhombohedral axes."""
    return [one for one in gemmi.spacegroup_table() if (one.number, one.hm) == (group.number, group.hm)]


@cache
def _of_number(text: str) -> list[gemmi.SpaceGroup]:
    number = int(text) if text.isdigit() else 0
    if not 1 <= number <= 230:
        return []
    return _settings(gemmi.find_spacegroup_by_number(number))


@cache
def _of_hall(text: str) -> list[gemmi.SpaceGroup]:
    try:
        group = gemmi.find_spacegroup_by_ops(gemmi.symops_from_hall(text))
    except (RuntimeError, ValueError):
        return []
    return [] if group is None else [group]


@cache
def _of_name(text: str) -> list[gemmi.SpaceGroup]:
    plain = text.replace("_", " ").strip()
    # origin 1 and 2 as ICSD writes them, and axes without a colon
    plain = re.sub(r"(?<=\S)\s*:?\s*(?:(S)|(Z)|(HR|H)|(R))$", _suffix, plain) if " " in plain else plain
    if (found := gemmi.find_spacegroup_by_name(plain)) is None:
        hall = _full_symbols().get(re.sub(r"[\s_]", "", plain).lower())
        return _settings(_of_hall(hall)[0]) if hall else []
    return [found] if ":" in plain else _settings(found)


def _suffix(match: re.Match[str]) -> str:
    return next(code for code, group in zip((":1", ":2", ":H", ":R"), match.groups(), strict=True) if group)


@cache
def _full_symbols() -> dict[str, str]:
    """Return full Hermann-Mauguin symbols without spaces, with the Hall symbol of their first setting."""
    symbols: dict[str, str] = {}
    for number in range(1, 531):
        kind = spglib.get_spacegroup_type(number)
        if kind is not None:
            symbols.setdefault(re.sub(r"[\s_]", "", kind.international_full).lower(), kind.hall_symbol)
    return symbols
