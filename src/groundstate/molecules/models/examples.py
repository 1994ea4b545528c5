"""Molecules to learn from: graph, start geometries, and the reference geometry, streamed from the files."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from rdkit import Chem

from groundstate.errors import GroundstateError
from groundstate.molecules.conformers.etkdg import with_hydrogens
from groundstate.molecules.dataset.record_file import RecordPart
from groundstate.molecules.mols import mol_from_record
from groundstate.molecules.record_check import HEAVIEST
from groundstate.progress import track

START_COLUMNS = [
    *("id", "conformer", "method", "origin", "force_field", "energy", "potential_energy", "copies"),
    *("stereo_kept", "positions", "hydrogens"),
]


class Molecule(NamedTuple):
    """A molecule as a model sees it; atoms in the order of its record or file.

    Attributes
    ----------
    mol
        The graph with its stereo and no geometry.
    starts
        Rows of ``CONFORMER_SCHEMA`` by the method that the model wants, in the order of the conformers.
    convention
        Name of the data set whose geometries are meant, for a model of several; None: the model's default.
    """

    id: str
    mol: Chem.Mol
    starts: Sequence[Mapping] = ()
    convention: str | None = None

    def with_hydrogens(self) -> "Molecule":
        """Add the hydrogens that the record lacks, behind its atoms, where the starts have them."""
        mol, shapes = with_hydrogens(self.mol, self.starts)
        if mol is self.mol:
            return self
        starts = [
            {**row, "positions": shape, "hydrogens": None}
            for row, shape in zip(self.starts, shapes, strict=True)
        ]
        return self._replace(mol=mol, starts=starts)


class Example(NamedTuple):
    """A molecule and its reference geometry (n, 3) in angstrom."""

    molecule: Molecule
    reference: np.ndarray


class DataSet(NamedTuple):
    """The files of one data set to train on, without conformers for a model that learns from none.

    Its name is that of its convention.
    """

    name: str
    records: str | Path
    splits: str | Path
    conformers: str | Path | None = None


class TrainingPart:
    """Molecules of one part of a split that have a reference geometry, in file order.

    It may be iterated any number of times; the records never sit in memory whole, the start geometries do.

    Parameters
    ----------
    method
        Start geometries that the molecules come with; those without any are left out. None: without.
    convention
        Given to every molecule.
    most
        Molecules that are used, always the same; None: all.
    """

    def __init__(
        self,
        records: str | Path,
        splits: str | Path,
        split: str,
        part: str,
        conformers: str | Path | None = None,
        method: str | None = None,
        convention: str | None = None,
        most: int | None = None,
    ) -> None:
        self.part, self.conformers, self.method, self.convention = part, conformers, method, convention
        self._records = RecordPart(records, splits, split, part, most)
        self.records: Iterable[dict] = self._records
        self.parts: Mapping[str, TrainingPart] = {}  # of several data sets, by name; none for a single one
        self.place = str(records)

    @cached_property
    def starts(self) -> dict[str, list[dict]]:
        """Start geometries by id."""
        if self.method is None or self.conformers is None:
            return {}
        return read_starts(self.conformers, self._records.ids, self.method)

    def elements(self) -> list[int]:
        """Give the atomic numbers that occur, ascending."""
        ids = pa.array(sorted(self._records.ids), pa.string())
        columns = ["id", "atomic_numbers", "positions"]
        numbers: set[int] = set()
        with pq.ParquetFile(self._records.file.path) as file:
            for batch in file.iter_batches(columns=columns):
                used = pc.and_(pc.is_in(batch["id"], ids), pc.is_valid(batch["positions"]))
                atoms = pc.list_flatten(pc.filter(batch["atomic_numbers"], used))
                numbers.update(pc.unique(atoms).to_pylist())
        return sorted(number for number in numbers if number and 0 < number <= HEAVIEST)

    def __iter__(self) -> Iterator[Example]:
        """Stream the molecules with their reference geometries."""
        name = f"{self.part} part"
        for record in track(self.records, name, len(self._records), "molecules"):
            starts = self.starts.get(record["id"], [])
            if self.method is None or starts:
                mol = mol_from_record(record)
                mol.RemoveAllConformers()
                molecule = Molecule(record["id"], mol, starts, self.convention)
                yield Example(molecule, np.array(record["positions"]))


class _Joined:
    """The records of several parts, streamed any number of times."""

    def __init__(self, parts: Collection[TrainingPart]) -> None:
        self.parts = parts

    def __iter__(self) -> Iterator[dict]:
        return (record for part in self.parts for record in part.records)


class JointPart(TrainingPart):
    """The same part of several data sets, by name, one after the other."""

    def __init__(self, parts: Mapping[str, TrainingPart]) -> None:
        self.parts = parts
        self.part = next(iter(parts.values())).part
        self.place = ", ".join(part.place for part in parts.values())
        self.records = _Joined(parts.values())

    def elements(self) -> list[int]:
        """Give the atomic numbers that occur, ascending."""
        return sorted({number for part in self.parts.values() for number in part.elements()})

    def __iter__(self) -> Iterator[Example]:
        """Stream the molecules of every set with their reference geometries."""
        for part in self.parts.values():
            yield from part


def training_part(
    sets: Sequence[DataSet], split: str, part: str, method: str | None, most: int | None = None
) -> TrainingPart:
    """Open one part of a data set, or of several; ``most`` as in ``TrainingPart``."""
    if len(sets) == 1:
        (one,) = sets
        return TrainingPart(one.records, one.splits, split, part, one.conformers, method, most=most)
    parts = {
        one.name: TrainingPart(one.records, one.splits, split, part, one.conformers, method, one.name, most)
        for one in sets
    }
    return JointPart(parts)


def read_starts(path: str | Path, ids: Iterable[str], method: str) -> dict[str, list[dict]]:
    """Read the rows of conformers.parquet for ``ids`` by ``method``: by id, in the order of the conformers.

    Raises ``GroundstateError`` where the file is absent or not a conformer file.
    """
    try:
        table = pq.read_table(path, columns=START_COLUMNS)
    except FileNotFoundError:
        raise GroundstateError(f"{path}: no such file; run the embed stage first") from None
    except (pa.ArrowException, OSError) as error:
        raise GroundstateError(f"{path}: not a readable conformer file ({error}); embed again") from None
    kept = pa.array(list(ids), pa.string())
    table = table.filter(pc.and_(pc.is_in(table["id"], kept), pc.equal(table["method"], method)))
    starts: dict[str, list[dict]] = {}
    for row in table.sort_by("conformer").to_pylist():
        row["positions"] = np.array(row["positions"])
        starts.setdefault(row["id"], []).append(row)
    return starts
