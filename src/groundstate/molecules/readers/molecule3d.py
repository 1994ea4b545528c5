"""Molecule3D from its Parquet mirror: one mol block a row, hydrogens stripped."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from groundstate.errors import GroundstateError
from groundstate.molecules.mols import RecordError, record_from_mol
from groundstate.molecules.readers.entry import Entry
from groundstate.molecules.sdf import parse_molblock

# column of the mirror -> property of the record (orbital and SCF energies as read by cclib: eV)
PROPERTIES = {
    "dipole x": "dipole_x",
    "dipole y": "dipole_y",
    "dipole z": "dipole_z",
    "homo": "homo_ev",
    "lumo": "lumo_ev",
    "homolumogap": "homo_lumo_gap_ev",
    "scf energy": "scf_energy_ev",
}
BATCH = 1000


def read_molecule3d_parquet(path: str | Path) -> Iterator[Entry]:
    """Stream a Parquet part of Molecule3D (columns ``index``, ``sdf``, ``cid`` and seven properties).

    Ids are ``m3d_`` and the index of the whole set in seven digits.
    """
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise GroundstateError(f"{path}: not a readable Parquet file ({error}); fetch it again") from None
    columns = ["index", "sdf", *PROPERTIES]
    missing = [column for column in columns if column not in file.schema_arrow.names]
    if missing:
        raise GroundstateError(
            f"{path}: has no column {', '.join(missing)}; "
            f"its columns are {', '.join(file.schema_arrow.names)}"
        )
    for batch in file.iter_batches(BATCH, columns=columns):
        for row in batch.to_pylist():
            identifier = f"m3d_{row['index']:07d}"
            yield Entry(identifier, lambda identifier=identifier, row=row: _record(identifier, row))


def _record(identifier: str, row: dict) -> dict:
    if not row["sdf"]:
        raise RecordError("the row has no mol block")
    properties = {key: row[column] for column, key in PROPERTIES.items() if row[column] is not None}
    return record_from_mol(identifier, parse_molblock(with_header(row["sdf"])), properties)


def with_header(molblock: str) -> str:
    """Put back header lines that a mol block lost: its counts line must be the fourth."""
    lines = molblock.split("\n")
    counts = next((i for i, line in enumerate(lines) if "V2000" in line or "V3000" in line), None)
    if counts is None:
        raise RecordError("the mol block has no counts line")
    return "\n" * max(3 - counts, 0) + molblock
