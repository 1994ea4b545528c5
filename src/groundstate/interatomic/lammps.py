"""A trained potential inside LAMMPS, through LAMMPS' own Python module and its ``fix external``."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols

from groundstate.errors import GroundstateError
from groundstate.interatomic.calculator import GauntCalculator

FIX = "groundstate"
VIRIAL = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))  # the order in LAMMPS
Callback = Callable[[Any, int, int, np.ndarray, np.ndarray, np.ndarray], None]


def attach(lmp: Any, calculator: GauntCalculator, elements: Sequence[str]) -> None:  # noqa: ANN401, of a package that need not be here
    """Let a calculator give energy, forces and virial of a LAMMPS instance, in one process.

    Adds ``fix groundstate all external``; the box, periodic or not, triclinic or not, is LAMMPS' own. Call it
    after the atoms are made and before ``run``.

    Parameters
    ----------
    lmp
        ``lammps.lammps()`` with ``units metal``.
    calculator
        ``groundstate.potentials.load("best.ckpt")``.
    elements
        Symbol of every LAMMPS atom type, the first of type 1.

    Raises ``GroundstateError`` for other units, a wrong number of symbols, elements that the potential does
    not know, or several processes.
    """
    units, types = lmp.extract_global("units"), lmp.extract_global("ntypes")
    if units != "metal":
        raise GroundstateError(f"LAMMPS has units {units}; the potential needs `units metal`")
    if len(elements) != types:
        raise GroundstateError(f"LAMMPS has {types} atom types, but {len(elements)} elements are named")
    if lmp.extract_setting("world_size") != 1:
        raise GroundstateError("LAMMPS runs in several processes; the potential needs all atoms in one")
    known = {chemical_symbols[z] for z in calculator.networks[0].elements}
    if foreign := sorted(set(elements) - known):
        raise GroundstateError(f"the potential has not seen {', '.join(foreign)}; it knows {sorted(known)}")
    symbols = np.array(elements)
    lmp.command(f"fix {FIX} all external pf/callback 1 1")
    lmp.command(f"fix_modify {FIX} energy yes virial yes")

    def compute(
        caller: object, step: int, count: int, tags: np.ndarray, x: np.ndarray, f: np.ndarray
    ) -> None:
        f[:] = np.nan  # what raises below must not pass for forces of zero
        kinds = np.array(lmp.numpy.extract_atom("type")).ravel()[:count]
        atoms = Atoms(symbols[kinds - 1].tolist(), positions=x, **_box(lmp))
        (result,) = calculator.evaluate([atoms], stress=bool(atoms.pbc.all()))
        f[:] = result["forces"]
        lmp.fix_external_set_energy_global(FIX, result["energy"])
        stress = result.get("stress")
        virial = x.T @ result["forces"] if stress is None else -atoms.get_volume() * stress
        lmp.fix_external_set_virial_global(FIX, [virial[i, j] for i, j in VIRIAL])

    lmp.set_fix_external_callback(FIX, compute, None)


def _box(lmp: Any) -> dict[str, Any]:  # noqa: ANN401, as above
    low, high, xy, yz, xz, periodic, _ = lmp.extract_box()
    lengths = np.subtract(high, low)
    cell = np.diag(lengths)
    cell[1, 0], cell[2, 0], cell[2, 1] = xy, xz, yz
    return {"cell": cell, "pbc": [bool(one) for one in periodic]}
