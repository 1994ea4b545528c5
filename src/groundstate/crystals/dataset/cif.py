"""CIF text: a small fast reader for full site lists in P 1, pymatgen for the rest, and a writer."""

import re
import shlex

import numpy as np
from pymatgen.io.cif import CifParser

from groundstate.crystals.crystal import Crystal, chemical_symbols, number_of, reduced_formula
from groundstate.crystals.lattice import cell_from_parameters, cell_parameters

_CELL = [
    f"_cell_{name}"
    for name in ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
]
_SITE = "_atom_site_"
_COORDINATES = [_SITE + f"fract_{axis}" for axis in "xyz"]


class NotPlain(Exception):
    """The text is not a P 1 list of full sites: it needs the complete reader."""


def _number(text: str) -> float:
    return float(re.sub(r"\(\d+\)$", "", text))


def _split(line: str) -> list[str]:
    return shlex.split(line) if "'" in line or '"' in line else line.split()


def _tokens(text: str) -> tuple[dict[str, str], list[tuple[list[str], list[str]]]]:
    """Single values, and loops as (column names, lines)."""
    values: dict[str, str] = {}
    loops: list[tuple[list[str], list[str]]] = []
    state = "values"
    for line in map(str.strip, text.splitlines()):
        if not line or line.startswith(("#", "data_")):
            continue
        if line == "loop_":
            loops.append(([], []))
            state = "columns"
        elif line.startswith("_") and state == "columns":
            loops[-1][0].append(line.split()[0].lower())
        elif line.startswith("_"):
            key, *rest = _split(line)
            values[key.lower()] = " ".join(rest)
            state = "values"
        elif line.startswith(";") or state == "values":
            raise NotPlain
        else:
            loops[-1][1].append(line)
            state = "rows"
    return values, loops


def read_plain(text: str, name: str) -> Crystal:
    """Read a CIF whose only symmetry is the identity and whose sites are full.

    Raises ``NotPlain`` for anything else, ``ValueError`` for a damaged one.
    """
    values, loops = _tokens(text)
    tables = {column: (columns, rows) for columns, rows in loops for column in columns}
    operations = [
        _split(row)[-1].replace(" ", "").lower()
        for key in ("_symmetry_equiv_pos_as_xyz", "_space_group_symop_operation_xyz")
        if key in tables
        for row in tables[key][1]
    ]
    if operations and operations != ["x,y,z"]:
        raise NotPlain
    group = values.get("_symmetry_space_group_name_h-m", values.get("_space_group_name_h-m_alt", "P1"))
    if not operations and group.replace(" ", "") != "P1":
        raise NotPlain
    if missing := [key for key in _CELL if key not in values]:
        raise ValueError(f"no {missing[0]}")
    if any(column not in tables for column in _COORDINATES):
        raise ValueError("no site list with fractional coordinates")
    columns, lines = tables[_COORDINATES[0]]
    sites = [_split(line) for line in lines]
    if any(len(site) != len(columns) for site in sites):
        raise ValueError(f"a site does not have the {len(columns)} values of its columns")
    where = {column: index for index, column in enumerate(columns)}
    if (full := where.get(_SITE + "occupancy")) is not None and any(_number(s[full]) != 1 for s in sites):
        raise ValueError("a site is partly occupied; disordered crystals are not read")
    kind = where.get(_SITE + "type_symbol", where.get(_SITE + "label"))
    if kind is None:
        raise ValueError("no element column in the site list")
    symbols = [re.match(r"[A-Za-z]{1,2}", site[kind]) for site in sites]
    return Crystal(
        name,
        np.array([number_of(match.group().capitalize()) if match else 0 for match in symbols]),
        np.array([[_number(site[where[c]]) for c in _COORDINATES] for site in sites]),
        cell_from_parameters(np.array([_number(values[key]) for key in _CELL])),
    )


def read_any(text: str, name: str) -> Crystal:
    """Read one CIF block: the fast reader where it fits, pymatgen (symmetry expanded) otherwise.

    Raises ``ValueError`` with the reason where neither can.
    """
    try:
        return read_plain(text, name)
    except NotPlain:
        structure = CifParser.from_str(text).parse_structures(primitive=False)[0]
    if not structure.is_ordered:
        raise ValueError("a site is partly occupied; disordered crystals are not read")
    numbers = np.array([getattr(site.specie, "Z", 0) for site in structure])
    return Crystal(name, numbers, structure.frac_coords, structure.lattice.matrix)


def to_cif(crystal: Crystal) -> str:
    """CIF text in P 1 with the crystal's id as block name."""
    symbols = [chemical_symbols[z] for z in crystal.atomic_numbers]
    parameters = cell_parameters(crystal.lattice)
    lines = [
        f"data_{re.sub(r'[^!-~]', '_', crystal.id)}",
        f"_chemical_formula_sum   '{reduced_formula(crystal.atomic_numbers)}'",
        "_symmetry_space_group_name_H-M   'P 1'",
        *(f"{key}   {value:.8f}" for key, value in zip(_CELL, parameters, strict=True)),
        "_symmetry_Int_Tables_number   1",
        "loop_",
        " _symmetry_equiv_pos_site_id",
        " _symmetry_equiv_pos_as_xyz",
        "  1  'x, y, z'",
        "loop_",
        *(f" {_SITE}{column}" for column in ("type_symbol", "label", "symmetry_multiplicity")),
        *(f" {column}" for column in _COORDINATES),
        f" {_SITE}occupancy",
    ]
    for index, (symbol, point) in enumerate(zip(symbols, crystal.frac_coords, strict=True)):
        x, y, z = (f"{value:.8f}" for value in point)
        lines.append(f"  {symbol}  {symbol}{index}  1  {x}  {y}  {z}  1")
    return "\n".join(lines) + "\n"
