"""How much may be calculated: relaxations, or CPU-minutes that outlive a kill."""

import json
import re
import resource
import time
from dataclasses import dataclass
from pathlib import Path

from groundstate.errors import GroundstateError
from groundstate.files import write_text

UNITS = {"": "relaxations", "relaxations": "relaxations", "m": "minutes", "min": "minutes", "h": "hours"}
MOST = 1e6


@dataclass(frozen=True)
class Budget:
    """A number of full ``relaxations``, or CPU-``minutes`` of all relaxations; the other is None."""

    relaxations: int | None = None
    minutes: float | None = None


def parse_budget(text: str) -> Budget:
    """Read ``20`` (full relaxations), ``30min`` or ``2h`` (CPU time).

    Raises ``GroundstateError`` for anything else, and for nothing at all.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?|\.\d+)\s*([a-z]*)\s*", text.lower())
    if match is None or match[2] not in UNITS:
        raise GroundstateError(
            f"--budget: {text!r} is not a number of relaxations such as 20, nor 30min or 2h"
        )
    number, unit = float(match[1]), UNITS[match[2]]
    if number <= 0:
        raise GroundstateError(f"--budget: {text!r} leaves nothing to relax; give at least 1, or 1min")
    if number > MOST:
        raise GroundstateError(f"--budget: {text!r} is more than {MOST:,.0f}")
    if unit == "relaxations":
        if not number.is_integer():
            raise GroundstateError(f"--budget: {text!r}: relaxations are counted in whole numbers")
        return Budget(relaxations=int(number))
    return Budget(minutes=number * (60 if unit == "hours" else 1))


class Clock:
    """CPU time of relaxations, kept in a file so that a discovery that goes on does not begin anew.

    With worker processes it is their number times the time that passes: an upper bound.
    """

    def __init__(self, path: Path, workers: int) -> None:
        self.path, self.workers = path, workers
        try:
            self.before = float(json.loads(path.read_text(encoding="utf-8"))["cpu_seconds"])
        except (OSError, ValueError, KeyError, TypeError):
            self.before = 0.0
        self.start = self._now()

    def _now(self) -> float:
        if self.workers:
            return time.monotonic() * self.workers
        return time.process_time() + resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime

    @property
    def seconds(self) -> float:
        """CPU-seconds so far, those of interrupted runs too."""
        return self.before + self._now() - self.start

    def keep(self) -> None:
        """Write the time so far."""
        write_text(self.path, json.dumps({"cpu_seconds": round(self.seconds, 2)}))
