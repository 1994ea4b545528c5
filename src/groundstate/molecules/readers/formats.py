"""The formats that ``prepare molecules`` reads."""

from collections.abc import Callable, Iterator
from pathlib import Path

from groundstate.errors import GroundstateError
from groundstate.molecules.readers.entry import Entry
from groundstate.molecules.readers.molecule3d import read_molecule3d_parquet
from groundstate.molecules.readers.qm9pack import read_qm9pack
from groundstate.molecules.readers.sdf import read_sdf
from groundstate.molecules.readers.smiles import read_smiles

FORMATS: dict[str, Callable[[str | Path], Iterator[Entry]]] = {
    "qm9pack": read_qm9pack,
    "sdf": read_sdf,
    "smiles": read_smiles,
    "molecule3d_parquet": read_molecule3d_parquet,
}


def read_entries(format: str, paths: list[str | Path]) -> Iterator[Entry]:
    """Stream the molecules of ``paths`` one after the other.

    Raises ``GroundstateError`` for an unknown format and for faults of a whole file.
    """
    if format not in FORMATS:
        raise GroundstateError(f"--format {format}: unknown; one of {', '.join(sorted(FORMATS))}")
    for path in paths:
        yield from FORMATS[format](path)
