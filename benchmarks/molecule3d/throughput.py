"""Molecules per second of every stage, one thread, in CPU seconds: other work on the machine does not count.

    R=results/molecules/qm9
    python benchmarks/molecule3d/throughput.py --archive data/qm9/qm9pack-1.0.3-py3-none-any.whl \
        --splits $R/prepared/splits.csv --records $R/prepared/records.parquet --num 100 --conformers 10 \
        --checkpoint gaunt=$R/gaunt/seed0/best.ckpt --checkpoint xtb=$R/xtb/seed0/best.ckpt
"""

import argparse
import json
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from groundstate.metrics.molecules.geometry import reference_free_terms, reference_terms
from groundstate.molecules.conformers.etkdg import conformers_of
from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.dataset.readers.formats import read_entries
from groundstate.molecules.dataset.splits import murcko_scaffold
from groundstate.molecules.models.base import GeometryModel
from groundstate.molecules.models.load import load_model
from groundstate.molecules.models.predict import molecules_of, predict_molecules, stored
from groundstate.molecules.mols import mol_from_record, record_from_mol
from groundstate.records import MOLECULE_SCHEMA, read_records, read_split


def timed(function: Callable[[], object]) -> tuple[float, object]:
    """CPU seconds of a call, and what it gives."""
    start = time.process_time()
    value = function()
    return time.process_time() - start, value


def predicted(model: GeometryModel, records: list[dict], starts: dict[str, list[dict]]) -> list:
    """Geometries of all records from start geometries that are there."""
    used = {name: [row for row in rows if row["method"] == model.starts] for name, rows in starts.items()}
    made = predict_molecules(model, molecules_of(records, []), stored(used), [])
    return [ranked[0] for ranked in made]


def main() -> None:
    """Measure and print; ``--output`` keeps the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--archive", type=Path, required=True, help="the wheel of QM9")
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--splits", type=Path, required=True)
    parser.add_argument("--checkpoint", action="append", default=[], help="NAME=best.ckpt")
    parser.add_argument("--num", type=int, default=100, help="molecules of the test part")
    parser.add_argument("--conformers", type=int, default=10)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)

    test = read_split(arguments.splits, "random", "test")
    records = read_records(arguments.records, MOLECULE_SCHEMA, test)[: arguments.num]
    count = len(records)
    seconds: dict[str, float] = {}

    entries = list(islice(read_entries("qm9pack", [arguments.archive]), count))
    seconds["prepare"], _ = timed(
        lambda: [murcko_scaffold(record_from_mol(entry.id, *entry.build())["smiles"]) for entry in entries]
    )
    for number in sorted({1, arguments.conformers}):
        embed = EmbedConformers(num_conformers=number)
        made = lambda: [conformers_of(row["id"], mol_from_record(row), embed) for row in records]  # noqa: B023, E731
        seconds[f"embed, K = {number}"], rows = timed(made)
    starts = {record["id"]: some for record, some in zip(records, rows, strict=True)}
    for row in (row for some in rows for row in some):
        row["positions"] = np.array(row["positions"])
    for text in arguments.checkpoint:
        name, _, path = text.partition("=")
        model = load_model(path, "cpu")
        predicted(model, records[:4], starts)  # tables and caches
        seconds[f"predict, {name}"], made = timed(lambda: predicted(model, records, starts))  # noqa: B023
    if arguments.checkpoint:
        seconds["score"], _ = timed(
            lambda: [
                reference_terms(one.mol, one.mol.GetConformer().GetPositions(), np.array(row["positions"]))
                | reference_free_terms(mol_from_record(row), one.mol.GetConformer().GetPositions())
                for one, row in zip(made, records, strict=True)
            ]
        )
    print(f"{count} molecules of the test part, one thread\n")
    print("| stage | ms a molecule | molecules/s |\n|---|---|---|")
    for name, value in seconds.items():
        print(f"| {name} | {1e3 * value / count:.2f} | {count / value:.1f} |")
    if arguments.output:
        arguments.output.write_text(json.dumps({"molecules": count, "cpu_seconds": seconds}, indent=2) + "\n")


if __name__ == "__main__":
    main()
