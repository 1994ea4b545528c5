"""Progress that reads well in a terminal and in a log file: count, rate, time left."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
SETTLING = 2.0  # seconds after the first items, before the time left is worth saying


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


class Progress:
    """Counts towards ``total`` and writes one line at most every ``every`` seconds to standard error.

    A terminal and a notebook get one line that is rewritten; a file or a pipe gets separate lines.
    ``done`` is what an earlier, interrupted run had finished: it does not count in the rate. The time left is
    told from the rate after the first items came: before that processes start and libraries load.
    """

    def __init__(self, name: str, total: int, unit: str = "it", done: int = 0, every: float = 5.0) -> None:
        self.name, self.total, self.unit = name, total, unit
        self.count = self.first = done
        self.terminal = sys.stderr.isatty() or "ipykernel" in sys.modules
        self.every = 0.2 if self.terminal else every
        self.start = self.last = time.monotonic()
        self.warm: tuple[float, int] | None = None  # when the first items had come, and how many

    def update(self, step: int = 1, note: str = "") -> None:
        """Count ``step`` more and write a line when one is due (always for the last)."""
        self.count += step
        now = time.monotonic()
        self.warm = self.warm or (now, self.count)
        if now - self.last >= self.every or self.count >= self.total:
            self.last = now
            self._write(now, note)

    def _left(self, now: float) -> str:
        seconds, count = (now - self.warm[0], self.count - self.warm[1]) if self.warm else (0.0, 0)
        if seconds < SETTLING or not count:
            return "time left not known yet"
        return f"about {_clock((self.total - self.count) * seconds / count)} left"

    def _write(self, now: float, note: str) -> None:
        elapsed = max(now - self.start, 1e-9)
        rate = (self.count - self.first) / elapsed
        left = self._left(now)
        shown = f"{rate:.1f} {self.unit}/s" if rate >= 1 or rate == 0 else f"{1 / rate:.1f} s/{self.unit}"
        state = left if self.count < self.total else f"{_clock(elapsed)} in all"
        text = f"{self.name}: {self.count}/{self.total} ({shown}, {state}){' ' + note if note else ''}"
        end = "\n" if not self.terminal or self.count >= self.total else ""
        sys.stderr.write(("\r\x1b[K" if self.terminal else "") + text + end)
        sys.stderr.flush()


def track(items: Iterable[Item], name: str, total: int, unit: str = "it") -> Iterator[Item]:
    """Iterate over ``items`` with a ``Progress``."""
    progress = Progress(name, total, unit)
    for item in items:
        yield item
        progress.update()
