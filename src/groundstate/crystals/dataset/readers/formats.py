"""The formats that ``prepare crystals`` reads, and the files that tell theirs by their name."""

from collections.abc import Callable
from pathlib import Path

from groundstate.crystals.dataset.readers.cif_files import is_crystal_file, read_cif
from groundstate.crystals.dataset.readers.extxyz import read_extxyz
from groundstate.crystals.dataset.readers.flla import read_flla
from groundstate.crystals.dataset.readers.item import Read
from groundstate.crystals.dataset.readers.table import read_csv
from groundstate.crystals.dataset.record_file import read_record_file
from groundstate.errors import GroundstateError

Reader = Callable[[Path], Read]

FORMATS: dict[str, Reader] = {"flla": read_flla, "csv": read_csv, "extxyz": read_extxyz, "cif": read_cif}
SUFFIXES: dict[str, Reader] = {
    ".extxyz": read_extxyz,
    ".extxyz.gz": read_extxyz,
    ".xyz": read_extxyz,
    ".xyz.gz": read_extxyz,
    ".csv": read_csv,
    ".csv.gz": read_csv,
    ".zip": read_cif,
    ".tar.gz": read_cif,
    ".tgz": read_cif,
    ".parquet": read_record_file,
}


def reader_of(path: Path) -> Reader:
    """Return the reader of a file or folder by its name.

    Raises ``GroundstateError`` for a file that is absent or of another kind.
    """
    if not path.exists():
        raise GroundstateError(f"{path}: no such file or folder")
    for suffix, reader in SUFFIXES.items():
        if path.name.lower().endswith(suffix) and not path.is_dir():
            return reader
    if path.is_dir() or is_crystal_file(path.name):
        return read_cif
    raise GroundstateError(
        f"{path}: unknown kind of crystal file; allowed: .cif, .mcif, {', '.join(SUFFIXES)}, POSCAR, .vasp, "
        "a folder of CIFs or POSCARs"
    )
