"""Where a result came from: code, packages, machine, settings."""

import importlib.metadata
import json
import os
import platform
import subprocess
import time
from pathlib import Path

from groundstate import __version__
from groundstate.files import sha256_file, write_json

PACKAGES = (
    "torch",
    "e3nn",
    "lightning",
    "rdkit",
    "pymatgen",
    "ase",
    "numpy",
    "snakemake",
    "sevenn",
    "chgnet",
)


def git_revision() -> str:
    """Read the revision of the checkout this package runs from (``-dirty`` where edited), or ``unknown``."""
    try:
        return subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def package_versions() -> dict[str, str]:
    """List the installed versions of the packages that decide numbers; absent ones are left out."""
    versions = {"groundstate": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def other_versions(results: str | Path) -> str:
    """Say where runs below a results folder were trained with other versions than are installed.

    Empty where all agree; a damaged provenance.json is left to the stages that read it.
    """
    installed = package_versions()
    differing: dict[str, tuple[str, str]] = {}
    folders: list[str] = []
    for path in sorted(Path(results).glob("*/*/*/seed*/provenance.json")):
        try:
            recorded = json.loads(path.read_text(encoding="utf-8"))["versions"]
            other = {name: (recorded[name], installed.get(name, "none")) for name in recorded}
        except (OSError, ValueError, LookupError, TypeError):
            continue
        other = {name: pair for name, pair in other.items() if pair[0] != pair[1]}
        if other:
            differing |= other
            folders.append(str(path.parent))
    if not folders:
        return ""
    changes = ", ".join(f"{name} {old} -> {new}" for name, (old, new) in sorted(differing.items()))
    more = f" and {len(folders) - 1} more" if len(folders) > 1 else ""
    return (
        f"{folders[0]}{more}: made with other versions than are installed now ({changes}); "
        "results stay as they are until you ask, for example with --forceall"
    )


def write_provenance(path: str | Path, started: float, inputs: list[Path], **facts: object) -> None:
    """Write ``path`` (JSON): revision, versions, machine, input hashes, wall seconds and any ``facts``.

    ``started`` is ``time.time()`` when the stage began. Inputs go by their names, or by their paths where two
    have one name.
    """
    names = [Path(one).name for one in inputs]
    write_json(
        path,
        {
            "revision": git_revision(),
            "versions": package_versions(),
            "machine": {
                "system": platform.platform(terse=True),
                "processor": platform.machine(),
                "cpus": os.cpu_count(),
            },
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
            "wall_seconds": round(time.time() - started, 1),
            "inputs": {
                Path(name).name if names.count(Path(name).name) == 1 else str(name): sha256_file(name)
                for name in inputs
            },
            **facts,
        },
    )
