"""Record files of this package, such as ground states of the stage ``label geometry``, as a source."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from groundstate.molecules.dataset.readers.entry import Entry
from groundstate.molecules.dataset.record_file import RecordFile
from groundstate.records import MOLECULE_SCHEMA


def read_record_file(path: str | Path) -> Iterator[Entry]:
    """Stream the rows of a Parquet file of ``MOLECULE_SCHEMA``."""
    for row in RecordFile(path, MOLECULE_SCHEMA):
        yield Entry(row["id"], partial(dict, row))
