"""Finished conformers in small files: what a killed run has done is taken up by the hash of its content."""

import hashlib
import io
import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import rdkit

from groundstate.files import atomic_path
from groundstate.molecules.conformers.etkdg import conformers_of
from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.mols import RecordError, mol_from_record
from groundstate.molecules.record_check import record_fault
from groundstate.records import VECTORS

CONFORMER_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("conformer", pa.int32()),
        ("method", pa.string()),  # etkdg: the first conformer; mmff: a minimum
        ("origin", pa.string()),  # etkdg, random_coordinates, fallback
        ("force_field", pa.string()),  # mmff94, uff or none: what minimised it in truth
        ("energy", pa.float64()),  # kcal/mol of that force field
        ("potential_energy", pa.float64()),  # kcal/mol of ``EmbedConformers.potential``; null: not asked for
        ("copies", pa.int32()),  # conformers that ended in this minimum
        ("stereo_kept", pa.bool_()),
        ("positions", VECTORS),  # angstrom
        ("hydrogens", VECTORS),  # angstrom: those that the record lacks; null where it has all
    ]
)
SHARD_SCHEMA = pa.schema([("key", pa.string()), ("reason", pa.string()), *CONFORMER_SCHEMA])
SHARD_SIZE = 20  # records: what a kill can cost a worker
VERSION = 6  # raise it where the same settings give other conformers
NO_EFFECT = ("properties", "inchi", "stripped")  # columns of a record that the conformers do not see
OPEN_SHARDS = 8  # held in memory at one time


class Shards:
    """The finished records of a folder: which file holds a key, and its rows.

    Parameters
    ----------
    content
        JSON values that decide the rows of a record beside the record: versions and settings.

    Attributes
    ----------
    paths: key of a record -> the shard that holds its rows
    """

    def __init__(self, folder: Path, content: Sequence[object]) -> None:
        self.folder = folder
        self.prefix = json.dumps(content, sort_keys=True)
        self.paths: dict[str, Path] = {}
        self._open: dict[Path, dict[str, list[dict]]] = {}
        self.scan()

    def key(self, record: dict) -> str:
        """Hash what decides the rows of ``record``: its content, the settings, the versions."""
        content = {name: value for name, value in record.items() if name not in NO_EFFECT}
        if fault := record_fault(record):  # it may be in a column that is left out
            content["fault"] = fault
        return hashlib.sha256((self.prefix + json.dumps(content, sort_keys=True)).encode()).hexdigest()[:32]

    def scan(self) -> None:
        """Look for shards that have come since."""
        seen = set(self.paths.values())
        for path in self.folder.glob("*.parquet"):
            if path not in seen:
                for key in _keys(path):
                    self.paths[key] = path

    def rows(self, key: str) -> list[dict]:
        """Read the rows of one record."""
        path = self.paths[key]
        if path not in self._open:
            if len(self._open) >= OPEN_SHARDS:
                self._open.pop(next(iter(self._open)))
            rows: dict[str, list[dict]] = {}
            for row in pq.read_table(path).to_pylist():
                rows.setdefault(row.pop("key"), []).append(row)
            self._open[path] = rows
        return self._open[path][key]

    def drop_unused(self, keys: Iterable[str]) -> None:
        """Delete the shards that hold none of ``keys``, and what killed runs left."""
        used = {self.paths[key] for key in keys}
        for path in set(self.paths.values()) - used:
            path.unlink()
        for scratch in self.folder.glob(".*.part"):
            shutil.rmtree(scratch, ignore_errors=True)


def embedding_content(settings: EmbedConformers) -> list[object]:
    """List what decides the conformers of a record beside the record: see ``Shards``."""
    return [VERSION, rdkit.__version__, settings.model_dump(exclude={"potential"})]


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def write_shard(folder: Path, key: str, rows: Sequence[dict], schema: pa.Schema) -> None:
    """Write the rows of some records (each with its ``key``) as one shard, named after the first ``key``."""
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), buffer)
    with atomic_path(folder / f"{key}-{_digest(buffer.getvalue())}.parquet") as temporary:
        temporary.write_bytes(buffer.getvalue())


def _keys(path: Path) -> list[str]:
    """Return the keys of a whole shard; one that is damaged is set aside, to be made again.

    A shard's name ends in the digest of its content.
    """
    data = path.read_bytes()
    if path.stem.endswith(f"-{_digest(data)}"):
        return pq.read_table(io.BytesIO(data), columns=["key"])["key"].to_pylist()
    path.replace(path.with_name(f"{path.name}.damaged"))
    sys.stderr.write(f"warning: {path}: damaged; set aside, its molecules are embedded again\n")
    return []


def embed_shard(chunk: list[tuple[str, dict]], settings: EmbedConformers, folder: Path) -> int:
    """Make the conformers of (key, record) pairs and write them as one shard; return how many it holds."""
    rows = []
    for key, record in chunk:
        try:
            made = conformers_of(record["id"], mol_from_record(record), settings)
            rows += [row | {"key": key} for row in made]
        except RecordError as error:
            rows.append({"key": key, "id": record["id"], "reason": str(error)})
    write_shard(folder, chunk[0][0], rows, SHARD_SCHEMA)
    return len(chunk)
