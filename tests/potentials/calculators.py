"""Calculators for tests, given by import path: deaths, delays and nonsense on demand."""

import os
import signal
from pathlib import Path

import numpy as np
from ase.calculators.calculator import Calculator
from ase.calculators.emt import EMT


class Deadly(EMT):
    """EMT that kills its own process once (a marker file remembers), or every time, when it meets gold."""

    def __init__(self, marker: str, always: bool = False, **options: object) -> None:
        super().__init__(**options)
        self.marker, self.always, self.calls = Path(marker), always, 0

    def calculate(self, atoms=None, *arguments, **options):
        self.calls += 1
        if 79 in atoms.numbers and self.calls > 3 and (self.always or not self.marker.exists()):
            self.marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        super().calculate(atoms, *arguments, **options)


class Infinite(EMT):
    """EMT whose energy of copper is not a number."""

    def calculate(self, atoms=None, *arguments, **options):
        super().calculate(atoms, *arguments, **options)
        if 29 in atoms.numbers:
            self.results["energy"] = self.results["free_energy"] = np.nan


class Hole(Calculator):
    """A flat potential far below everything: forces are zero, so anything is relaxed at once."""

    implemented_properties = ("energy", "free_energy", "forces", "stress")

    def calculate(self, atoms=None, *arguments, **options):
        super().calculate(atoms, *arguments, **options)
        energy = -50.0 * len(atoms)
        self.results = {
            "energy": energy,
            "free_energy": energy,
            "forces": np.zeros((len(atoms), 3)),
            "stress": np.zeros(6),
        }


class Counting(EMT):
    """EMT that appends a line to a file at each new calculation."""

    def __init__(self, log: str, **options: object) -> None:
        super().__init__(**options)
        self.log = log

    def calculate(self, atoms=None, *arguments, **options):
        with Path(self.log).open("a") as handle:
            handle.write(f"{atoms.symbols}\n")
        super().calculate(atoms, *arguments, **options)
