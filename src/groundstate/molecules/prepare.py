"""Source files to records, splits, and the list of what was rejected."""

import heapq
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from groundstate.errors import GroundstateError
from groundstate.files import atomic_path, write_json
from groundstate.molecules.mols import RecordError, mol_from_record
from groundstate.molecules.readers.entry import Entry
from groundstate.molecules.sdf import write_sdf
from groundstate.molecules.settings import PrepareMolecules
from groundstate.molecules.splits import (
    merge_groups,
    murcko_scaffold,
    random_group_key,
    random_split,
    scaffold_split,
    write_splits,
)
from groundstate.progress import Progress
from groundstate.records import MOLECULE_SCHEMA, Rejection, write_rejected
from groundstate.seeds import derive_seed

BLOCK = 2000  # records a row group: what is held in memory at one time


def prepare_molecules(
    entries: Callable[[], Iterator[Entry]],
    settings: PrepareMolecules,
    output: str | Path,
    split: str = "random",
) -> dict:
    """Write records.parquet, splits.csv, rejected.csv, test.sdf and summary.json into ``output``.

    Records stream through in blocks; of each molecule only hashes of id, InChI and scaffold stay in memory.

    Parameters
    ----------
    entries
        Starts a fresh pass over the source: called once to count and draw the sample, once to build.
    split
        Whose test part goes into test.sdf: ``random`` or ``scaffold``.

    Returns
    -------
    dict
        The summary: ``source`` = ``sampled`` + left out, ``sampled`` = ``records`` + ``rejected``.
    """
    output = Path(output)
    source, sample = _draw_sample(entries(), settings)
    rejections: list[Rejection] = []
    builder = _Builder(settings, rejections, sample, source if sample is None else len(sample))
    with (
        atomic_path(output / "records.parquet") as temporary,
        pq.ParquetWriter(temporary, MOLECULE_SCHEMA) as writer,
    ):
        for block in builder.blocks(entries()):
            writer.write_table(pa.Table.from_pylist(block, schema=MOLECULE_SCHEMA))
        if not builder.inchis:
            raise GroundstateError(
                f"{output}: none of {builder.seen} molecules could be used; "
                + "; ".join(f"{row.id}: {row.reason}" for row in rejections[:3])
            )
    fractions = (settings.train_fraction, settings.validation_fraction)
    splits = {
        "random": random_split(builder.inchis, fractions),
        "scaffold": scaffold_split(merge_groups(builder.scaffolds, builder.inchis), fractions),
    }
    write_splits(output / "splits.csv", _stream_ids(output / "records.parquet"), **splits)
    write_rejected(output / "rejected.csv", rejections)
    write_sdf(output / "test.sdf", _test_molecules(output / "records.parquet", splits[split]))
    summary = {
        "source": source,
        "sampled": builder.seen,
        "records": len(builder.inchis),
        "rejected": len(rejections),
        "with_geometry": builder.with_geometry,
        "splits": {name: dict(Counter(parts.tolist())) for name, parts in splits.items()},
        "settings": settings.model_dump(),
    }
    write_json(output / "summary.json", summary)
    return summary


def _draw_sample(entries: Iterator[Entry], settings: PrepareMolecules) -> tuple[int, set[str] | None]:
    """Size of the source, and the ids of a random sample: those whose hash with the seed is smallest."""
    if settings.max_molecules is None:
        return sum(1 for _ in entries), None
    count = 0

    def ranked() -> Iterator[tuple[int, str]]:
        nonlocal count
        for entry in entries:
            count += 1
            yield derive_seed(settings.sample_seed, "sample", entry.id), entry.id

    sample = {name for _, name in heapq.nsmallest(settings.max_molecules, ranked())}
    return count, sample


class _Builder:
    """Builds records in blocks and keeps, a molecule, what the splits need: hashes of 8 bytes."""

    def __init__(
        self, settings: PrepareMolecules, rejections: list[Rejection], sample: set[str] | None, total: int
    ) -> None:
        self.total = total
        self.settings, self.rejections, self.sample = settings, rejections, sample
        self.known: set[int] = set()
        self.inchis, self.scaffolds = array("Q"), array("Q")
        self.seen = self.with_geometry = 0

    def blocks(self, entries: Iterator[Entry]) -> Iterator[list[dict]]:
        progress = Progress("prepare molecules", self.total, "molecules")
        block: list[dict] = []
        for entry in entries:
            if self.sample is not None and entry.id not in self.sample:
                continue
            self.seen += 1
            try:
                block.append(self._build(entry))
            except RecordError as error:
                self.rejections.append(Rejection(entry.id, "prepare", str(error)))
            progress.update()
            if len(block) == BLOCK:
                yield block
                block = []
        if block:
            yield block

    def _build(self, entry: Entry) -> dict:
        key = derive_seed("id", entry.id)
        if key in self.known:
            raise RecordError("the id occurs twice; the first one is kept")
        record = entry.build()
        scaffold = murcko_scaffold(record["smiles"])
        self.known.add(key)
        self.inchis.append(random_group_key(self.settings.split_seed, record["inchi"]))
        self.scaffolds.append(derive_seed("scaffold", scaffold))
        self.with_geometry += record["positions"] is not None
        return record


def _stream_records(path: Path, columns: list[str] | None = None) -> Iterator[dict]:
    for batch in pq.ParquetFile(path).iter_batches(BLOCK, columns=columns):
        yield from batch.to_pylist(maps_as_pydicts="strict")


def _stream_ids(path: Path) -> Iterator[str]:
    return (row["id"] for row in _stream_records(path, ["id"]))


def _test_molecules(path: Path, parts) -> Iterator[tuple]:
    for record, part in zip(_stream_records(path), parts, strict=True):
        if part == "test":
            yield record["id"], mol_from_record(record), {"smiles": record["smiles"]}
