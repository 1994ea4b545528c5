"""From a checkpoint to crystals: batches, progress, resuming, files."""

import hashlib
import io
import json
import shutil
import sys
import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import ase
import ase.io
import numpy as np

from groundstate.crystals.cif.write import to_cif
from groundstate.crystals.crystal import Crystal
from groundstate.crystals.models.base import Batch, CrystalModel, Request
from groundstate.crystals.models.requests import check_limits
from groundstate.crystals.models.templates import FindTemplates, Template
from groundstate.errors import GroundstateError
from groundstate.files import atomic_path
from groundstate.names import TABLE, file_names, line_fault, write_name_table
from groundstate.progress import Progress


def sample_id(seed: int, index: int) -> str:
    """Return the id of sample ``index`` of ``seed``, the same in extxyz, CIF and scores."""
    return f"seed{seed}-{index:05d}"


def generate(
    model: CrystalModel,
    request: Request,
    count: int,
    seed: int,
    batch_size: int,
    steps: int | None = None,
    work: Path | None = None,
    find: FindTemplates | None = None,
) -> list[Crystal]:
    """Draw ``count`` crystals; sample i is the same whatever ``batch_size`` and whatever was interrupted.

    Parameters
    ----------
    batch_size
        Samples computed at once; a batch is always padded to the number of rows that the model's plan gives.
    steps
        Denoising steps; the model's own number where None.
    work
        Folder that keeps finished batches of an interrupted run; None keeps nothing.
    find
        Search for templates: of the samples of one composition the first begins with the likest template, the
        next with the next; after the last template the likest comes again. None draws without.

    Where the request says ``best_of`` n, n are drawn of each composition, and that one is kept which the
    model denoises best.

    Raises ``GroundstateError`` for a request that the model cannot meet.
    """
    check_limits(request, model.max_atoms, model.depth, model.conditions)
    each = request.best_of
    if each > 1:
        same = [formula for formula in model.compositions(request, count, seed) for _ in range(each)]
        request = _of_compositions(request, same)
        drawn = generate(model, request, count * each, seed, batch_size, steps, work, find)
        groups = [drawn[start : start + each] for start in range(0, len(drawn), each)]
        chosen = [likeliest_first(model, group)[0] for group in groups]
        return [crystal._replace(id=sample_id(seed, index)) for index, crystal in enumerate(chosen)]
    if find is not None:
        request = with_templates(model, request, count, seed, find)
    batches = [part for batch in model.plan(request, count, seed) for part in _parts(batch, batch_size)]
    progress = Progress("generate crystals", count, "crystal")
    made: dict[int, Crystal] = {}
    for batch in batches:
        kept = None if work is None else work / f"{batch.key}.npz"
        crystals = _load(kept) if kept is not None and kept.exists() else None
        if crystals is None or len(crystals) != len(batch.indices):
            crystals = model.sample(batch, request, seed, steps)
            if kept is not None:
                _store(kept, crystals)
        made.update(zip(batch.indices, crystals, strict=True))
        progress.update(len(batch.indices))
    return [made[index]._replace(id=sample_id(seed, index)) for index in range(count)]


def likeliest_first(model: CrystalModel, crystals: Sequence[Crystal]) -> list[Crystal]:
    """Order crystals of one content by how well the model denoises them."""
    return [crystals[index] for index in np.argsort(model.denoising_error(crystals), kind="stable")]


def with_templates(
    model: CrystalModel, request: Request, count: int, seed: int, find: FindTemplates
) -> Request:
    """Return the request for the same compositions with a template for each sample that there is one for."""
    formulas = model.compositions(request, count, seed)
    found: dict[tuple[tuple[int, int], ...], list[Template]] = {}
    drawn: Counter[tuple[tuple[int, int], ...]] = Counter()
    templates: list[Template | None] = []
    repeats = Counter(tuple(sorted(formula.items())) for formula in formulas)
    for formula in formulas:
        key = tuple(sorted(formula.items()))
        if key not in found:
            found[key] = list(islice(find(formula, None), repeats[key]))
        row = found[key]
        templates.append(row[drawn[key] % len(row)] if row else None)
        drawn[key] += 1
    return replace(_of_compositions(request, formulas), templates=tuple(templates))


