"""Density functional theory as a single point: GPAW in a Python of its own, as a subprocess.

Distributions ship GPAW for the system's Python, which a virtual environment does not see. Only energies at
given geometries are offered: GPAW's plane-wave stress is far from converged at affordable cutoffs, so that
relaxing a cell with it made SrTiO3 collapse. The energies lie on GPAW's own reference: never on a Materials
Project hull.
"""

import json
import os
import subprocess
from pathlib import Path

from ase import Atoms

from groundstate.errors import GroundstateError
from groundstate.potentials.atoms import right_handed

CUTOFF = 400.0  # eV
KPOINT_DENSITY = 5.0  # points per inverse angstrom
SCHEME = "gpaw-pbe"
SCRIPT = Path(__file__).with_name("gpaw_script.py")


def require_gpaw(python: str) -> str:
    """Ask that Python for its version of GPAW.

    Raises ``GroundstateError`` where there is none.
    """
    try:
        done = subprocess.run(
            [python, "-c", "import gpaw; print(gpaw.__version__)"], capture_output=True, text=True, check=True
        )
    except FileNotFoundError:
        raise GroundstateError(f"dft: there is no program {python!r}; set `dft_python`") from None
    except subprocess.CalledProcessError:
        raise GroundstateError(
            f"dft: {python} has no GPAW; install it (Debian and Ubuntu: gpaw and gpaw-data), "
            "name its Python in `dft_python`, or set `dft: false`"
        ) from None
    return done.stdout.strip()


def single_point(atoms: Atoms, python: str, spin: bool = False) -> float:
    """Compute the PBE energy (eV) of a periodic structure at its geometry.

    Raises ``RuntimeError`` with the last line of what GPAW said, where it fails.
    """
    atoms = right_handed(atoms)
    task = {
        "numbers": atoms.numbers.tolist(),
        "positions": atoms.positions.tolist(),
        "cell": atoms.cell.array.tolist(),
        "cutoff": CUTOFF,
        "kpoint_density": KPOINT_DENSITY,
        "spin": spin,
    }
    done = subprocess.run(
        [python, str(SCRIPT)],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["GPAW ended without a word"])[-1])
    return float(json.loads(done.stdout.strip().splitlines()[-1])["energy"])
