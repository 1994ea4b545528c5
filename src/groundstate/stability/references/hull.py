"""Where a crystal lies against the convex hull of reference phases, in formation energies."""

from collections.abc import Sequence
from typing import NamedTuple

from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
from pymatgen.core import Composition, Element

DIGITS = 9  # pymatgen keeps phases in sets: the last digits change from process to process


class Phase(NamedTuple):
    """A reference phase; formation energy in eV per atom."""

    id: str
    composition: Composition
    formation_energy: float


class HullPosition(NamedTuple):
    """Energies in eV per atom; ``incomplete`` says that no compound competes, so that they say nothing."""

    energy_above_hull: float | None
    decomposition_energy: float | None
    products: str
    reference_phases: int
    incomplete: bool


class ReferenceHull:
    """Reference phases of any chemical systems; the elements lie at zero formation energy."""

    def __init__(self, phases: Sequence[Phase]) -> None:
        self.phases = [phase for phase in phases if len(phase.composition) > 1]
        self._elements = [frozenset(e.symbol for e in phase.composition) for phase in self.phases]

    def competing(self, composition: Composition) -> list[Phase]:
        """List the compound phases whose elements are all in ``composition``."""
        wanted = frozenset(element.symbol for element in composition)
        return [phase for phase, own in zip(self.phases, self._elements, strict=True) if own <= wanted]

    def place(self, composition: Composition, formation_energy: float) -> HullPosition:
        """Place a crystal of this formation energy (eV per atom) on the hull of its chemical system."""
        if len(composition) == 1:
            above = max(formation_energy, 0.0)
            return HullPosition(above, formation_energy, composition.reduced_formula, 0, False)
        phases = self.competing(composition)
        if not phases:
            return HullPosition(None, None, "", 0, True)
        crystal = _entry(composition, formation_energy, "crystal")
        elements = [PDEntry(Composition({element: 1}), 0.0) for element in composition]
        diagram = PhaseDiagram(
            [*elements, *(_entry(p.composition, p.formation_energy, p.id) for p in phases), crystal]
        )
        above = max(float(diagram.get_e_above_hull(crystal) or 0.0), 0.0)
        decomposition, energy = diagram.get_decomp_and_phase_separation_energy(crystal)
        shares = sorted(
            (-round(amount, DIGITS), entry.composition.reduced_formula)
            for entry, amount in (decomposition or {}).items()
            if amount > 1e-4
        )
        products = " + ".join(f"{-amount:.3g} {formula}" for amount, formula in shares)
        return HullPosition(
            round(above, DIGITS), round(float(energy or 0.0), DIGITS), products, len(phases), False
        )


def _entry(composition: Composition, formation_energy: float, name: str) -> PDEntry:
    return PDEntry(composition, formation_energy * composition.num_atoms, name)


def chemical_system(composition: Composition) -> str:
    """Join the element symbols by hyphens, in alphabetic order."""
    return "-".join(sorted(Element(element.symbol).symbol for element in composition))
