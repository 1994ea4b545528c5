"""New crystals from a trained model: ``groundstate.generate``, and ``groundstate generate crystals``."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pymatgen.core import Structure

from groundstate.api.tables import rejected_rows
from groundstate.api.weights import checkpoint_of
from groundstate.crystals.crystal import Crystal
from groundstate.crystals.models.base import Request
from groundstate.crystals.models.generate import generate as draw
from groundstate.crystals.models.load import load_model
from groundstate.crystals.models.requests import parse_request, say_scarce
from groundstate.crystals.models.settings import MAX_CRYSTALS
from groundstate.crystals.models.templates import FindTemplates, find_in
from groundstate.crystals.structures import read_part, read_structures, to_structure
from groundstate.crystals.templates.library import TemplateLibrary
from groundstate.crystals.templates.shipped import shipped_templates
from groundstate.errors import GroundstateError
from groundstate.records import Rejection, name_stage
from groundstate.settings import check_numbers
from groundstate.training.checkpoints import choose_device
from groundstate.weights import shipped_weights

NOISE = 0.3  # nearest to the true structures of 0.15, 0.3 and none (benchmarks/structure_prediction.py)


class Crystals(list[Structure]):
    """Crystals, with what was left out as attributes, as tables have them (``api.tables``)."""

    def __init__(self, structures: Iterable[Structure] = ()) -> None:
        super().__init__(structures)
        self.attrs: dict[str, Any] = {"rejected": []}


def generate(
    num: int = 16,
    *,
    formula: str | None = None,
    elements: str | None = None,
    atoms: str | None = None,
    conditions: Mapping[str, float] | None = None,
    guidance: float = 1.0,
    checkpoint: str | Path | None = None,
    model: str | None = None,
    seed: int = 0,
    batch_size: int = 32,
    steps: int | None = None,
    templates: str | Path | None = None,
    noise: float | None = None,
    best_of: int = 1,
    device: str = "auto",
) -> Crystals:
    """Generate crystals.

    Parameters
    ----------
    num
        How many.
    formula
        Exact content of the cell, such as ``SrTiO3`` or ``Sr2Ti2O6``.
    elements
        Only these may occur, such as ``Li-Fe-P-O``.
    atoms
        Atoms in the cell, such as ``1-20``.
    conditions, guidance
        Properties that the model was trained with, and the weight of them.
    checkpoint
        ``best.ckpt`` of a training, or the name of shipped weights; by default the shipped ones.
    model
        Needed where the checkpoint's model is a plug-in: ``package.module:Class``.
    seed
        Sample i of a seed is always the same.
    batch_size
        Crystals at once; no effect on results.
    steps
        Denoising steps; by default the model's own number.
    templates, noise
        See ``find_templates`` and ``parse_noise``.
    best_of
        Crystals drawn for each one that is kept: of the same composition that one which the model denoises
        best. Without template 20 bring the RMSE of matches from .16 to .10 (benchmarks/RESULTS.md).
    device
        ``auto``, ``cpu`` or ``cuda``.

    Returns
    -------
    list of pymatgen.core.Structure
        As drawn, not relaxed (see ``groundstate.relax``); ``properties["id"]`` names each, and
        ``attrs["rejected"]`` of the list the templates that could not be read, with reasons.

    Raises
    ------
    GroundstateError
        For a request that the model cannot meet.

    Examples
    --------
    >>> import groundstate
    >>> structures = groundstate.generate(16, formula="SrTiO3")  # doctest: +SKIP
    """
    check_numbers(("batch_size", batch_size, 1), ("steps", steps, 2), ("seed", seed, 0))
    request = parse_request(formula, elements, atoms, dict(conditions or {}), guidance)
    path = checkpoint_of("crystals", checkpoint)
    find, unread = find_templates(templates, path)
    trained = load_model(path, choose_device(device), model)
    total = check_number(num, [], best_of)
    request = replace(parse_noise(request, noise, find), best_of=best_of)
    say_scarce(request, trained.config)
    crystals = draw(trained, request, total, seed, batch_size, steps, find=find)
    structures = Crystals(_named(to_structure(crystal), crystal.id) for crystal in crystals)
    structures.attrs["rejected"] = rejected_rows(unread)
    return structures


def _named(structure: Structure, name: str) -> Structure:
    structure.properties["id"] = name
    return structure


def read_compositions(
    path: Path, splits: Path | None, request: Request
) -> tuple[list[str], list[Rejection], Request]:
    """Return ids and compositions of the crystals of a file, and what of it cannot be read."""
    crystals, rejections = read_part(path, splits, ("test",))
    if not crystals:
        raise GroundstateError(f"{path}: no crystal to take a composition from")
    formulas = tuple(dict(Counter(crystal.structure.atomic_numbers)) for crystal in crystals)
    return [crystal.id for crystal in crystals], rejections, replace(request, formulas=formulas)


def find_templates(
    templates: str | Path | None, checkpoint: Path
) -> tuple[FindTemplates | None, list[Rejection]]:
    """Return the search for known crystals that samples begin from, and what of a file cannot be read.

    Parameters
    ----------
    templates
        ``shipped`` (those of the package), ``none``, or a file of crystals in any format. By default shipped
        weights take the shipped ones, and a model of a training none, for its scores' sake.
    checkpoint
        Of the model.

    Raises ``GroundstateError`` where the file, or all of its crystals, cannot be read.
    """
    if templates is None:
        templates = "shipped" if checkpoint in shipped_weights().values() else "none"
    if str(templates) == "none":
        return None, []
    if str(templates) == "shipped":
        return find_in(shipped_templates()), []
    structures, rejections = read_structures(templates)
    if not structures:
        first = rejections[0]
        raise GroundstateError(
            f"{templates}: no crystal to begin from; the first: {first.id}: {first.reason}"
        )
    own = [
        Crystal(name, np.array(one.atomic_numbers), one.frac_coords, one.lattice.matrix)
        for name, one in structures
    ]
    return find_in(TemplateLibrary(own)), name_stage(rejections, "read template")


def parse_noise(request: Request, noise: float | None, find: FindTemplates | None) -> Request:
    """Return the request with the time, above 0 and at most 1, to which templates are noised to begin with.

    At 1 nothing of their places is left, and the network alone sees the template, if it was trained to. None
    is ``NOISE`` where there are templates.

    Raises ``GroundstateError`` for another time, and where there is no template to noise.
    """
    if noise is None:
        return request if find is None else replace(request, noise=NOISE)
    if not 0 < noise <= 1:
        raise GroundstateError(f"--noise: {noise:g} is not above 0 and at most 1")
    if find is None:
        raise GroundstateError("--noise is of templates: give --templates too, such as --templates shipped")
    return replace(request, noise=noise)


def check_number(num: int, names: Sequence[str], best_of: int = 1) -> int:
    """Return how many crystals ``num`` of each composition are.

    Raises ``GroundstateError`` for a number below 1, and where too many would be drawn.
    """
    check_numbers(("--num", num, 1), ("--best-of", best_of, 1))
    total = num * max(len(names), 1)
    if (drawn := total * best_of) > MAX_CRYSTALS:
        raise GroundstateError(
            f"--num {num}{f', --best-of {best_of}' if best_of > 1 else ''}: {drawn} crystals drawn in all, "
            f"more than {MAX_CRYSTALS}; draw them in parts"
        )
    return total


def name_after(crystals: list[Crystal], names: Sequence[str]) -> list[Crystal]:
    """Sort crystals drawn of the compositions of ``names`` in turn by composition: ID_0, ID_1, ..., ID2_0."""
    return [
        crystals[index]._replace(id=f"{name}_{index // len(names)}")
        for start, name in enumerate(names)
        for index in range(start, len(crystals), len(names))
    ] or crystals
