"""Where a crystal lies against the convex hull of its competitors, in formation energies.

The lowest energy of a composition as a mixture of phases is a linear programme (Akbarzadeh, Ozoliņš and
Wolverton, Adv. Mater. 19, 3233, 2007): minimise the energy over the shares of the phases that add up to the
composition.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from pymatgen.core import Composition, Element
from scipy.optimize import linprog

DIGITS = 9  # of energies and shares: below them lies the noise of the linear programme
LEAST_SHARE = 1e-7


class Phase(NamedTuple):
    """A phase that competes; formation energy in eV per atom; ``member`` of the set that is scored."""

    id: str
    composition: Composition
    formation_energy: float
    member: bool = False


class HullPosition(NamedTuple):
    """Where a crystal lies.

    Parameters
    ----------
    energy_above_hull
        eV per atom above the hull of all competitors and the crystal itself.
    decomposition_energy
        eV per atom against all other phases, polymorphs of its composition too; negative: it is stable by
        that much.
    products
        What it decomposes into, in moles of formula units for each formula unit of the crystal.
    phases
        Ids of the products in the same order, joined by `` + ``.
    reference_phases
        Competing compounds in its chemical system, without the members of its set.
    """

    energy_above_hull: float
    decomposition_energy: float
    products: str
    phases: str
    reference_phases: int


class _System(NamedTuple):
    """Phases of one chemical system, the elements first: fractions (elements, phases), energies (phases,)."""

    phases: list[Phase]
    fractions: np.ndarray
    energies: np.ndarray
    references: int


class ReferenceHull:
    """Competing phases of any chemical systems; the elements lie at zero formation energy."""

    def __init__(self, phases: Sequence[Phase]) -> None:
        self.phases = [phase for phase in phases if phase.member or len(phase.composition) > 1]
        self._by_elements: dict[frozenset[str], list[int]] = {}
        for index, phase in enumerate(self.phases):
            self._by_elements.setdefault(_symbols(phase.composition), []).append(index)
        self._systems: dict[frozenset[str], _System] = {}

    def with_members(self, members: Sequence[Phase]) -> "ReferenceHull":
        """Let crystals of the scored set compete too."""
        return ReferenceHull([*self.phases, *(phase._replace(member=True) for phase in members)])

    def competing(self, composition: Composition) -> list[Phase]:
        """List the reference compounds whose elements are all in ``composition``."""
        return [phase for phase in self._inside(_symbols(composition)) if not phase.member]

    def _inside(self, symbols: frozenset[str]) -> list[Phase]:
        """Phases whose elements are all among ``symbols``, in their order."""
        groups = self._by_elements
        if 2 ** len(symbols) > len(groups):
            chosen = [own for own in groups if own <= symbols]
        else:
            sizes = range(1, len(symbols) + 1)
            subsets = (frozenset(some) for size in sizes for some in combinations(symbols, size))
            chosen = [own for own in subsets if own in groups]
        return [self.phases[index] for index in sorted(index for own in chosen for index in groups[own])]

    def place(
        self, composition: Composition, formation_energy: float, member: str | None = None
    ) -> HullPosition:
        """Place a crystal of this formation energy (eV per atom) on the hull of its chemical system.

        ``member`` is its id where it is one of the set: it is no competitor of its own.
        """
        system = self._system(_symbols(composition))
        others = [i for i, phase in enumerate(system.phases) if not (phase.member and phase.id == member)]
        energy, shares = _lowest_mixture(composition, system, others)
        difference = round(formation_energy - energy, DIGITS)
        products = _products(composition, shares)
        return HullPosition(
            max(difference, 0.0),
            difference,
            " + ".join(text for text, _ in products),
            " + ".join(phase for _, phase in products),
            system.references,
        )

    def _system(self, symbols: frozenset[str]) -> _System:
        """Phases that may matter: of each composition the two lowest, and none above the elements."""
        if symbols not in self._systems:
            inside = self._inside(symbols)
            phases = [Phase(symbol, Composition({symbol: 1}), 0.0) for symbol in sorted(symbols)]
            seen: dict[str, int] = {}
            for phase in sorted(inside, key=lambda phase: phase.formation_energy):
                formula = phase.composition.reduced_formula
                seen[formula] = seen.get(formula, 0) + 1
                if seen[formula] <= 2 and phase.formation_energy <= 0:
                    phases.append(phase)
            fractions = [[p.composition.get_atomic_fraction(s) for p in phases] for s in sorted(symbols)]
            energies = np.array([phase.formation_energy for phase in phases])
            references = sum(not phase.member for phase in inside)
            self._systems[symbols] = _System(phases, np.array(fractions), energies, references)
        return self._systems[symbols]


def _symbols(composition: Composition) -> frozenset[str]:
    return frozenset(element.symbol for element in composition)


def _lowest_mixture(
    composition: Composition, system: _System, others: Sequence[int]
) -> tuple[float, list[tuple[float, Phase]]]:
    """Energy (eV per atom) of the cheapest mixture of ``others``, and the share of atoms in each phase."""
    target = np.array([composition.get_atomic_fraction(s) for s in sorted(_symbols(composition))])
    columns, energies = system.fractions[:, others], system.energies[others]
    solution = linprog(energies, A_eq=columns, b_eq=target, method="highs")
    used = np.flatnonzero(solution.x > LEAST_SHARE)
    shares = np.linalg.lstsq(columns[:, used], target, rcond=None)[0]  # to the last digit
    phases = [system.phases[others[index]] for index in used.tolist()]
    return float(energies[used] @ shares), list(zip(shares.tolist(), phases, strict=True))


def _products(composition: Composition, shares: Sequence[tuple[float, Phase]]) -> list[tuple[str, str]]:
    """Products with their moles for each formula unit of the crystal, the most first, and their ids."""
    own_formula, atoms = _formula_unit(composition)
    products = []
    for share, phase in shares:
        formula, size = _formula_unit(phase.composition)
        moles = round(share * atoms / size, 4)
        amount = "" if moles == 1 else f"{moles:.4g} "
        polymorph = (
            f" ({phase.id})" if formula == own_formula and phase.id not in _symbols(composition) else ""
        )
        products.append((-moles, f"{amount}{formula}{polymorph}", phase.id))
    return [(text, name) for _, text, name in sorted(products)]


def _formula_unit(composition: Composition) -> tuple[str, float]:
    """Reduced formula (O2 for oxygen) and the number of atoms in it."""
    formula, factor = composition.get_reduced_formula_and_factor()
    return formula, composition.num_atoms / factor


def chemical_system(composition: Composition) -> str:
    """Join the element symbols by hyphens, in alphabetic order."""
    return "-".join(sorted(Element(element.symbol).symbol for element in composition))
