"""What belongs to one machine: the processor's name, and a folder for what was built or measured on it."""

import hashlib
import os
import platform
from functools import lru_cache
from pathlib import Path

import torch


@lru_cache(maxsize=1)
def processor() -> str:
    """Return the model of the processor, as the operating system names it, with its instruction set."""
    fields = {}
    source = Path("/proc/cpuinfo")
    if source.exists():
        for line in source.read_text(errors="replace").split("\n\n")[0].splitlines():
            name, _, value = line.partition(":")
            fields[name.strip()] = value.strip()
    # virtual machines give one name to processors with different instructions
    parts = (fields.get("vendor_id"), fields.get("cpu family"), fields.get("model"), fields.get("model name"))
    named = " ".join(part for part in parts if part)
    return f"{named or platform.processor() or platform.machine()}, {torch.backends.cpu.get_cpu_capability()}"


def cache_file(name: str, *keys: str) -> Path:
    """Return the path of a file in the user's cache folder for this processor and further keys.

    The folder is ``groundstate/gaunt`` in XDG_CACHE_HOME, or in ``~/.cache``.
    """
    stem, _, ending = name.partition(".")
    digest = hashlib.sha256("\n".join((processor(), *keys)).encode()).hexdigest()[:16]
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return folder / "groundstate" / "gaunt" / f"{stem}-{digest}.{ending}"
