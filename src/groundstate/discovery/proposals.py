"""Where proposals come from: one interface of sources, each giving crystals that know their origin."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from math import gcd
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from groundstate.crystals.crystal import Crystal, chemical_symbols, reduced_formula
from groundstate.crystals.formula import formula_text
from groundstate.crystals.structures import read_structures
from groundstate.crystals.symmetric import symmetric_crystal
from groundstate.crystals.templates.library import TemplateLibrary
from groundstate.crystals.templates.substitute import candidates
from groundstate.discovery.wanted import Wanted
from groundstate.errors import GroundstateError
from groundstate.records import Rejection
from groundstate.seeds import derive_seed
from groundstate.stability.controls import random_crystal

DRAWN_AT_ONCE = 32
SMALL = 12  # atoms


class Proposal(NamedTuple):
    """A crystal that is proposed, the kind of its source, and where there it comes from."""

    crystal: Crystal
    source: str
    origin: str


class ProposalSource(Protocol):
    """Anything that proposes crystals of a formula."""

    def propose(self, wanted: Wanted) -> list[Proposal]:
        """Give crystals in the cells of ``wanted``, the best first; none where the source has none."""
        ...


@dataclass(frozen=True)
class Templates:
    """Known crystals with the elements exchanged, those of all cells together, the likest templates first."""

    library: TemplateLibrary
    most: int
    without: Collection[str] = ()
    own_formula: bool = True

    def propose(self, wanted: Wanted) -> list[Proposal]:
        """Propose at most ``most`` crystals."""
        found = [
            candidate
            for cell in wanted.cells
            for candidate in candidates(self.library, cell, self.most, self.without, self.own_formula)
        ]
        found.sort(key=lambda candidate: candidate.distance)
        return [
            Proposal(one.crystal, "template", f"{one.template} (distance {one.distance:.2f})")
            for one in found[: self.most]
        ]


@dataclass(frozen=True)
class RandomSearch:
    """Random crystals (``stability.controls.random_crystal``), the sizes of the cells in turn."""

    number: int
    seed: int

    def propose(self, wanted: Wanted) -> list[Proposal]:
        """Propose ``number`` crystals."""
        proposals = []
        for index in range(self.number):
            cell = wanted.cells[index % len(wanted.cells)]
            symbols = {chemical_symbols[z]: count for z, count in cell.items()}
            atoms = random_crystal(symbols, derive_seed(self.seed, "discover", str(symbols), index))
            crystal = Crystal("", atoms.numbers, atoms.get_scaled_positions(), atoms.cell.array)
            proposals.append(Proposal(crystal, "random", str(index)))
        return proposals


@dataclass(frozen=True)
class SymmetricSearch:
    """Random crystals with symmetry (``symmetric_crystal``) in small cells, their sizes in turn.

    Chance finds little in cells of more than ``SMALL`` atoms: where all are larger the smallest is taken.
    """

    number: int
    seed: int

    def propose(self, wanted: Wanted) -> list[Proposal]:
        """Propose at most ``number`` crystals."""
        proposals = []
        small = [cell for cell in wanted.cells if sum(cell.values()) <= SMALL] or wanted.cells[:1]
        for index in range(self.number):
            cell = small[index % len(small)]
            seed = derive_seed(self.seed, "symmetric", formula_text(cell), index)
            if (crystal := symmetric_crystal(cell, seed)) is not None:
                proposals.append(Proposal(crystal, "symmetric", str(index)))
        return proposals


@dataclass(frozen=True)
class Diffusion:
    """Crystals of a trained model that is told the content of the cell.

    Half of them are drawn within a space group, where the model has learned to, and half without: what one
    way does not reach the other may. With ``library`` each sample has a template, which models that were
    trained so read; ``noise`` is the time in (0, 1] to which the template is noised to begin with, and needs
    no such training.
    """

    checkpoint: Path
    number: int
    seed: int
    model: str | None = None
    library: TemplateLibrary | None = None
    noise: float | None = None
    own_formula: bool = True

    def propose(self, wanted: Wanted) -> list[Proposal]:
        """Propose ``number`` crystals, the sizes of the cells that the model can hold in turn."""
        from groundstate.crystals.models.base import Request  # these load torch
        from groundstate.crystals.models.generate import generate
        from groundstate.crystals.models.load import load_model
        from groundstate.crystals.models.requests import say_scarce
        from groundstate.crystals.models.templates import find_in
        from groundstate.training.checkpoints import choose_device

        trained = load_model(self.checkpoint, choose_device("auto"), self.model)
        cells = [
            cell
            for cell in wanted.cells
            if sum(cell.values()) <= trained.max_atoms and max(cell.values()) <= trained.depth
        ]
        if not cells or self.number == 0:
            return []
        find = None if self.library is None else find_in(self.library, self.own_formula)
        request = Request(tuple(cells), noise=self.noise)
        say_scarce(request, trained.config)
        source = "diffusion" if find is None else "diffusion-from-template"
        free = self.number // 2 if find is None and trained.learns_symmetry else 0
        proposals = []
        for symmetry, number, mark in ((True, self.number - free, ""), (False, free, " free")):
            if number:
                asked = replace(request, symmetry=symmetry)
                drawn = generate(trained, asked, number, self.seed, DRAWN_AT_ONCE, find=find)
                origin = f"{self.checkpoint.name}{mark}"
                proposals += [Proposal(one, source, f"{origin} {one.id}") for one in drawn]
        return proposals


class OwnStructures:
    """Crystals of a user's: those whose reduced formula is wanted, whatever their cell."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.rejections: list[Rejection] = []
        self.by_formula: dict[str, list[Proposal]] = {}
        for path in paths:
            structures, rejections = read_structures(path)
            self.rejections += rejections
            for name, structure in structures:
                numbers = np.array(structure.atomic_numbers)
                crystal = Crystal(name, numbers, structure.frac_coords, structure.lattice.matrix)
                proposal = Proposal(crystal, "own", f"{path.name}: {name}")
                self.by_formula.setdefault(reduced_formula(numbers), []).append(proposal)

    def propose(self, wanted: Wanted) -> list[Proposal]:
        """Propose all of them."""
        numbers = np.repeat(list(wanted.formula), list(wanted.formula.values()))
        return list(self.by_formula.get(reduced_formula(numbers), []))

    def not_asked_for(self, wanted: Sequence[Wanted]) -> list[Rejection]:
        """Name the crystals whose formula is none of those that are tried."""
        asked = {reduced_formula(np.repeat(list(one.formula), list(one.formula.values()))) for one in wanted}
        return [
            Rejection(proposal.crystal.id, "choice", f"its formula {formula} is not tried")
            for formula, proposals in self.by_formula.items()
            if formula not in asked
            for proposal in proposals
        ]

    def formulas(self, elements: Collection[int], whole: bool) -> list[dict[int, int]]:
        """List the formulas of the crystals inside a chemical system."""
        found = []
        for proposals in self.by_formula.values():
            counts = Counter(proposals[0].crystal.atomic_numbers.tolist())
            if counts.keys() <= set(elements) and (not whole or counts.keys() == set(elements)):
                divisor = gcd(*counts.values())
                found.append({z: count // divisor for z, count in counts.items()})
        return found


def gather(wanted: Sequence[Wanted], sources: Sequence[ProposalSource]) -> list[Proposal]:
    """Collect the proposals of all sources, formula after formula, each with an id of its own.

    ``LiFePO4-001`` is the first of its formula.

    Raises ``GroundstateError`` where no source proposes anything.
    """
    proposals = []
    for one in wanted:
        numbers = np.repeat(list(one.formula), list(one.formula.values()))
        formula = reduced_formula(numbers)
        found = [proposal for source in sources for proposal in source.propose(one)]
        for index, proposal in enumerate(found, 1):
            name = f"{formula}-{index:03d}"
            proposals.append(proposal._replace(crystal=proposal.crystal._replace(id=name)))
    if not proposals:
        asked = ", ".join(formula_text(one.formula).replace(" ", "") for one in wanted)
        raise GroundstateError(
            f"{asked}: no source has a proposal: no template has this content, and no crystal model proposes "
            "(none is asked, setting diffusion is 0, or the cell is too large for it); allow larger cells "
            "(max_atoms), add --templates or --structures, or random crystals (setting random)"
        )
    return proposals


def in_turn(proposals: Sequence[Proposal]) -> list[Proposal]:
    """Give the first proposal of every formula, then the second of each, and so on."""
    places: Counter[str] = Counter()
    ranked = []
    for index, proposal in enumerate(proposals):
        formula = reduced_formula(proposal.crystal.atomic_numbers)
        places[formula] += 1
        ranked.append((places[formula], index))
    return [proposals[index] for _, index in sorted(ranked)]
