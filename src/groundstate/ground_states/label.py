"""Ground states of any list of molecules: in shards that survive a kill, cached, a source at the end."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from groundstate.files import atomic_path, write_json
from groundstate.ground_states.search import MINIMUM_SCHEMA, find_ground_states
from groundstate.ground_states.settings import LabelGeometry
from groundstate.molecular_potentials.interface import (
    MolecularPotential,
    find_molecular_potential,
    potential_of_process,
)
from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.conformers.shards import SHARD_SIZE, Shards, embedding_content, write_shard
from groundstate.molecules.mols import mol_from_record, record_from_mol, set_positions
from groundstate.molecules.sdf import molblock_with_properties
from groundstate.processes import chunked, map_chunks
from groundstate.progress import Progress
from groundstate.records import MOLECULE_SCHEMA, Rejection, write_rejected

SHARD_SCHEMA = pa.schema([("key", pa.string()), ("reason", pa.string()), *MINIMUM_SCHEMA])
VERSION = 1  # raise it where the same settings give other ground states


def label_geometries(
    records: Sequence[dict],
    settings: LabelGeometry,
    workers: int,
    output: str | Path,
    rejections: list[Rejection],
    device: str = "cpu",
) -> dict:
    """Write ground_states.parquet, ground_states.sdf, minima.parquet, rejected.csv and summary.json.

    ``ground_states.parquet`` holds rows of ``MOLECULE_SCHEMA``, ``ground_states.sdf`` the same with energy,
    method and spread: both are sources of ``prepare molecules``. ``minima.parquet`` (``MINIMUM_SCHEMA``) adds
    the runners-up. Finished work is kept in a hidden folder beside ``output``, by the hash of molecule,
    settings and potential. The result does not depend on ``workers``.

    Parameters
    ----------
    records
        See ``inputs.read_graphs``.
    rejections
        What was rejected before; those of the search are added, and all are written.
    """
    output = Path(output)
    potential = find_molecular_potential(settings.method, device)
    shards = _shards(output, settings, potential)
    keys = [shards.key(record) for record in records]
    missing = [pair for pair in zip(keys, records, strict=True) if pair[0] not in shards.paths]
    _work(missing, settings, potential, shards, workers, f"label geometry ({potential.title})", len(records))
    counts: Counter = Counter()
    with ExitStack() as stack:
        states, minima = (
            stack.enter_context(
                pq.ParquetWriter(stack.enter_context(atomic_path(output / f"{name}.parquet")), schema)
            )
            for name, schema in (("ground_states", MOLECULE_SCHEMA), ("minima", MINIMUM_SCHEMA))
        )
        path = stack.enter_context(atomic_path(output / "ground_states.sdf"))
        sdf = stack.enter_context(path.open("w", encoding="utf-8"))
        for chunk in chunked(zip(keys, records, strict=True), 1000):
            labelled, rows = [], []
            for key, record in chunk:
                own = shards.rows(key)
                if own[0]["reason"] is not None:
                    rejections.append(Rejection(record["id"], "label", own[0]["reason"]))
                    continue
                labelled.append(_labelled(record, own, settings))
                rows += own
                counts["minima"] += len(own)
                counts["lowest_mmff94_is_ground_state"] += own[0]["mmff94_kcal"] == 0.0
                counts["energies"] += sum(row["calls"] for row in own)
                sdf.write(_sdf_record(labelled[-1], potential))
            states.write_table(pa.Table.from_pylist(labelled, schema=MOLECULE_SCHEMA))
            minima.write_table(pa.Table.from_pylist(rows, schema=MINIMUM_SCHEMA))
            counts["ground_states"] += len(labelled)
    write_rejected(output / "rejected.csv", rejections)
    summary = {
        "molecules": len(records),
        "ground_states": counts["ground_states"],
        "rejected": len(rejections),
        "minima": counts["minima"],
        "lowest_mmff94_is_ground_state": counts["lowest_mmff94_is_ground_state"],
        "relaxation_energies_of_minima": counts["energies"],
        "computed_now": len(missing),
        "method": potential.title,
        "potential": potential.identity,
        "settings": settings.model_dump(),
    }
    write_json(output / "summary.json", summary)
    shards.drop_unused(keys)
    return summary


def label_part(
    records: Sequence[dict],
    settings: LabelGeometry,
    workers: int,
    output: str | Path,
    part: int,
    parts: int,
    device: str = "cpu",
) -> int:
    """Find the ground states of every ``parts``-th molecule, beginning with the ``part``-th (from 1).

    They go into the hidden folder from which ``label_geometries`` takes what is finished; the file
    ``shards/part.json`` in ``output`` says that this part is. Returns how many were searched for now.
    """
    output = Path(output)
    potential = find_molecular_potential(settings.method, device)
    shards = _shards(output, settings, potential)
    mine = [(shards.key(record), record) for record in islice(records, part - 1, None, parts)]
    todo = [pair for pair in mine if pair[0] not in shards.paths]
    _work(todo, settings, potential, shards, workers, f"label geometry {part}/{parts}", len(mine))
    write_json(output / "shards" / f"{part}.json", {"part": part, "parts": parts, "computed_now": len(todo)})
    return len(todo)


def _shards(output: Path, settings: LabelGeometry, potential: MolecularPotential) -> Shards:
    # how the inputs were chosen does not decide a ground state, and batches change rounding alone
    choice = {"max_molecules", "sample_seed", "undefined_stereo", "fragments", "max_atoms"}
    physics = settings.model_dump(exclude=choice)
    physics["relax"].pop("batch_atoms")
    embedding = embedding_content(EmbedConformers())  # the settings that ``physics`` leaves as they are
    return Shards(output.parent / f".{output.name}.work", [VERSION, potential.identity, physics, embedding])


def _work(
    todo: Sequence[tuple[str, dict]],
    settings: LabelGeometry,
    potential: MolecularPotential,
    shards: Shards,
    workers: int,
    name: str,
    total: int,
) -> None:
    progress = Progress(name, total, "molecules", done=total - len(todo))
    work = partial(_label_shard, settings=settings, device=str(potential.device), folder=shards.folder)
    for size in map_chunks(work, chunked(todo, SHARD_SIZE), workers):
        progress.update(size)
    shards.scan()


def _label_shard(
    chunk: Sequence[tuple[str, dict]], settings: LabelGeometry, device: str, folder: Path
) -> int:
    """Label (key, record) pairs and write them as one shard; return how many it holds."""
    records = [record for _, record in chunk]
    results = find_ground_states(records, settings, potential_of_process(settings.method, device))

    def rows() -> Iterator[dict]:
        for key, record in chunk:
            result = results[record["id"]]
            if isinstance(result, str):
                yield {"key": key, "id": record["id"], "reason": result}
            else:
                yield from ({"key": key, **row} for row in result)

    write_shard(folder, chunk[0][0], list(rows()), SHARD_SCHEMA)
    return len(chunk)


def _labelled(record: dict, minima: Sequence[dict], settings: LabelGeometry) -> dict:
    """Put the ground state into the record, and what a number says about it among the properties."""
    best, method = minima[0], settings.method.replace("-", "_")
    properties = {f"{method}_energy_ev": best["energy_ev"], f"{method}_minima": float(len(minima))}
    if best["spread_ev"] is not None:
        properties[f"{method}_spread_ev"] = best["spread_ev"]
    if len(minima) > 1:
        properties[f"{method}_runner_up_kcal"] = minima[1]["relative_kcal"]
    mol = set_positions(mol_from_record(record), best["positions"])
    return record_from_mol(record["id"], mol, properties) | {"stripped": record["stripped"]}


def _sdf_record(record: dict, potential: MolecularPotential) -> str:
    properties = {"smiles": record["smiles"], "method": f"{potential.title} minimum", **record["properties"]}
    if record["stripped"]:
        properties["stripped"] = record["stripped"]
    return molblock_with_properties(mol_from_record(record), record["id"], properties)
