"""A Parquet table as an iterable of rows that never sits in memory whole."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from groundstate.errors import GroundstateError
from groundstate.molecules.record_check import record_fault
from groundstate.records import MOLECULE_SCHEMA, read_split
from groundstate.subset import fixed_subset

BATCH = 1000  # rows that are held as Python objects at one time


class RecordFile:
    """The rows of a record file; may be iterated any number of times.

    Raises ``GroundstateError`` where the file is absent, not Parquet, or lacks a column of the schema.
    """

    def __init__(self, path: str | Path, schema: pa.Schema) -> None:
        self.path, self.schema = Path(path), schema
        if not self.path.exists():
            raise GroundstateError(f"{path}: no such file; run the stage that writes it first")
        try:
            with pq.ParquetFile(self.path) as file:
                self._length = file.metadata.num_rows
                columns = file.schema_arrow
        except (pa.ArrowException, OSError) as error:
            raise GroundstateError(
                f"{path}: not a readable record file ({error}); delete it and rerun"
            ) from None
        if missing := [name for name in schema.names if name not in columns.names]:
            raise GroundstateError(f"{path}: has no column {', '.join(missing)}; delete it and rerun")
        self._cast(columns.empty_table().select(schema.names))

    def __len__(self) -> int:
        """Count the rows."""
        return self._length

    def __iter__(self) -> Iterator[dict]:
        """Stream whole rows."""
        return self.columns(*self.schema.names)

    def columns(self, *names: str) -> Iterator[dict]:
        """Stream rows that hold only the columns ``names``."""
        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(BATCH, columns=list(names)):
                table = self._cast(pa.Table.from_batches([batch]).select(list(names)))
                yield from table.to_pylist(maps_as_pydicts="strict")

    def _cast(self, table: pa.Table) -> pa.Table:
        """Give the types of the schema to a table that another program may have written."""
        try:
            return table.cast(pa.schema([self.schema.field(name) for name in table.column_names]))
        except pa.ArrowException as error:
            raise GroundstateError(
                f"{self.path}: a column has another type ({error}); rerun prepare"
            ) from None


class RecordPart:
    """The molecules of one part of a split that have a geometry, streamed as from a ``RecordFile``.

    Rows that cannot be molecules are passed over, with a warning. ``most``: so many of them, always the same.
    """

    def __init__(
        self, records: str | Path, splits: str | Path, split: str, part: str, most: int | None = None
    ) -> None:
        self.file = RecordFile(records, MOLECULE_SCHEMA)
        present = (row["id"] for row in self.file.columns("id") if row["id"])
        self.ids = set(read_split(splits, split, part, present))
        if most is not None:
            self.ids = fixed_subset(self.ids, most)

    def __len__(self) -> int:
        """Count the molecules of the part, those without a geometry too."""
        return len(self.ids)

    def __iter__(self) -> Iterator[dict]:
        """Stream the molecules of the part that have a geometry."""
        for row in self.file:
            if row["id"] not in self.ids or row["positions"] is None:
                continue
            if fault := record_fault(row):
                print(f"warning: {self.file.path}: {row['id']}: {fault}", file=sys.stderr, flush=True)
            else:
                yield row
