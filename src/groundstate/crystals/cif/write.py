"""Crystals as CIF text."""

import re

from groundstate.crystals.cif.read import CELL
from groundstate.crystals.crystal import Crystal, chemical_symbols, reduced_formula
from groundstate.crystals.lattice import cell_parameters, right_handed

_SITE = "_atom_site_"


def to_cif(crystal: Crystal) -> str:
    """Return CIF text in P 1 with the crystal's id as block name."""
    symbols = [chemical_symbols[z] for z in crystal.atomic_numbers]
    lattice, points = right_handed(crystal.lattice, crystal.frac_coords)  # six parameters have no hand
    parameters = cell_parameters(lattice)
    lines = [
        f"data_{re.sub(r'[^!-~]', '_', crystal.id)}",
        f"_chemical_formula_sum   '{reduced_formula(crystal.atomic_numbers)}'",
        "_symmetry_space_group_name_H-M   'P 1'",
        *(f"{key}   {value:.8f}" for key, value in zip(CELL, parameters, strict=True)),
        "_symmetry_Int_Tables_number   1",
        "loop_",
        " _symmetry_equiv_pos_site_id",
        " _symmetry_equiv_pos_as_xyz",
        "  1  'x, y, z'",
        "loop_",
        *(f" {_SITE}{column}" for column in ("type_symbol", "label", "symmetry_multiplicity")),
        *(f" {_SITE}fract_{axis}" for axis in "xyz"),
        f" {_SITE}occupancy",
    ]
    for index, (symbol, point) in enumerate(zip(symbols, points, strict=True)):
        x, y, z = (f"{value:.8f}" for value in point)
        lines.append(f"  {symbol}  {symbol}{index}  1  {x}  {y}  {z}  1")
    return "\n".join(lines) + "\n"
