"""Run by a Python that has GPAW: reads a crystal as JSON, writes the PBE energy in eV as JSON."""

import json
import sys


def main() -> None:
    """Compute one plane-wave single point (PBE)."""
    task = json.load(sys.stdin)
    from ase import Atoms
    from gpaw import GPAW, PW

    atoms = Atoms(task["numbers"], positions=task["positions"], cell=task["cell"], pbc=True)
    atoms.calc = GPAW(
        mode=PW(task["cutoff"]),
        xc="PBE",
        kpts={"density": task["kpoint_density"], "gamma": True},
        spinpol=task["spin"],
        txt=None,
    )
    if task["spin"]:
        atoms.set_initial_magnetic_moments([1.0] * len(atoms))
    json.dump({"energy": float(atoms.get_potential_energy(force_consistent=True))}, sys.stdout)


if __name__ == "__main__":
    main()
