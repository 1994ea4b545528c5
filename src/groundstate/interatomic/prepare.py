"""From extxyz files to records with a split, nothing lost without a reason."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from groundstate.errors import GroundstateError
from groundstate.files import atomic_path
from groundstate.interatomic.data import POTENTIAL_SCHEMA, Configuration, read_configurations, to_row
from groundstate.interatomic.settings import PreparePotential
from groundstate.records import Rejection, write_records, write_rejected
from groundstate.seeds import derive_seed


def prepare(inputs: Sequence[Path], settings: PreparePotential, folder: Path) -> tuple[int, int]:
    """Write records.parquet, splits.csv and rejected.csv; the numbers of structures kept and rejected.

    Files in ``settings.test_files`` are the test part; without any, a seeded share of all is. Isolated atoms
    are records of no part.

    Raises ``GroundstateError`` where nothing can be used.
    """
    kept: dict[str, Configuration] = {}
    part_of: dict[str, str] = {}
    rejections: list[Rejection] = []
    for path in inputs:
        for one in read_configurations(path):
            fault = one if isinstance(one, Rejection) else _fault(one, kept)
            if fault is not None:
                rejections.append(fault)
                continue
            assert isinstance(one, Configuration)
            kept[one.id] = one
            isolated = len(one.atoms) == 1 and not one.atoms.pbc.any()
            part_of[one.id] = "" if isolated else "test" if path.name in settings.test_files else "open"
    undecided = [name for name, part in part_of.items() if part == "open"]
    if not undecided:
        raise GroundstateError(f"{', '.join(map(str, inputs))}: no structure to train on; see rejected.csv")
    order = np.random.default_rng(derive_seed(settings.split_seed, "split")).permutation(len(undecided))
    test = 0 if settings.test_files else round(settings.test_fraction * len(undecided))
    validation = max(1, round(settings.validation_fraction * len(undecided)))
    for place, number in enumerate(order.tolist()):
        part = "test" if place < test else "validation" if place < test + validation else "train"
        part_of[undecided[number]] = part
    write_records(folder / "records.parquet", [to_row(one) for one in kept.values()], POTENTIAL_SCHEMA)
    with atomic_path(folder / "splits.csv") as temporary, temporary.open("w", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["id", "random"])
        writer.writerows(part_of.items())
    write_rejected(folder / "rejected.csv", rejections)
    return len(kept), len(rejections)


def _fault(one: Configuration, kept: dict[str, Configuration]) -> Rejection | None:
    if one.id in kept:
        return Rejection(one.id, "prepare", "its id occurs before; ids must be unique")
    if one.energy is None:
        return Rejection(one.id, "prepare", "it has no energy; keys read: REF_energy, energy, free_energy")
    return None
