"""Sets of crystals that need no model: what a generator has to be better than."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from pymatgen.core import Element, Lattice, Structure

from groundstate.crystals.structures import NamedStructure
from groundstate.seeds import derive_seed

CUBIC = 1e-3  # relative, of cell lengths and cosines


def replay(train: Sequence[NamedStructure], number: int, seed: int) -> list[NamedStructure]:
    """Draw training crystals without replacement."""
    order = np.random.default_rng(derive_seed(seed, "replay")).permutation(len(train))[:number]
    return [train[index]._replace(id=f"replay-{index}") for index in order.tolist()]


def random_composition(train: Sequence[NamedStructure], number: int, seed: int) -> list[NamedStructure]:
    """Give training geometries other elements, drawn as often as they occur in the training set."""
    sets = [list(dict.fromkeys(specie.Z for specie in crystal.structure.species)) for crystal in train]
    counts = Counter(z for elements in sets for z in elements)
    elements = np.array(sorted(counts))
    shares = np.array([counts[z] for z in elements.tolist()], float)
    crystals = []
    for index in range(number):
        generator = np.random.default_rng(derive_seed(seed, "random composition", index))
        which = int(generator.integers(len(train)))
        drawn = generator.choice(elements, len(sets[which]), replace=False, p=shares / shares.sum())
        new = dict(zip(sets[which], drawn.tolist(), strict=True))
        old = train[which].structure
        species = [Element.from_Z(new[specie.Z]) for specie in old.species]
        crystals.append(NamedStructure(f"random-{index}", Structure(old.lattice, species, old.frac_coords)))
    return crystals


class CubicTemplate(NamedTuple):
    """The ideal cubic perovskite of a training set: lattice constant (angstrom), mean sites, the anions."""

    length: float
    sites: np.ndarray  # (5, 3), fractional: A or B, B or A, three anions
    anions: frozenset[int]

    def structure(self, first: int, second: int, anions: Sequence[int]) -> Structure:
        """Put the elements ``first`` and ``second`` (atomic numbers) on the cation sites of the template."""
        species = [Element.from_Z(z) for z in (first, second, *anions)]
        return Structure(Lattice.cubic(self.length), species, self.sites)

    def split(self, structure: Structure) -> tuple[list[int], list[int]]:
        """Split the atomic numbers of a crystal into cations and anions, in its order."""
        numbers = [specie.Z for specie in structure.species]
        return [z for z in numbers if z not in self.anions], [z for z in numbers if z in self.anions]


def cubic_template(train: Sequence[NamedStructure]) -> CubicTemplate | None:
    """Average the training crystals where all are cubic cells of two cations and three anions (Perov-5)."""
    if not train or any(len(crystal.structure) != 5 for crystal in train):
        return None
    lattices = np.array([crystal.structure.lattice.matrix for crystal in train])
    metric = lattices @ lattices.transpose(0, 2, 1)
    squares = metric[:, 0, 0]
    if np.abs(metric / squares[:, None, None] - np.eye(3)).max() > 2 * CUBIC:
        return None
    numbers = np.array([[specie.Z for specie in crystal.structure.species] for crystal in train])
    anions = frozenset(np.unique(numbers[:, 2:]).tolist())
    if anions & set(np.unique(numbers[:, :2]).tolist()):
        return None
    turns = np.exp(2j * np.pi * np.array([crystal.structure.frac_coords for crystal in train])).mean(axis=0)
    return CubicTemplate(float(np.sqrt(squares).mean()), np.angle(turns) / (2 * np.pi) % 1.0, anions)


def ideal_cubic(train: Sequence[NamedStructure], number: int, seed: int) -> list[NamedStructure]:
    """Put training compositions on the cubic template, cations on either site; none without a template."""
    template = cubic_template(train)
    if template is None:
        return []
    crystals = []
    for index in range(number):
        generator = np.random.default_rng(derive_seed(seed, "ideal cubic", index))
        crystal = train[int(generator.integers(len(train)))].structure
        crystals.append(NamedStructure(f"cubic-{index}", guess_cubic(template, crystal, generator)))
    return crystals


def guess_cubic(template: CubicTemplate, crystal: Structure, generator: np.random.Generator) -> Structure:
    """Put the composition of ``crystal`` on the template; which cation sits where is drawn."""
    cations, anions = template.split(crystal)
    first, second = generator.permutation(cations).tolist()
    return template.structure(first, second, generator.permutation(anions).tolist())
