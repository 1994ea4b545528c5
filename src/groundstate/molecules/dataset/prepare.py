"""Source files to records, splits, and the list of what was rejected."""

import heapq
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from groundstate.errors import GroundstateError
from groundstate.files import atomic_path, write_json
from groundstate.molecules.dataset.fragments import STRIPPED, one_molecule
from groundstate.molecules.dataset.readers.entry import Entry
from groundstate.molecules.dataset.record_file import RecordFile
from groundstate.molecules.dataset.settings import PrepareMolecules
from groundstate.molecules.dataset.splits import (
    NAMES,
    codes_of,
    merge_groups,
    molecule3d_random_split,
    murcko_scaffold,
    random_group_key,
    random_split,
    scaffold_split,
    within_test,
    write_splits,
)
from groundstate.molecules.mols import RecordError, has_geometry, mol_from_record, record_from_mol
from groundstate.molecules.open_stereo import open_stereo
from groundstate.molecules.sdf import write_sdf
from groundstate.processes import chunked
from groundstate.progress import Progress
from groundstate.records import MOLECULE_SCHEMA, Rejection, write_rejected
from groundstate.seeds import derive_seed
from groundstate.weights.learned import REASON, inchi_hash, learned_molecules

BLOCK = 1000  # records a row group: what is held in memory at one time
TEST = NAMES.index("test")
DRAWING = (
    "no 3D coordinates (a drawing), where others have them: it can be neither learned nor scored; give it in"
    " a file without geometries to predict it"
)
PROPERTY_FRACTIONS = (0.8, 0.1)  # of the test part: the property experiment of Molecule3D


def prepare_molecules(
    entries: Callable[[], Iterator[Entry]],
    settings: PrepareMolecules,
    output: str | Path,
    split: str = "random",
    unseen: bool = False,
) -> dict:
    """Write records.parquet, splits.csv, rejected.csv, test.sdf and summary.json into ``output``.

    Records stream through in blocks; of each molecule only hashes of id, InChI and scaffold (8 bytes each)
    stay in memory.

    Parameters
    ----------
    entries
        Starts a fresh pass over the source: called once to count and draw the sample, once to build.
    split
        Which split's test part goes into test.sdf.
    unseen
        Reject molecules of that part that the shipped weights may have learned.

    Returns
    -------
    dict
        The summary: ``source`` = ``sampled`` + left out, ``sampled`` = ``records`` + ``rejected``.
    """
    output = Path(output)
    survey = _survey(entries(), settings)
    rejections: list[Rejection] = []
    builder = _Builder(settings, rejections, survey)
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
    path = output / "records.parquet"
    if 0 < builder.with_geometry < len(builder.inchis):
        rejections += _drop(path, np.array(builder.has_geometry) == 0, DRAWING)
        builder.drop_drawings()
    splits = builder.splits()
    if not builder.with_geometry:  # nothing to learn from: all of it is there to be predicted
        splits |= {name: np.full(len(builder.inchis), TEST, np.uint8) for name in ("random", "scaffold")}
    if split not in splits:
        raise GroundstateError(f"--split {split}: unknown; this data set has {', '.join(splits)}")
    if unseen and builder.with_geometry:
        learned = (splits[split] == TEST) & np.isin(builder.learnable, learned_molecules())
        rejections += _drop(path, learned, REASON)
        splits = {name: codes[~learned] for name, codes in splits.items()}
    records = RecordFile(path, MOLECULE_SCHEMA)
    write_splits(output / "splits.csv", (row["id"] for row in records.columns("id")), **splits)
    write_rejected(output / "rejected.csv", rejections)
    write_sdf(
        output / "test.sdf",
        (
            (record["id"], mol_from_record(record), {"smiles": record["smiles"]})
            for record, part in zip(records, splits[split], strict=True)
            if part == TEST
        ),
    )
    summary = {
        "source": survey.size,
        "sampled": builder.seen,
        "records": len(records),
        "rejected": len(rejections),
        "with_geometry": min(builder.with_geometry, len(records)),
        "properties": dict(sorted((builder.properties + builder.drawn_properties).items())),
        "splits": {
            name: {NAMES[code]: int((codes == code).sum()) for code in np.unique(codes) if code}
            for name, codes in splits.items()
        },
        "settings": settings.model_dump(),
    }
    write_json(output / "summary.json", summary)
    return summary


def _drop(path: Path, dropped: np.ndarray, reason: str) -> list[Rejection]:
    """Take some records (a mask over all) out of a record file, and say so for each."""
    if not dropped.any():
        return []
    rejections: list[Rejection] = []
    mask = iter(dropped.tolist())
    with atomic_path(path) as temporary, pq.ParquetWriter(temporary, MOLECULE_SCHEMA) as writer:
        for block in chunked(RecordFile(path, MOLECULE_SCHEMA), BLOCK):
            gone = [next(mask) for _ in block]
            rejections += [
                Rejection(record["id"], "prepare", reason)
                for record, out in zip(block, gone, strict=True)
                if out
            ]
            kept = [record for record, out in zip(block, gone, strict=True) if not out]
            writer.write_table(pa.Table.from_pylist(kept, schema=MOLECULE_SCHEMA))
    return rejections


