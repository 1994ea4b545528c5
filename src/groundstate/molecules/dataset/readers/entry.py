"""What every reader yields: an id, and the work of building the record put off until it is wanted."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple


class Entry(NamedTuple):
    """One input molecule.

    ``build()`` gives the row of ``MOLECULE_SCHEMA`` or raises ``RecordError``. Scanning ids stays cheap, so
    that a sample of a big file can be drawn by id before any molecule is parsed.

    ``parts`` holds the splits that the source itself publishes: split name -> train, validation or test.
    """

    id: str
    build: Callable[[], dict]
    parts: Mapping[str, str] = MappingProxyType({})
