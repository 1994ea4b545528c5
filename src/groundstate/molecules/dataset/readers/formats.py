"""The formats that ``prepare molecules`` reads."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from groundstate.errors import GroundstateError
from groundstate.molecules.dataset.readers.entry import Entry
from groundstate.molecules.dataset.readers.molecule3d import read_molecule3d, read_molecule3d_parquet
from groundstate.molecules.dataset.readers.moses import read_moses
from groundstate.molecules.dataset.readers.qm9pack import read_qm9pack
from groundstate.molecules.dataset.readers.records import read_record_file
from groundstate.molecules.dataset.readers.sdf import read_sdf
from groundstate.molecules.dataset.readers.smiles import read_smiles

Reader = Callable[[Sequence[str | Path]], Iterator[Entry]]


def _one_by_one(reader: Callable[[str | Path], Iterator[Entry]]) -> Reader:
    return lambda paths: (entry for path in paths for entry in reader(path))


FORMATS: dict[str, Reader] = {
    "qm9pack": _one_by_one(read_qm9pack),
    "sdf": _one_by_one(read_sdf),
    "smiles": _one_by_one(read_smiles),
    "moses": _one_by_one(read_moses),
    "records": _one_by_one(read_record_file),
    "molecule3d": read_molecule3d,
    "molecule3d_parquet": _one_by_one(read_molecule3d_parquet),
}


def read_entries(format: str, paths: Sequence[str | Path]) -> Iterator[Entry]:
    """Stream the molecules of ``paths``, in the order of the files unless the format has its own.

    Raises ``GroundstateError`` for an unknown format and for faults of a whole file.
    """
    if format not in FORMATS:
        raise GroundstateError(f"--format {format}: unknown; one of {', '.join(sorted(FORMATS))}")
    yield from FORMATS[format](paths)
