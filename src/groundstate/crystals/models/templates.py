"""Templates as conditions: other crystals of the same content, in whose frame a crystal is written."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from groundstate.crystals.alignment import align
from groundstate.crystals.crystal import Crystal
from groundstate.crystals.lattice import log_metric, niggli
from groundstate.crystals.templates.library import TemplateLibrary
from groundstate.progress import track

DUPLICATE = 0.1  # distance and half the strain below which a crystal of the same elements is the same


class Template(NamedTuple):
    """A crystal whose elements were exchanged.

    ``numbers`` (n,) are its own elements, ``crystal`` has those of the crystal that it is a template of, in
    the same order of atoms.
    """

    numbers: np.ndarray
    crystal: Crystal


# what is looked for: contents of a cell (atomic number -> atoms), and the id of a crystal that is no answer
FindTemplates = Callable[[Mapping[int, int], str | None], Iterator[Template]]


def find_in(library: TemplateLibrary, own_formula: bool = True) -> FindTemplates:
    """Return the search of a library, the likest templates first, in cells of their own volume.

    ``own_formula`` says whether a crystal of the very same composition may be a template.
    """

    def find(counts: Mapping[int, int], name: str | None) -> Iterator[Template]:
        for assignment in library.assignments(counts, () if name is None else (name,), own_formula):
            own = library.crystals[assignment.index]
            numbers = np.array([assignment.elements[number] for number in own.atomic_numbers.tolist()])
            yield Template(own.atomic_numbers, own._replace(atomic_numbers=numbers))

    return find


def plain_library(crystals: Sequence[Crystal]) -> TemplateLibrary:
    """Return a library whose templates are ranked by their elements alone: no symmetries are found for it."""
    kinds = [
        " ".join([str(i), *("x" for _ in set(one.atomic_numbers.tolist()))]) for i, one in enumerate(crystals)
    ]
    return TemplateLibrary(crystals, kinds)


def encode_templates(
    crystals: Sequence[Crystal], find: FindTemplates, most: int, max_atoms: int
) -> dict[str, Tensor]:
    """Return crystals alone and beside up to ``most`` templates of each, then in the template's frame.

    The first axis is the crystal, the second the template; ``variants`` says how many there are. At 0 stands
    the crystal in its own reduced cell, without a template (template numbers 0). A template that is the
    crystal itself under another name is left out.
    """
    shape = len(crystals), most + 1
    numbers = {key: torch.zeros(*shape, max_atoms, dtype=torch.long) for key in ("", "template_")}
    frac = {key: torch.zeros(*shape, max_atoms, 3) for key in numbers}
    metrics = {key: torch.zeros(*shape, 6) for key in numbers}
    variants = torch.zeros(len(crystals), dtype=torch.long)
    for index, crystal in enumerate(track(crystals, "templates", len(crystals), "crystal")):
        rows = _variants(crystal, find, most)
        variants[index] = len(rows) - 1
        for place, row in enumerate(rows):
            for key, (species, points, lattice) in zip(numbers, row, strict=True):
                numbers[key][index, place, : len(species)] = torch.as_tensor(species)
                frac[key][index, place, : len(points)] = torch.as_tensor(points, dtype=torch.float32)
                metrics[key][index, place] = torch.as_tensor(log_metric(lattice), dtype=torch.float32)
    encoded = {"variants": variants}
    for key in numbers:
        encoded[f"{key}atomic_numbers"], encoded[f"{key}frac_coords"] = numbers[key], frac[key]
        encoded[f"{key}log_metric"] = metrics[key]
    return encoded


_Half = tuple[np.ndarray, np.ndarray, np.ndarray]  # numbers, coordinates, cell


def _variants(crystal: Crystal, find: FindTemplates, most: int) -> list[tuple[_Half, _Half]]:
    """Return the crystal without a template, then (crystal, template) pairs in common frames."""
    lattice, points = niggli(crystal.lattice, crystal.frac_coords)
    species, counts = np.unique(crystal.atomic_numbers, return_counts=True)
    content = dict(zip(species.tolist(), counts.tolist(), strict=True))
    nothing = np.zeros(0, dtype=int), np.zeros((0, 3)), np.eye(3)
    rows: list[tuple[_Half, _Half]] = [((crystal.atomic_numbers, points, lattice), nothing)]
    for template in find(content, crystal.id):
        own = template.crystal
        frame, places = niggli(own.lattice, own.frac_coords)
        aligned = align(crystal.atomic_numbers, lattice, points, frame, places, own.atomic_numbers)
        same = np.array_equal(template.numbers, own.atomic_numbers)
        if same and aligned.distance < DUPLICATE and aligned.strain < 2 * DUPLICATE:
            continue
        rows.append(
            (
                (own.atomic_numbers, aligned.frac_coords % 1.0, aligned.lattice),
                (template.numbers, places, frame),
            )
        )
        if len(rows) == most + 1:
            break
    return rows


def draw_variants(
    encoded: Mapping[str, Tensor], dropout: float, generator: torch.Generator
) -> dict[str, Tensor]:
    """Return each crystal of a batch beside one of its templates, drawn evenly, or for ``dropout`` alone.

    A crystal alone is in its own cell: one frame to learn instead of those of all templates. What has no
    template axis stays as it is.
    """
    variants = encoded["variants"]
    drawn, kept = torch.rand(2, len(variants), generator=generator).to(variants.device)
    pick = torch.minimum((drawn * variants).long() + 1, variants)
    pick = torch.where(kept < dropout, 0, pick)
    rows = torch.arange(len(variants), device=variants.device)
    keys = ("atomic_numbers", "frac_coords", "log_metric")
    chosen = {
        f"{half}{key}": encoded[f"{half}{key}"][rows, pick] for half in ("", "template_") for key in keys
    }
    return {**encoded, **chosen}


def template_rows(
    chosen: Mapping[int, Template | None], numbers: Tensor
) -> tuple[Tensor, Tensor, Tensor] | None:
    """Return own elements, coordinates and log metrics of templates by row; None where there is none.

    ``numbers`` (batch, n) of a row with a template take its order of atoms; other rows are 0.
    """
    if all(template is None for template in chosen.values()):
        return None
    own, frac = torch.zeros_like(numbers), torch.zeros(*numbers.shape, 3)
    metric = torch.zeros(len(numbers), 6)
    for row, template in chosen.items():
        if template is not None:
            lattice, points = niggli(template.crystal.lattice, template.crystal.frac_coords)
            numbers[row] = torch.as_tensor(template.crystal.atomic_numbers)
            own[row] = torch.as_tensor(template.numbers)
            frac[row] = torch.as_tensor(points, dtype=frac.dtype)
            metric[row] = torch.as_tensor(log_metric(lattice), dtype=metric.dtype)
    return own, frac, metric
