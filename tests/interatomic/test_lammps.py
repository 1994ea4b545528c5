"""The potential in LAMMPS against the same in ASE, where Debian's `python3-lammps` is installed."""

import os
import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path

import pytest

from untrained import write_untrained

MODULE = Path("/usr/lib/python3/dist-packages/lammps")
SCRIPT = """
import sys
import numpy as np
from ase import units
from ase.build import bulk
from ase.io import write
from ase.md.verlet import VelocityVerlet
sys.path.append("/usr/lib/python3/dist-packages")
from lammps import lammps
import groundstate.potentials
from groundstate.errors import GroundstateError
from groundstate.interatomic.lammps import attach

atoms = bulk("Cu", cubic=True).repeat((2, 2, 1))
atoms.set_cell(atoms.cell.array + [[0, 0, 0], [0.7, 0, 0], [0.3, -0.2, 0]], scale_atoms=True)
rng = np.random.default_rng(0)
atoms.numbers[::3] = 79
atoms.positions += 0.05 * rng.normal(size=atoms.positions.shape)
atoms.wrap()
write("cell.data", atoms, format="lammps-data", specorder=["Cu", "Au"], masses=True)
calculator = groundstate.potentials.load(sys.argv[1])
lmp = lammps(cmdargs=["-screen", "none", "-log", "none"])
lmp.commands_string('''
units metal
atom_style atomic
box tilt large
read_data cell.data
pair_style zero 4.0
pair_coeff * *
''')
try:
    attach(lmp, calculator, ["Cu"])
except GroundstateError as error:
    assert "2 atom types, but 1 elements" in str(error)
attach(lmp, calculator, ["Cu", "Au"])
lmp.commands_string("fix move all nve\\ntimestep 0.001\\nthermo_style custom step pe press pxy\\nrun 0")
(reference,) = calculator.evaluate([atoms], stress=True)
assert abs(lmp.get_thermo("pe") - reference["energy"]) < 1e-8
bar = 1.602176634e6  # eV/angstrom^3
assert abs(lmp.get_thermo("press") + np.trace(reference["stress"]) / 3 * bar) < 1e-4 * bar
assert abs(lmp.get_thermo("pxy") + reference["stress"][0, 1] * bar) < 1e-4 * bar
lmp.command("run 20")
atoms.calc = calculator
VelocityVerlet(atoms, 1.0 * units.fs).run(20)
places = np.zeros_like(atoms.positions)
tags = np.array(lmp.numpy.extract_atom("id")).ravel()[: len(atoms)]
places[tags - 1] = np.array(lmp.numpy.extract_atom("x"))[: len(atoms)]
apart = atoms.cell.scaled_positions(places - atoms.positions)
apart = (apart - np.round(apart)) @ atoms.cell.array
assert np.abs(apart).max() < 1e-4, np.abs(apart).max()
print("agrees")
"""


@pytest.mark.skipif(
    not MODULE.exists() or find_library("lammps") is None, reason="needs Debian's python3-lammps"
)
def test_energy_pressure_and_dynamics_are_those_of_ase(tmp_path: Path) -> None:
    # Debian's library has no plain name, which its own Python module asks for
    (tmp_path / "liblammps.so").symlink_to(f"/usr/lib/x86_64-linux-gnu/{find_library('lammps')}")
    checkpoint = write_untrained(tmp_path / "best.ckpt", 0, (29, 79), repulsion=False)
    root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    environment = os.environ | root | {"LD_LIBRARY_PATH": str(tmp_path)}
    command = [sys.executable, "-c", SCRIPT, str(checkpoint)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("agrees\n")
