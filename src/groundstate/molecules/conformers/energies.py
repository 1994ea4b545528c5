"""Energies of conformers by a molecular potential, beside those of the force field that made them."""

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from groundstate.molecules.conformers.etkdg import with_hydrogens
from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.conformers.shards import SHARD_SIZE, Shards, embedding_content, write_shard
from groundstate.molecules.mols import mol_from_record
from groundstate.processes import chunked, map_chunks
from groundstate.progress import Progress

VERSION = 1  # raise it where the same conformers get other energies
ENERGY_SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("conformer", pa.int32()),
        ("energy", pa.float64()),  # kcal/mol; null where the potential refuses the molecule
    ]
)


def add_energies(
    settings: EmbedConformers,
    conformers: Shards,
    keys: Sequence[str],
    records: Iterable[dict],
    workers: int,
    folder: Path,
) -> Shards | None:
    """Compute the energies of the minima of ``records`` by ``settings.potential``.

    ``keys`` are those of the records in the cache ``conformers``. What is finished is kept in ``folder``
    (hidden, beside the conformers) by the key of the record and the identity of the potential. Gives that
    cache, with rows of ``ENERGY_SCHEMA``; None where no potential is asked for.
    """
    if settings.potential is None:
        return None
    from groundstate.molecular_potentials.interface import potential_of_process  # it loads torch

    potential = potential_of_process(settings.potential)
    energies = Shards(folder, [VERSION, potential.identity, embedding_content(settings)])
    missing = sum(key not in energies.paths for key in keys)
    name = f"energies of conformers ({potential.title})"
    progress = Progress(name, len(keys), "molecules", done=len(keys) - missing)
    todo = (pair for pair in zip(keys, records, strict=True) if pair[0] not in energies.paths)
    chunks = ([(*pair, conformers.rows(pair[0])) for pair in part] for part in chunked(todo, SHARD_SIZE))
    work = partial(_energy_shard, method=settings.potential, folder=folder)
    for size in map_chunks(work, chunks, workers):
        progress.update(size)
    energies.scan()
    return energies


def with_energies(rows: Sequence[dict], key: str, energies: Shards | None) -> Sequence[dict]:
    """Give the conformer ``rows`` of one record their ``potential_energy``."""
    if energies is not None:
        found = {one["conformer"]: one["energy"] for one in energies.rows(key)}
        for row in rows:
            if row["method"] == "mmff":
                row["potential_energy"] = found.get(row["conformer"])
    return rows


def _energy_shard(chunk: Sequence[tuple[str, dict, Sequence[dict]]], method: str, folder: Path) -> int:
    """Compute the energies of (key, record, conformer rows); write one shard; return how many records."""
    from groundstate.molecular_potentials.interface import KCAL, potential_of_process

    potential = potential_of_process(method)
    jobs, found = [], []
    for key, record, rows in chunk:
        found.append({"key": key, "conformer": -1, "energy": None})  # that the record was looked at
        minima = [row for row in rows if row["reason"] is None and row["method"] == "mmff"]
        if not minima:
            continue
        mol, shapes = with_hydrogens(mol_from_record(record), minima)
        if potential.refusal(mol) is None:
            jobs += [(key, mol, row["conformer"], shape) for row, shape in zip(minima, shapes, strict=True)]
    if jobs:
        points = potential.single_points([job[1] for job in jobs], [job[3] for job in jobs]) * KCAL
        for (key, _, conformer, _), point in zip(jobs, points, strict=True):
            energy = float(point) if np.isfinite(point) else None
            found.append({"key": key, "conformer": conformer, "energy": energy})
    write_shard(folder, chunk[0][0], found, ENERGY_SCHEMA)
    return len(chunk)