def _of_compositions(request: Request, formulas: Sequence[dict[int, int]]) -> Request:
    """Return the request for compositions that were drawn for it, one crystal each."""
    origin = request.origin or request
    return replace(request, formulas=tuple(formulas), elements=None, atoms=None, best_of=1, origin=origin)


def _parts(batch: Batch, size: int) -> list[Batch]:
    """Pieces of at most ``size`` samples, each at the rows it has in the whole batch."""
    pieces = []
    for start in range(0, len(batch.indices), size):
        part = slice(start, start + size)
        payload = {name: values[part] for name, values in batch.payload.items()}
        key = f"{batch.key}-{start:03d}-{min(start + size, len(batch.indices)):03d}"
        pieces.append(Batch(key, batch.indices[part], batch.rows[part], batch.size, payload))
    return pieces


def _store(path: Path, crystals: Sequence[Crystal]) -> None:
    arrays: dict[str, np.ndarray] = {}
    for index, crystal in enumerate(crystals):
        arrays[f"numbers{index}"] = crystal.atomic_numbers
        arrays[f"frac{index}"] = crystal.frac_coords
        arrays[f"lattice{index}"] = crystal.lattice
    with atomic_path(path) as temporary, temporary.open("wb") as handle:
        np.savez(handle, allow_pickle=False, **arrays)


def _load(path: Path) -> list[Crystal] | None:
    """Return kept crystals; what is damaged is set aside with a warning, and None."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return [
                Crystal("", arrays[f"numbers{i}"], arrays[f"frac{i}"], arrays[f"lattice{i}"])
                for i in range(len(arrays.files) // 3)
            ]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        path.replace(path.with_name(f"{path.name}.damaged"))
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        sys.stderr.write(f"warning: {path}: damaged ({reason}); set aside, its crystals are drawn again\n")
        return None


def work_folder(
    output: Path,
    checkpoint: Path,
    request: Request,
    count: int,
    seed: int,
    steps: int | None,
    templates: Path | str | None = None,
) -> Path:
    """Return the hidden folder beside ``output`` for this very request to this very checkpoint.

    ``templates`` is the file or folder of crystals that the samples begin from, or the name of a library.
    """
    asked = replace(request, elements=None)
    identity = [repr(asked), sorted(request.elements or ()), count, seed, steps]
    digest = hashlib.sha256(json.dumps(identity).encode() + checkpoint.read_bytes())
    if isinstance(templates, Path):
        for path in sorted(templates.rglob("*")) if templates.is_dir() else [templates]:
            digest.update(path.read_bytes() if path.is_file() else b"")
    elif templates is not None:
        digest.update(templates.encode())
    return output.parent / f".{output.name}.{digest.hexdigest()[:16]}"


def write_extxyz(path: Path, crystals: Sequence[Crystal]) -> None:
    """Write all crystals as extended XYZ with ``id=`` in the comment line, atomically.

    Raises ``GroundstateError`` for an id that does not fit one line.
    """
    text = io.StringIO()
    for crystal in crystals:
        if reason := line_fault(crystal.id):
            raise GroundstateError(f"{path}: {reason}")
        atoms = ase.Atoms(
            numbers=crystal.atomic_numbers,
            scaled_positions=crystal.frac_coords,
            cell=crystal.lattice,
            pbc=True,
            info={"id": crystal.id},
        )
        ase.io.write(text, atoms, format="extxyz")
    with atomic_path(path) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")


def write_cifs(folder: Path, crystals: Sequence[Crystal]) -> None:
    """Write one CIF per crystal, and ``files.csv``: id -> file; the folder replaces an older one whole."""
    names = [f"{name}.cif" for name in file_names([crystal.id for crystal in crystals])]
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        for name, crystal in zip(names, crystals, strict=True):
            (temporary / name).write_text(to_cif(crystal), encoding="utf-8")
        write_name_table(temporary / TABLE, [crystal.id for crystal in crystals], names)


def remove_work(folder: Path) -> None:
    """Delete the finished batches once the output is written."""
    shutil.rmtree(folder, ignore_errors=True)
