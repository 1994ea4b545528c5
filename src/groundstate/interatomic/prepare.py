"""From files with energies and forces to records with a split, nothing lost without a reason."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from groundstate.errors import GroundstateError
from groundstate.files import atomic_path
from groundstate.interatomic.data import (
    POTENTIAL_SCHEMA,
    Configuration,
    no_energy,
    read_configurations,
    to_row,
)
from groundstate.interatomic.settings import PreparePotential
from groundstate.records import PARTS, Rejection, write_records, write_rejected
from groundstate.seeds import derive_seed


def prepare(
    inputs: Sequence[Path], settings: PreparePotential, folder: Path, file_parts: Sequence[str] = ()
) -> tuple[int, int]:
    """Write records.parquet, splits.csv and rejected.csv; the numbers of structures kept and rejected.

    A part of the split that no file is, is a seeded share of the training files. Isolated atoms are records
    of no part. Of several files, a structure without a group has the name of its file as its group.

    Parameters
    ----------
    file_parts
        ``train``, ``validation`` or ``test`` for each of ``inputs``, or nothing.

    Raises ``GroundstateError`` where nothing can be used, or a part is none.
    """
    if file_parts and not (len(file_parts) == len(inputs) and set(file_parts) <= set(PARTS) - {""}):
        raise GroundstateError("--part: one of train, validation, test for each --input, or none")
    kept: dict[str, Configuration] = {}
    part_of: dict[str, str] = {}
    rejections: list[Rejection] = []
    for path, part in zip(inputs, file_parts or ["train"] * len(inputs), strict=True):
        for one in read_configurations(path):
            fault = one if isinstance(one, Rejection) else _fault(one, kept)
            if fault is not None:
                rejections.append(fault)
                continue
            assert isinstance(one, Configuration)
            isolated = len(one.atoms) == 1 and not one.atoms.pbc.any()
            group = one.group or (path.name.split(".")[0] if len(inputs) > 1 else "")
            kept[one.id] = one._replace(group=group)
            part_of[one.id] = "" if isolated else part
    left_out = _draw(part_of, settings, file_parts)
    rejections += [Rejection(name, "prepare", reason) for name, reason in left_out.items()]
    kept = {name: one for name, one in kept.items() if name not in left_out}
    part_of = {name: part_of[name] for name in kept}
    if "train" not in part_of.values():
        raise GroundstateError(
            f"{', '.join(map(str, inputs))}: no structure to train on"
            + (f"; the first of {len(rejections)} rejected: {rejections[0].reason}" if rejections else "")
        )
    write_records(folder / "records.parquet", [to_row(one) for one in kept.values()], POTENTIAL_SCHEMA)
    with atomic_path(folder / "splits.csv") as temporary, temporary.open("w", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["id", "random"])
        writer.writerows(part_of.items())
    write_rejected(folder / "rejected.csv", rejections)
    return len(kept), len(rejections)


def _draw(part_of: dict[str, str], settings: PreparePotential, file_parts: Sequence[str]) -> dict[str, str]:
    """Take the parts that no file is out of the training files; what is one too many, with its reason."""
    names = _shuffled(part_of, "train", derive_seed(settings.split_seed, "split"))
    if "test" not in file_parts:
        number = round(settings.test_fraction * len(names))
        part_of.update(dict.fromkeys(names[:number], "test"))
        share, names = settings.validation_fraction * len(names), names[number:]
    else:
        share = settings.validation_fraction * len(names)
    left_out = {}
    if settings.max_train is not None and len(names) > settings.max_train:
        left_out = dict.fromkeys(names[settings.max_train :], f"left out: max_train is {settings.max_train}")
        names, share = names[: settings.max_train], settings.validation_fraction * settings.max_train
    if "validation" not in file_parts:
        part_of.update(dict.fromkeys(names[: max(1, round(share))], "validation"))
    if settings.max_test is not None:
        tests = _shuffled(part_of, "test", derive_seed(settings.split_seed, "test"))
        left_out |= dict.fromkeys(tests[settings.max_test :], f"left out: max_test is {settings.max_test}")
    return left_out


def _shuffled(part_of: dict[str, str], part: str, seed: int) -> list[str]:
    names = [name for name, one in part_of.items() if one == part]
    return [names[number] for number in np.random.default_rng(seed).permutation(len(names)).tolist()]


def _fault(one: Configuration, kept: dict[str, Configuration]) -> Rejection | None:
    if one.id in kept:
        return Rejection(one.id, "prepare", "its id occurs before; ids must be unique")
    if one.energy is None:
        return Rejection(one.id, "prepare", no_energy(one))
    return None