class _Survey(NamedTuple):
    """What the first pass tells: size of the source, the sample drawn from it, hashes of repeated ids."""

    size: int
    sample: set[str] | None
    repeated: set[int]

    @property
    def chosen(self) -> int:
        return self.size if self.sample is None else len(self.sample)


def _survey(entries: Iterator[Entry], settings: PrepareMolecules) -> _Survey:
    """Count, and draw the sample: the ids whose hash with the seed is smallest."""
    keys = array("Q")

    def ranked() -> Iterator[tuple[int, str]]:
        for entry in entries:
            keys.append(derive_seed("id", entry.id))
            yield derive_seed(settings.sample_seed, "sample", entry.id), entry.id

    if settings.max_molecules is None:
        sample = None
        for entry in entries:
            keys.append(derive_seed("id", entry.id))
    else:
        sample = {name for _, name in heapq.nsmallest(settings.max_molecules, ranked())}
    distinct, counts = np.unique(np.array(keys, np.uint64), return_counts=True)
    return _Survey(len(keys), sample, set(distinct[counts > 1].tolist()))


class _Builder:
    """Builds records in blocks and keeps what the splits need of each molecule."""

    def __init__(self, settings: PrepareMolecules, rejections: list[Rejection], survey: _Survey) -> None:
        self.settings, self.rejections, self.survey = settings, rejections, survey
        self.taken: set[int] = set()  # of the repeated ids only
        self.inchis, self.scaffolds, self.has_geometry = array("Q"), array("Q"), array("b")
        self.learnable = array("Q")  # what learned molecules are known by
        self.properties: Counter[str] = Counter()
        self.drawn_properties: Counter[str] = Counter()
        self.published: dict[str, array] = {}
        self.seen = 0

    def blocks(self, entries: Iterator[Entry]) -> Iterator[list[dict]]:
        progress = Progress("prepare molecules", self.survey.chosen, "molecules")
        block: list[dict] = []
        for entry in entries:
            if self.survey.sample is not None and entry.id not in self.survey.sample:
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
        if key in self.taken:
            raise entry.repeated()
        mol, properties, smiles = entry.read(self.settings.max_atoms)
        whole = one_molecule(mol, self.settings.fragments)
        if not has_geometry(whole) and self.settings.undefined_stereo == "refuse":
            elements = open_stereo(whole).elements
            if elements:
                raise RecordError(f"undefined stereo at {', '.join(elements)}: mark it")
        record = record_from_mol(entry.id, whole, properties, smiles if whole is mol else None)
        record["stripped"] = whole.GetProp(STRIPPED) if whole.HasProp(STRIPPED) else None
        scaffold = murcko_scaffold(record["smiles"])
        if key in self.survey.repeated:
            self.taken.add(key)
        for name in entry.parts.keys() - self.published.keys():
            self.published[name] = array("B", bytes(len(self.inchis)))
        for name, column in self.published.items():
            column.append(NAMES.index(entry.parts.get(name, "")))
        self.inchis.append(random_group_key(self.settings.split_seed, record["inchi"]))
        self.scaffolds.append(derive_seed("scaffold", scaffold))
        self.learnable.append(inchi_hash(record["inchi"]))
        self.has_geometry.append(record["positions"] is not None)
        (self.properties if self.has_geometry[-1] else self.drawn_properties).update(
            list(record["properties"])
        )
        return record

    @property
    def with_geometry(self) -> int:
        """Count the records that have a geometry."""
        return sum(self.has_geometry)

    def drop_drawings(self) -> None:
        """Forget the records without a geometry."""
        keep = np.array(self.has_geometry, bool)
        columns = {name: array("B", np.array(column)[keep]) for name, column in self.published.items()}
        kept = (array("Q", np.array(one)[keep]) for one in (self.inchis, self.scaffolds, self.learnable))
        self.inchis, self.scaffolds, self.learnable = kept
        self.published, self.has_geometry = columns, array("b", np.ones(keep.sum(), np.int8))
        self.drawn_properties.clear()

    def splits(self) -> dict[str, np.ndarray]:
        """Give codes: our splits (one InChI on one side), those by Molecule3D's rules, the published ones."""
        fractions = (self.settings.train_fraction, self.settings.validation_fraction)
        inchis = np.array(self.inchis, np.uint64)
        random = random_split(inchis, fractions)
        ungrouped = molecule3d_random_split(len(inchis), fractions)
        property_parts = within_test(random, lambda test: random_split(inchis[test], PROPERTY_FRACTIONS))
        ungrouped_property = within_test(
            ungrouped, lambda test: molecule3d_random_split(len(test), PROPERTY_FRACTIONS)
        )
        return {
            "random": codes_of(random),
            "scaffold": codes_of(scaffold_split(merge_groups(self.scaffolds, inchis), fractions)),
            "property": codes_of(property_parts),
            "molecule3d_random": codes_of(ungrouped),
            "molecule3d_scaffold": codes_of(scaffold_split(self.scaffolds, fractions)),
            "molecule3d_property": codes_of(ungrouped_property),
        } | {name: np.array(column, np.uint8) for name, column in sorted(self.published.items())}
