"""Drift of the total energy in constant-energy dynamics of 3BPA with a trained potential.

python benchmarks/potentials/energy_drift.py --checkpoint best.ckpt --structures test.xyz --output FOLDER
    [--picoseconds 100] [--step 0.5]

Velocity Verlet in double precision, Maxwell-Boltzmann velocities of 300 K at the relaxed first structure; the
drift is the slope of a line through the total energy, in meV per atom over the whole time; the spread about
the line stands beside it. The state is kept every picosecond: killed, it goes on.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from ase import Atoms, units
from ase.io import read
from ase.md.velocitydistribution import Stationary, ZeroRotation, thermalize_momenta
from ase.md.verlet import VelocityVerlet
from ase.optimize import BFGS

from groundstate.files import atomic_path
from groundstate.interatomic.calculator import GauntCalculator

NOTED = 10.0  # fs between two notes of the energy


def begin(atoms: Atoms) -> None:
    """Relax and set in motion; half of what is put in becomes potential energy."""
    BFGS(atoms, logfile=None).run(fmax=0.02, steps=300)
    thermalize_momenta(atoms, temperature_K=600, rng=np.random.default_rng(0))
    Stationary(atoms)
    ZeroRotation(atoms)


def drift(energies: np.ndarray) -> tuple[float, float]:
    """Rise of a line through energies over their whole time, and the spread about it."""
    times = np.linspace(0, 1, len(energies))
    line = np.polyfit(times, energies, 1)
    return float(line[0]), float((energies - np.polyval(line, times)).std())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--structures", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--picoseconds", type=int, default=100)
    parser.add_argument("--step", type=float, default=0.5, help="fs")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    kept = options.output / "dynamics.npz"
    atoms = read(options.structures, index=0)
    atoms.calc = GauntCalculator(options.checkpoint)
    notes: list[tuple[float, float]] = []  # total energy (eV) and temperature (K)
    cpu = 0.0
    if kept.exists():
        with np.load(kept) as state:
            if float(state["step"]) != options.step:
                parser.error(f"{kept} was begun with --step {float(state['step'])}; name another folder")
            atoms.positions = state["positions"]
            atoms.set_momenta(state["momenta"])
            notes, cpu = [tuple(row) for row in state["notes"].tolist()], float(state["cpu"])
    else:
        begin(atoms)
    dynamics = VelocityVerlet(atoms, options.step * units.fs)
    every = round(NOTED / options.step)
    a_picosecond = round(1000 / NOTED)
    started = time.process_time()
    while len(notes) < a_picosecond * options.picoseconds:
        dynamics.run(every)
        notes.append((atoms.get_total_energy(), atoms.get_temperature()))
        if len(notes) % a_picosecond == 0:
            spent = cpu + time.process_time() - started
            with atomic_path(kept) as temporary, temporary.open("wb") as handle:
                np.savez(
                    handle, positions=atoms.positions, momenta=atoms.get_momenta(), notes=np.array(notes),
                    cpu=spent, step=options.step,
                )  # fmt: skip
            energies = 1e3 * np.array(notes)[:, 0] / len(atoms)
            slope, spread = drift(energies)
            print(
                f"{len(notes) // a_picosecond} ps at {np.mean(notes, 0)[1]:.0f} K, {options.step:g} fs: "
                f"drift {slope:+.4f} meV/atom, spread {spread:.4f} meV/atom, {spent / 60:.1f} minutes of CPU",
                flush=True,
            )


if __name__ == "__main__":
    main()
