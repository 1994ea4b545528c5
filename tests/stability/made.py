"""Rows for the tests of this room."""

from groundstate.stability.rows import StabilityRow


def row(name, outcome="converged", above=0.0, formation=-1.0, **more):
    return StabilityRow(
        name,
        "NaCl",
        2,
        "Cl-Na",
        outcome,
        energy_above_hull=above,
        formation_energy_per_atom=formation,
        **more,
    )
