"""A user's hull: ComputedEntry objects as JSON, streamed, of which only the needed systems are kept."""

import gzip
import json
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TextIO

from pymatgen.entries.computed_entries import ComputedEntry, ComputedStructureEntry

from groundstate.errors import GroundstateError
from groundstate.potentials.corrections import correct_entry
from groundstate.records import Rejection

CLASSES: dict[str, type[ComputedEntry]] = {
    "ComputedEntry": ComputedEntry,
    "ComputedStructureEntry": ComputedStructureEntry,
}
SUFFIXES = (".json", ".json.gz", ".jsonl", ".jsonl.gz")
PICKLES = (".pkl", ".pickle", ".pkl.gz", ".pickle.gz", ".pkl.bz2", ".pt", ".joblib")
CHUNK = 1 << 18  # characters


def is_entry_file(path: Path) -> bool:
    """Whether the name says ComputedEntry JSON.

    Raises ``GroundstateError`` for a pickle: reading one runs whatever code is inside.
    """
    name = path.name.lower()
    if name.endswith(PICKLES):
        raise GroundstateError(
            f"{path}: pickles are refused, since reading one runs the code inside; "
            "give the entries as JSON (a list of ComputedEntry.as_dict())"
        )
    return name.endswith(SUFFIXES)


def read_entries(
    path: str | Path, systems: Collection[frozenset[str]]
) -> tuple[list[ComputedEntry], list[Rejection]]:
    """Read the entries inside ``systems`` (sets of element symbols), on the MP2020 scheme.

    The file is a JSON list of entries, JSON lines, or an object of id -> entry, plain or gzipped. Entries
    with run parameters are corrected afresh; what the corrections exclude is left out.

    Returns
    -------
    The entries, and those that were refused with the reason, such as r2SCAN energies: energies of different
    schemes make no hull.

    Raises
    ------
    GroundstateError
        The file is absent or damaged, or holds no entry of the scheme at all.
    """
    path = Path(path)
    is_entry_file(path)
    kept: list[ComputedEntry | None] = []
    refused: list[Rejection] = []
    number = 0
    try:
        with gzip.open(path, "rt") if path.name.endswith(".gz") else path.open(encoding="utf-8") as stream:
            for number, content in enumerate(_values(_Pieces(stream)), 1):
                try:
                    elements = _elements(content)
                    if isinstance(content, dict) and any(elements <= system for system in systems):
                        kept.append(_entry(content))
                except (ValueError, KeyError, TypeError, AttributeError) as error:
                    refused.append(
                        Rejection(f"{path.name}:{_name(content, number)}", "reference", str(error))
                    )
    except FileNotFoundError:
        raise GroundstateError(f"{path}: no such file") from None
    except (ValueError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise GroundstateError(f"{path}: not readable as ComputedEntry JSON ({error})") from None
    if number == len(refused):
        reason = refused[0].reason if refused else "it holds none"
        raise GroundstateError(
            f"{path}: no entry is readable as a ComputedEntry of the MP2020 scheme: {reason}"
        )
    return [entry for entry in kept if entry is not None], refused


def _elements(content: object) -> frozenset[str]:
    """Give the elements of an entry; ``ValueError`` for anything else."""
    if not isinstance(content, dict):
        raise ValueError(f"{str(content)[:40]!r} is no ComputedEntry")
    if not {"composition", "energy"} <= content.keys():
        raise ValueError(f"no ComputedEntry: its keys are {', '.join(map(str, list(content)[:5])) or 'none'}")
    return frozenset(content["composition"])


def _name(content: object, number: int) -> str:
    return str(content.get("entry_id") or number) if isinstance(content, dict) else str(number)


def _entry(content: dict) -> ComputedEntry | None:
    kind = content.get("@class", "ComputedEntry")  # never any other class that the file may name
    if kind not in CLASSES:
        raise ValueError(f"not readable: of class {kind!r}; allowed: {', '.join(CLASSES)}")
    entry = CLASSES[kind].from_dict({"correction": 0.0, **content})
    run_type = entry.parameters.get("run_type")
    if run_type in ("GGA", "GGA+U"):
        return correct_entry(entry)
    if run_type is None and entry.energy_adjustments:
        return entry
    raise ValueError(
        f"run_type {run_type!r}; a hull needs one energy scheme, here GGA and GGA+U with the MP2020 "
        "corrections"
    )


class _Pieces:
    """JSON text that is read and decoded piece by piece, so that only one value is held at a time."""

    def __init__(self, stream: TextIO) -> None:
        self.stream, self.buffer, self.position = stream, "", 0
        self.decoder = json.JSONDecoder()

    def _more(self) -> bool:
        piece = self.stream.read(CHUNK)
        self.buffer, self.position = self.buffer[self.position :] + piece, 0
        return bool(piece)

    def peek(self) -> str:
        """Give the next character that is neither blank nor a comma; empty at the end."""
        while True:
            while self.position < len(self.buffer):
                if self.buffer[self.position] not in " \t\r\n,":
                    return self.buffer[self.position]
                self.position += 1
            if not self._more():
                return ""

    def skip(self, character: str) -> None:
        if self.peek() != character:
            raise ValueError(f"{character!r} expected")
        self.position += 1

    def value(self) -> object:
        self.peek()
        while True:
            try:
                value, end = self.decoder.raw_decode(self.buffer, self.position)
            except ValueError:
                if not self._more():
                    raise ValueError("it ends in the middle") from None
                continue
            if end == len(self.buffer) and self._more():
                continue  # a number may go on in the next piece
            self.position = end
            return value

    def pairs(self) -> Iterator[tuple[object, object]]:
        """Keys and values of an object."""
        self.skip("{")
        while self.peek() != "}":
            key = self.value()
            self.skip(":")
            yield key, self.value()
        self.skip("}")


def _values(text: _Pieces) -> Iterator[object]:
    """Values of a JSON list or object, or of JSON lines, without reading the whole file."""
    if text.peek() == "[":
        text.skip("[")
        while text.peek() != "]":
            yield text.value()
        return
    if text.peek() != "{":
        raise ValueError("it begins with neither [ nor {")
    pairs = text.pairs()
    key, value = next(pairs, ("", None))
    if isinstance(value, dict) and "composition" in value:  # id -> entry
        yield value
        yield from (value for _, value in pairs)
        return
    yield {key: value, **dict(pairs)}
    while text.peek():  # JSON lines
        yield text.value()
