"""Sources of energies: universal potentials, GFN2-xTB, DFT, trained potentials, one interface to all."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from groundstate.plugins import load as load_object

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator

# as text: it stands on a higher floor, and torch is loaded when it is asked for
TRAINED = "groundstate.interatomic.calculator:GauntCalculator"


def load(
    checkpoints: str | Path | Sequence[str | Path], device: str = "auto", precision: str = "float64"
) -> "Calculator":
    """Load the ASE calculator of a trained potential, or of a committee.

    Energy, forces, stress where all is periodic, and energies per atom; ``evaluate`` takes many structures at
    once. See ``groundstate.interatomic.calculator.GauntCalculator``.

    Parameters
    ----------
    checkpoints
        ``best.ckpt`` of ``groundstate train potential``; several (other seeds) are a committee, whose spread
        stands in ``results`` as ``energy_spread`` (eV) and ``force_spread`` (n,), eV/angstrom.
    device
        ``auto``, ``cpu`` or ``cuda``.
    precision
        ``float64`` for relaxations and dynamics, ``float32`` for speed.

    Raises ``GroundstateError`` for a file that is no potential, or a committee that does not fit together.
    """
    make = load_object(TRAINED, object, "potential")
    assert callable(make)
    return make(checkpoints, device, precision)
