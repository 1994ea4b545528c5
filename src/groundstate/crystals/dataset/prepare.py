"""From files to crystal records: checks, choice, split, and a list of what was left out."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from groundstate.crystals.cif.sites import close_pairs
from groundstate.crystals.crystal import Crystal, fault, to_record
from groundstate.crystals.dataset.readers.formats import FORMATS
from groundstate.crystals.dataset.readers.item import STAGE
from groundstate.crystals.dataset.record_file import PARTS, read_ids
from groundstate.crystals.dataset.settings import PrepareCrystals
from groundstate.crystals.lattice import shortest_vector
from groundstate.crystals.templates.shipped import shipped_formulas
from groundstate.errors import GroundstateError
from groundstate.files import atomic_path, write_json
from groundstate.names import line_fault
from groundstate.progress import track
from groundstate.records import CRYSTAL_SCHEMA, Rejection, write_records, write_rejected
from groundstate.seeds import derive_seed
from groundstate.weights.learned import REASON

NAMED = 10  # rejected crystals in one sentence
NEAREST = 0.5  # angstrom; the bound of the field's structural validity (Xie et al., ICLR 2022)


def check(
    items: Sequence[Crystal | Rejection], settings: PrepareCrystals, excluded: set[str]
) -> tuple[list[Crystal], list[Rejection]]:
    """Part readable crystals from the rest; rows in = crystals + rejections."""
    kept: list[Crystal] = []
    rejected: list[Rejection] = []
    seen: set[str] = set()
    for item in track(items, "prepare crystals: check", len(items), "crystal"):
        if isinstance(item, Rejection):
            rejected.append(item)
        else:
            reason = _reason(item, settings, excluded, seen)
            seen.add(item.id)
            if reason is None:
                kept.append(item)
            else:
                rejected.append(Rejection(item.id, STAGE, reason))
    return kept, rejected


def _reason(crystal: Crystal, settings: PrepareCrystals, excluded: set[str], seen: set[str]) -> str | None:
    if (reason := line_fault(crystal.id)) is not None:
        return reason
    if crystal.id in seen:
        return "duplicate id"
    if crystal.id in excluded:
        return "listed in exclude_ids"
    if (reason := fault(crystal)) is not None:
        return reason
    if (atoms := len(crystal.atomic_numbers)) > settings.max_atoms:
        return f"{atoms} atoms, more than max_atoms = {settings.max_atoms}"
    if (most := int(np.unique(crystal.atomic_numbers, return_counts=True)[1].max())) > (
        limit := settings.max_atoms_per_element
    ):
        return f"{most} atoms of one element, more than max_atoms_per_element = {limit}"
    if (period := shortest_vector(crystal.lattice)) < NEAREST:
        return f"the cell repeats every {period:.3f} angstrom; are its lengths in angstrom?"
    if pairs := close_pairs(crystal.frac_coords, crystal.lattice, NEAREST):
        first, second, distance = pairs[0]
        return f"atoms {first + 1} and {second + 1} are {distance:.3f} angstrom apart"
    return None


def choose(
    crystals: Sequence[Crystal], count: int | None, seed: int
) -> tuple[list[Crystal], list[Rejection]]:
    """Return a seeded choice of ``count`` crystals in their old order, and the others as rejections."""
    if count is None or count >= len(crystals):
        return list(crystals), []
    generator = np.random.default_rng(derive_seed(seed, "choose crystals"))
    taken = set(generator.permutation(len(crystals))[:count].tolist())
    left = [
        Rejection(crystal.id, STAGE, f"not drawn: max_crystals = {count}")
        for index, crystal in enumerate(crystals)
        if index not in taken
    ]
    return [crystal for index, crystal in enumerate(crystals) if index in taken], left


def split_by_group(groups: Sequence[str], validation: float, test: float, seed: int) -> list[str]:
    """Return ``train``, ``validation`` or ``test`` for each item, so that one group never sits on two sides.

    Groups in seeded random order fill the test part, then the validation part, up to their share of items.
    """
    names = sorted(set(groups))
    order = np.random.default_rng(derive_seed(seed, "split")).permutation(len(names))
    sizes = {name: 0 for name in names}
    for group in groups:
        sizes[group] += 1
    part_of, filled = {}, {"test": 0, "validation": 0}
    shares = {"test": round(test * len(groups)), "validation": round(validation * len(groups))}
    for name in (names[index] for index in order):
        part = next((p for p in shares if filled[p] + sizes[name] <= shares[p]), "train")
        part_of[name] = part
        if part != "train":
            filled[part] += sizes[name]
    return [part_of[group] for group in groups]


def split_by_file(
    given: Sequence[str], groups: Sequence[str], validation: float, test: float, seed: int
) -> list[str]:
    """Return the published split, ``given`` by item; a part without file comes out of ``train``."""
    training = [index for index, part in enumerate(given) if part == "train"]
    drawn = split_by_group(
        [groups[index] for index in training],
        0.0 if "validation" in given else validation,
        0.0 if "test" in given else test,
        seed,
    )
    parts = list(given)
    for index, part in zip(training, drawn, strict=True):
        parts[index] = part
    return parts


def prepare(
    inputs: Sequence[Path],
    file_format: str,
    settings: PrepareCrystals,
    folder: Path,
    file_parts: Sequence[str] = (),
    unseen: bool = False,
) -> dict[str, object]:
    """Write ``records.parquet``, ``splits.csv``, ``rejected.csv`` and ``summary.json``, which is given back.

    ``file_parts`` names the part of the split that each of ``inputs`` is; without it the split is by formula.
    With ``unseen`` crystals of the test part whose formula shipped weights or templates know are rejected.
    Raises ``GroundstateError`` for an unknown format, an unreadable file, or where nothing is left: it names
    the first of what was rejected, and no file is written.
    """
    if file_format not in FORMATS:
        raise GroundstateError(f"--format: {file_format!r} is unknown; allowed: {', '.join(FORMATS)}")
    excluded = set() if settings.exclude_ids is None else read_ids(settings.exclude_ids, "exclude_ids")
    if file_parts and not (len(file_parts) == len(inputs) and set(file_parts) <= set(PARTS)):
        raise GroundstateError(f"--part: one of {', '.join(PARTS)} for each --input, or none")
    read_parts = [list(FORMATS[file_format](path)) for path in inputs]
    items = [item for part in read_parts for item in part]
    crystals, rejected = check(items, settings, excluded)
    read = len(crystals) + len(rejected)
    crystals, left = choose(crystals, settings.max_crystals, settings.split_seed)
    rejected += left
    rows = [to_record(crystal) for crystal in crystals]
    shares = settings.validation_fraction, settings.test_fraction, settings.split_seed
    groups = [row["formula"] for row in rows]
    if file_parts:
        part_of: dict[str, str] = {}
        for name, items_of_part in zip(file_parts, read_parts, strict=True):
            for item in items_of_part:
                if isinstance(item, Crystal):
                    part_of.setdefault(item.id, name)  # of rows that share an id the first one is kept
        parts = split_by_file([part_of[row["id"]] for row in rows], groups, *shares)
    else:
        parts = split_by_group(groups, *shares)
    if unseen:
        known = shipped_formulas()
        learned = [part == "test" and row["formula"] in known for row, part in zip(rows, parts, strict=True)]
        pairs = list(zip(rows, parts, learned, strict=True))
        rejected += [Rejection(row["id"], STAGE, REASON) for row, _, out in pairs if out]
        rows, parts = [row for row, _, out in pairs if not out], [part for _, part, out in pairs if not out]
    if not rows:
        said = [f"{one.id}: {one.reason}" for one in rejected[:NAMED]]
        more = [f"and {len(rejected) - NAMED} more"] if len(rejected) > NAMED else []
        raise GroundstateError("; ".join([f"{inputs[0]}: none of {read} crystals can be used", *said, *more]))
    write_records(folder / "records.parquet", rows, CRYSTAL_SCHEMA)
    write_rejected(folder / "rejected.csv", rejected)
    with atomic_path(folder / "splits.csv") as path, path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["id", "random"])
        writer.writerows((row["id"], part) for row, part in zip(rows, parts, strict=True))
    sizes = [len(row["atomic_numbers"]) for row in rows]
    summary: dict[str, object] = {
        "read": read,
        "kept": len(rows),
        "rejected": len(rejected),
        "parts": {part: parts.count(part) for part in PARTS},
        "split": "published, by file" if file_parts else "by reduced formula",
        "elements": len({z for row in rows for z in row["atomic_numbers"]}),
        "atoms_mean": float(np.mean(sizes)),
        "atoms_max": max(sizes),
    }
    write_json(folder / "summary.json", summary)
    return summary
