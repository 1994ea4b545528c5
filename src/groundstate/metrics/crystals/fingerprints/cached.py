"""Fingerprints of many crystals: in worker processes, and each crystal only once for all runs.

A cache folder holds packs of finished fingerprints by content hash. A pack is written whole or not at all,
and never changed, so that any number of runs may share the folder and a killed one loses at most the packs
that it was at.
"""

import functools
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np
from pymatgen.core import Element, Lattice, Structure

from groundstate.content import content_key
from groundstate.files import atomic_path
from groundstate.metrics.crystals.fingerprints.composition import composition_fingerprint
from groundstate.metrics.crystals.fingerprints.crystal_nn import NoFingerprint, structure_fingerprint
from groundstate.processes import map_chunks
from groundstate.progress import Progress

VERSION = f"crystalnn-ops 1, pymatgen {version('pymatgen')}"
SITES = 600  # sites of a pack: seconds of work
LENGTH, COMPOSITION_LENGTH = 61, 132


class Fingerprints(NamedTuple):
    """Structure (n, 61) and composition (n, 132) of each crystal, and why there is none ("" where there is).

    Rows of a crystal without a fingerprint are NaN.
    """

    structures: np.ndarray
    compositions: np.ndarray
    reasons: list[str]

    @property
    def exist(self) -> np.ndarray:
        """Tell which crystals have a fingerprint (n,)."""
        return np.array([not reason for reason in self.reasons], bool)

    def of(self, which: np.ndarray | slice) -> tuple[np.ndarray, np.ndarray]:
        """Give both fingerprints of those of ``which`` (indices or mask) that have one."""
        chosen = np.arange(len(self.reasons))[which]
        chosen = chosen[self.exist[chosen]]
        return self.structures[chosen], self.compositions[chosen]


class _Task(NamedTuple):
    key: str
    numbers: np.ndarray
    frac_coords: np.ndarray
    lattice: np.ndarray


def fingerprint_key(structure: Structure) -> str:
    """Hash the version of the definition, the species, the cell and the coordinates."""
    coordinates = (structure.lattice.matrix, structure.frac_coords)
    return content_key(np.array(structure.atomic_numbers), coordinates, (VERSION,))


def fingerprints(
    structures: Sequence[Structure],
    folder: Path | None = None,
    workers: int = 1,
    name: str = "fingerprints",
) -> Fingerprints:
    """Compute the fingerprints of ordered crystals.

    Parameters
    ----------
    structures
        Crystals without partial occupancy.
    folder
        Keeps finished ones for other runs; None: for nobody.
    workers
        Processes.
    name
        What the progress is called.
    """
    keys = [fingerprint_key(structure) for structure in structures]
    finished = {} if folder is None else _read_packs(folder)
    new = {key: structure for key, structure in zip(keys, structures, strict=True) if key not in finished}
    progress = Progress(name, len(structures), "crystal", done=len(structures) - len(new))
    work = functools.partial(_compute, folder=folder)
    for pack in map_chunks(work, _chunks(new), workers):
        finished |= pack
        progress.update(len(pack))
    values = np.array([finished[key][0] for key in keys]).reshape(-1, LENGTH)
    amounts = [structure.composition.get_el_amt_dict() for structure in structures]
    compositions = np.array([composition_fingerprint(one) for one in amounts]).reshape(-1, COMPOSITION_LENGTH)
    return Fingerprints(values, compositions, [finished[key][1] for key in keys])


def _chunks(structures: dict[str, Structure]) -> Iterator[list[_Task]]:
    chunk: list[_Task] = []
    for key, structure in structures.items():
        numbers = np.array([specie.Z for specie in structure.species])
        chunk.append(_Task(key, numbers, structure.frac_coords, structure.lattice.matrix))
        if sum(len(task.numbers) for task in chunk) >= SITES:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _compute(chunk: list[_Task], folder: Path | None) -> dict[str, tuple[np.ndarray, str]]:
    rows: dict[str, tuple[np.ndarray, str]] = {}
    for key, numbers, frac_coords, lattice in chunk:
        species = [Element.from_Z(int(number)) for number in numbers]
        try:
            rows[key] = structure_fingerprint(Structure(Lattice(lattice), species, frac_coords)), ""
        except NoFingerprint as error:
            rows[key] = np.full(LENGTH, np.nan), f"no fingerprint: {error}"
    if folder is not None:
        values, reasons = zip(*rows.values(), strict=True)
        with atomic_path(folder / f"{chunk[0].key[:32]}.npz") as path, path.open("wb") as handle:
            np.savez(handle, keys=np.array(list(rows)), values=np.array(values), reasons=np.array(reasons))
    return rows


def _read_packs(folder: Path) -> dict[str, tuple[np.ndarray, str]]:
    finished: dict[str, tuple[np.ndarray, str]] = {}
    for path in sorted(folder.glob("*.npz")):
        try:
            with np.load(path, allow_pickle=False) as pack:
                rows = zip(pack["values"], pack["reasons"].tolist(), strict=True)
                finished |= dict(zip(pack["keys"].tolist(), rows, strict=True))
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):  # damaged: compute them again
            continue
    return finished
