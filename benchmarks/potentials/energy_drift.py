"""Drift of the total energy in constant-energy dynamics of 3BPA with a trained potential.

python benchmarks/potentials/energy_drift.py --checkpoint best.ckpt --structures test.xyz [--picoseconds 100]

Velocity Verlet, 0.5 fs, Maxwell-Boltzmann velocities of 300 K at the relaxed first structure; the drift is
the slope of a line through the total energy, in meV per atom over the whole time.
"""

import argparse
from pathlib import Path

import numpy as np
from ase import units
from ase.io import read
from ase.md.velocitydistribution import Stationary, ZeroRotation, thermalize_momenta
from ase.md.verlet import VelocityVerlet
from ase.optimize import BFGS

from groundstate.interatomic.calculator import GauntCalculator

STEP = 0.5  # fs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--structures", type=Path, required=True)
    parser.add_argument("--picoseconds", type=float, default=100.0)
    options = parser.parse_args()
    atoms = read(options.structures, index=0)
    atoms.calc = GauntCalculator(options.checkpoint)
    BFGS(atoms, logfile=None).run(fmax=0.02, steps=300)
    rng = np.random.default_rng(0)
    thermalize_momenta(atoms, temperature_K=600, rng=rng)  # half of it becomes potential energy
    Stationary(atoms)
    ZeroRotation(atoms)
    dynamics = VelocityVerlet(atoms, STEP * units.fs)
    energies: list[float] = []
    temperatures: list[float] = []

    def note() -> None:
        energies.append(atoms.get_total_energy())
        temperatures.append(atoms.get_temperature())

    dynamics.attach(note, interval=20)
    dynamics.run(round(1000 * options.picoseconds / STEP))
    per_atom = 1e3 * np.array(energies) / len(atoms)
    slope = np.polyfit(np.linspace(0, 1, len(per_atom)), per_atom, 1)[0]
    print(
        f"{options.picoseconds:g} ps at {np.mean(temperatures):.0f} K: drift {slope:+.4f} meV/atom, "
        f"spread {per_atom.std():.4f} meV/atom"
    )


if __name__ == "__main__":
    main()
