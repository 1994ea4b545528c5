"""Finished calculations by content: what was computed once is read, by any run that shares the folder."""

import hashlib
import json
from pathlib import Path

import numpy as np
from ase import Atoms

from groundstate.files import write_text


def content_key(atoms: Atoms, *parts: object) -> str:
    """Hash of species, cell and positions (to 1e-7 angstrom) and of ``parts`` (potential, kind, settings)."""
    digest = hashlib.sha256(json.dumps([str(part) for part in parts]).encode())
    digest.update(atoms.numbers.astype("<i4").tobytes())
    for values in (atoms.cell.array, atoms.positions):
        digest.update((np.round(values, 7) + 0.0).astype("<f8").tobytes())  # + 0.0 turns -0 into 0
    return digest.hexdigest()


class Cache:
    """One JSON file a calculation, written atomically, so that concurrent runs may share the folder."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"

    def get(self, key: str) -> dict | None:
        """The stored result, or None; a file that does not parse counts as absent and is computed again."""
        try:
            return json.loads(self._path(key).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None

    def put(self, key: str, result: dict) -> None:
        """Store ``result``."""
        write_text(self._path(key), json.dumps(result))
