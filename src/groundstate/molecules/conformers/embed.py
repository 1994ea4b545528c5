"""Conformers of a whole record file: worker processes, shards that survive a kill, cached by content."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count, islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from rdkit import Chem

from groundstate.files import atomic_path, write_json
from groundstate.molecules.conformers.choice import embedding_failure, lowest, unminimised
from groundstate.molecules.conformers.energies import add_energies, with_energies
from groundstate.molecules.conformers.etkdg import conformers_of
from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.conformers.shards import (
    CONFORMER_SCHEMA,
    SHARD_SIZE,
    Shards,
    embed_shard,
    embedding_content,
)
from groundstate.molecules.mols import mol_from_record, set_positions
from groundstate.molecules.sdf import molblock_with_properties
from groundstate.processes import chunked, map_chunks, worker_pool
from groundstate.progress import Progress
from groundstate.records import Records, Rejection, write_rejected

FEW = 16  # records that are not worth starting a process
BASELINES = ("etkdg", "mmff", "lowest")


def embed_conformers(
    records: Records,
    test_ids: Iterable[str],
    settings: EmbedConformers,
    workers: int,
    output: str | Path,
) -> dict:
    """Write conformers.parquet, rejected.csv, summary.json, and the SDF baselines of the test molecules.

    ``etkdg.sdf`` and ``mmff.sdf`` hold the first conformer before and after minimisation, ``lowest.sdf`` the
    minimised one of lowest energy. Finished work is kept in a hidden folder beside ``output``, by the hash of
    record and settings: a killed run goes on where it was, and a run over more molecules computes only the
    new ones. The result does not depend on ``workers``.

    Parameters
    ----------
    records
        Rows of ``MOLECULE_SCHEMA``, iterated several times; a ``RecordFile`` keeps them out of memory.

    Returns
    -------
    dict
        The summary: molecules by origin of their first conformer, by force field, and how many lost their
        stereo.
    """
    output = Path(output)
    cache = Shards(output.parent / f".{output.name}.work", embedding_content(settings))
    keys = [cache.key(record) for record in records]
    missing = sum(key not in cache.paths for key in keys)
    todo = (pair for pair in zip(keys, records, strict=True) if pair[0] not in cache.paths)
    progress = Progress("embed conformers", len(keys), "molecules", done=len(keys) - missing)
    started = time.monotonic()
    work = partial(embed_shard, settings=settings, folder=cache.folder)
    for size in map_chunks(work, chunked(todo, SHARD_SIZE), workers):
        progress.update(size)
    cache.scan()
    energies = add_energies(settings, cache, keys, records, workers, _judged(output))
    seconds = time.monotonic() - started

    test = set(test_ids)
    rejections: list[Rejection] = []
    taken: set[str] = set()
    counts: dict[str, Counter] = {"origin": Counter(), "force_field": Counter(), "stereo_lost": Counter()}
    with ExitStack() as stack:
        table = stack.enter_context(atomic_path(output / "conformers.parquet"))
        writer = stack.enter_context(pq.ParquetWriter(table, CONFORMER_SCHEMA))
        files = {
            name: stack.enter_context(
                stack.enter_context(atomic_path(output / f"{name}.sdf")).open("w", encoding="utf-8")
            )
            for name in BASELINES
        }
        for chunk in chunked(zip(count(1), keys, records), 1000):
            block: list[dict] = []
            for number, key, record in chunk:
                rows = cache.rows(key)
                reason = rows[0]["reason"]
                if record["id"] in taken:
                    reason = f"the id occurs twice (row {number}); the first one is kept"
                if reason is not None:
                    rejections.append(Rejection(record["id"] or f"row {number}", "embed", reason))
                    continue
                taken.add(record["id"])
                block += with_energies(rows, key, energies)
                counts["origin"][rows[0]["origin"]] += 1
                counts["force_field"][rows[1]["force_field"]] += 1
                for row in rows[:2]:
                    counts["stereo_lost"][row["method"]] += not row["stereo_kept"]
                if record["id"] in test:
                    mol = mol_from_record(record)
                    for name, row in zip(BASELINES, (*rows[:2], lowest(rows)), strict=True):
                        files[name].write(_sdf_record(record["id"], mol, row))
            writer.write_table(pa.Table.from_pylist(block, schema=CONFORMER_SCHEMA))
    write_rejected(output / "rejected.csv", rejections)
    summary = {name: dict(sorted(counter.items())) for name, counter in counts.items()} | {
        "records": len(keys),
        "rejected": len(rejections),
        "computed_now": missing,
        "seconds": round(seconds, 1),
        "workers": workers,
        "settings": settings.model_dump(),
    }
    write_json(output / "summary.json", summary)
    cache.drop_unused(keys)
    if energies is not None:
        energies.drop_unused(keys)
    return summary


def embed_part(
    records: Records,
    settings: EmbedConformers,
    workers: int,
    output: str | Path,
    part: int,
    parts: int,
) -> int:
    """Make the conformers of every ``parts``-th record, beginning with the ``part``-th (from 1).

    They go into the hidden folder from which ``embed_conformers`` takes what is finished; the file
    ``shards/part.json`` in ``output`` says that this part is. Returns how many were made now.
    """
    output = Path(output)
    cache = Shards(output.parent / f".{output.name}.work", embedding_content(settings))
    keys = [cache.key(record) for record in islice(records, part - 1, None, parts)]
    mine = zip(keys, islice(records, part - 1, None, parts), strict=True)
    todo = [pair for pair in mine if pair[0] not in cache.paths]
    progress = Progress(f"embed conformers {part}/{parts}", len(todo), "molecules")
    work = partial(embed_shard, settings=settings, folder=cache.folder)
    for size in map_chunks(work, chunked(todo, SHARD_SIZE), workers):
        progress.update(size)
    cache.scan()
    some = islice(records, part - 1, None, parts)
    add_energies(settings, cache, keys, some, workers, _judged(output))
    write_json(output / "shards" / f"{part}.json", {"part": part, "parts": parts, "computed_now": len(todo)})
    return len(todo)


def _judged(output: Path) -> Path:
    """Where finished energies of the conformers in ``output`` are kept."""
    return output.parent / f".{output.name}.energies"


def _sdf_record(name: str, mol: Chem.Mol, row: dict) -> str:
    properties = {key: row[key] for key in ("origin", "force_field", "stereo_kept")}
    if failure := embedding_failure(row) or unminimised(row, mol):
        properties["failed"] = failure
    return molblock_with_properties(set_positions(mol, row["positions"]), name, properties)


@contextmanager
def conformer_maker(
    settings: EmbedConformers, workers: int, method: str | None
) -> Iterator[Callable[[Sequence[tuple[str, Chem.Mol]]], Iterable[list[dict]]]]:
    """Give a function from (id, molecule) to the rows of ``method`` of each, in order, among processes."""

    def make(molecules: Sequence[tuple[str, Chem.Mol]]) -> Iterable[list[dict]]:
        # a process takes seconds to start
        shared = pool.map if len(molecules) > FEW and workers > 1 else map
        return shared(partial(_rows, settings, method), molecules)

    with worker_pool(workers) as pool:
        yield make


def _rows(settings: EmbedConformers, method: str | None, molecule: tuple[str, Chem.Mol]) -> list[dict]:
    return [row for row in conformers_of(*molecule, settings) if row["method"] == method]
