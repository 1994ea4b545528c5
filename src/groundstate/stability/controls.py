"""What the relaxer finds without a generator: controls of the same compositions and the same budget."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers, covalent_radii
from pymatgen.core import Composition

from groundstate.crystals.structures import NamedStructure
from groundstate.potentials.atoms import to_atoms
from groundstate.seeds import derive_seed

# share of the cell that spheres of covalent radius fill: the middle four fifths of real crystals
# (Materials Project, 1,526 of at most 8 atoms; their median is 0.67)
PACKING = (0.31, 0.90)
SEPARATION = 0.7  # least distance as a share of the sum of covalent radii
TRIES = 40
IMAGES = np.array(list(np.ndindex(5, 5, 5))) - 2


def _sphere_volume(counts: Mapping[str, int]) -> float:
    return sum(n * 4 / 3 * math.pi * covalent_radii[atomic_numbers[s]] ** 3 for s, n in counts.items())


def random_crystal(counts: Mapping[str, int], seed: int) -> Atoms:
    """Draw a sensible crystal as ab initio random structure searching does (Pickard and Needs, 2011).

    Parameters
    ----------
    counts
        Atoms of each element in the cell.

    A cell of random shape and packing, atoms at random places no closer than 0.7 times the sum of their
    covalent radii (self-images too). Where no placement is found the cell grows by 5 %.
    """
    generator = np.random.default_rng(seed)
    numbers = np.array([atomic_numbers[s] for s, n in sorted(counts.items()) for _ in range(n)])
    volume = _sphere_volume(counts) / generator.uniform(*PACKING)
    while True:
        for _ in range(TRIES):
            cell = _random_cell(generator, volume)
            places = _place(numbers, cell, generator)
            if places is not None:
                return Atoms(numbers, cell=cell, scaled_positions=places, pbc=True)
        volume *= 1.05


def _place(numbers: np.ndarray, cell: np.ndarray, generator: np.random.Generator) -> np.ndarray | None:
    """Fractional coordinates, one atom after the other, each tried at several places."""
    radii = covalent_radii[numbers]
    shifts = IMAGES @ cell
    own = np.linalg.norm(shifts[np.abs(IMAGES).any(axis=1)], axis=1).min()
    if own < SEPARATION * 2 * radii.max():
        return None
    places = np.empty((0, 3))
    for index in range(len(numbers)):
        allowed = SEPARATION * (radii[:index] + radii[index])
        for place in generator.random((TRIES, 3)):
            away = (((places - place + 0.5) % 1 - 0.5) @ cell)[:, None] + shifts
            if (np.linalg.norm(away, axis=2).min(axis=1, initial=np.inf) >= allowed).all():
                places = np.vstack([places, place])
                break
        else:
            return None
    return places


def _random_cell(generator: np.random.Generator, volume: float) -> np.ndarray:
    while True:
        lengths, angles = generator.uniform(0.6, 1.6, 3), np.radians(generator.uniform(60, 120, 3))
        cosines = np.cos(angles)
        square = 1 - (cosines**2).sum() + 2 * cosines.prod()
        if square > 0.1:
            break
    a, b, c = lengths
    alpha, beta, gamma = cosines
    sine = np.sqrt(1 - gamma**2)
    x, y = c * beta, c * (alpha - beta * gamma) / sine
    cell = np.array([[a, 0, 0], [b * gamma, b * sine, 0], [x, y, np.sqrt(c**2 - x**2 - y**2)]])
    return cell * (volume / np.linalg.det(cell)) ** (1 / 3)


def random_search(structures: Sequence[NamedStructure], seed: int) -> list[tuple[str, Atoms]]:
    """Draw one random crystal for each crystal, with its composition and number of atoms."""
    return [
        (name, random_crystal(_counts(structure.composition), derive_seed(seed, "random_search", name)))
        for name, structure in structures
    ]


def _counts(composition: Composition) -> dict[str, int]:
    return {element.symbol: round(n) for element, n in composition.items()}


def substitute_prototypes(
    structures: Sequence[NamedStructure],
    references: Sequence[NamedStructure],
    max_atoms: int | None,
    seed: int,
) -> list[tuple[str, Atoms]]:
    """Put the composition of each crystal on a random reference structure of the same stoichiometry.

    A reference of the same composition is never the prototype. Elements of equal amount go to each
    other's places at random, and the volume follows the covalent radii. Where no prototype of at most
    ``max_atoms`` atoms exists there is no control for that crystal.
    """
    by_pattern: dict[str, list[NamedStructure]] = {}
    for item in references:
        by_pattern.setdefault(item.structure.composition.anonymized_formula, []).append(item)
    made = []
    for name, structure in structures:
        ours = structure.composition
        candidates = [
            item
            for item in by_pattern.get(ours.anonymized_formula, [])
            if item.structure.composition.reduced_formula != ours.reduced_formula
            and (max_atoms is None or len(item.structure) <= max_atoms)
        ]
        if candidates:
            generator = np.random.default_rng(derive_seed(seed, "prototypes", name))
            chosen = candidates[generator.integers(len(candidates))]
            made.append((name, _substitute(to_atoms(chosen.structure), ours, generator)))
    return made


def _substitute(atoms: Atoms, composition: Composition, generator: np.random.Generator) -> Atoms:
    def ranked(amounts: Mapping[str, float]) -> list[str]:
        names = sorted(amounts)
        generator.shuffle(names)
        return sorted(names, key=lambda name: amounts[name])

    theirs = {s: float(np.sum(atoms.numbers == atomic_numbers[s])) for s in set(atoms.get_chemical_symbols())}
    mapping = dict(zip(ranked(theirs), ranked(composition.get_el_amt_dict()), strict=True))
    new = {mapping[s]: round(n) for s, n in theirs.items()}
    scale = (_sphere_volume(new) / _sphere_volume({s: round(n) for s, n in theirs.items()})) ** (1 / 3)
    symbols = [mapping[s] for s in atoms.get_chemical_symbols()]
    return Atoms(symbols, cell=atoms.cell * scale, scaled_positions=atoms.get_scaled_positions(), pbc=True)


def training_replay(
    references: Sequence[NamedStructure], number: int, max_atoms: int | None, seed: int
) -> list[tuple[str, Atoms]]:
    """Draw references without replacement: the score of a generator that repeats its training set."""
    small = [item for item in references if max_atoms is None or len(item.structure) <= max_atoms]
    generator = np.random.default_rng(derive_seed(seed, "training_replay"))
    drawn = generator.choice(len(small), min(number, len(small)), replace=False)
    return [(small[i].id, to_atoms(small[i].structure)) for i in sorted(drawn)]
