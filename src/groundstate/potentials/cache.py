"""Finished calculations by content: what was computed once is read, by any run that shares the folder."""

import json
from pathlib import Path

from ase import Atoms

from groundstate.content import content_key
from groundstate.files import write_text
from groundstate.potentials.result import Result


def calculation_key(atoms: Atoms, *parts: object) -> str:
    """Return the key of a calculation on ``atoms``; ``parts`` are its potential, kind and settings."""
    return content_key(atoms.numbers, (atoms.cell.array, atoms.positions), parts)


class Cache:
    """One JSON file a calculation, written atomically, so that concurrent runs may share the folder."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"

    def get(self, key: str) -> Result | None:
        """Read a stored result, or None; a file that does not parse counts as absent."""
        try:
            return json.loads(self._path(key).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None

    def put(self, key: str, result: Result) -> None:
        """Store ``result``."""
        write_text(self._path(key), json.dumps(result))
