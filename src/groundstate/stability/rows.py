"""One row a crystal: which class it is in, its energies, and where it lies on the hull."""

from dataclasses import dataclass
from typing import Literal, get_args

from ase.data import chemical_symbols
from pymatgen.core import Structure

from groundstate.stability.references.hull import chemical_system

Outcome = Literal[
    "converged",  # relaxed below the force limit, and the guards hold: the only class that can be stable
    "not_converged",  # out of steps
    "rejected_geometry",  # could not be a crystal, or could not be read: never relaxed
    "failed",  # the potential raised, or gave numbers that are not finite
    "collapsed",  # the relaxation led to something that could not be a crystal
    "not_scored",  # beyond the limits on number or size
]
CLASSES: tuple[Outcome, ...] = get_args(Outcome)
Dynamics = Literal[
    "",  # not asked for
    "stable",  # no mode below -0.1 THz
    "imaginary",
    "failed",  # asked for, but the potential or phonopy gave no modes
    "not_computed",  # not among the survivors, or too large
]

MAGNETIC = frozenset({"V", "Cr", "Mn", "Fe", "Co", "Ni", "Mo", "W"})
F_ELECTRON = frozenset(chemical_symbols[57:72] + chemical_symbols[89:104])  # La to Lu, Ac to Lr


@dataclass(frozen=True)
class StabilityRow:
    """One crystal; energies in eV per atom, forces in eV per angstrom, None where there is none.

    ``energy_above_references`` is against the references alone, negative below their hull; ``equivalent_to``
    the first crystal of the set that this one is equivalent to, where that is another one;
    ``lowest_frequency`` in THz, negative where it is imaginary.
    Space groups (international symbol, number 1 to 230) are of the crystal as generated and as relaxed, to
    0.1 angstrom; empty where none was found.

    Rows never change: a step that knows more gives a new row (``dataclasses.replace``).
    """

    id: str
    formula: str = ""
    atoms: int = 0
    system: str = ""
    outcome: Outcome = "not_scored"
    reason: str = ""
    steps: int | None = None
    initial_force: float | None = None
    max_force: float | None = None
    initial_energy_per_atom: float | None = None
    energy_per_atom: float | None = None
    initial_formation_energy_per_atom: float | None = None
    formation_energy_per_atom: float | None = None
    initial_energy_above_hull: float | None = None
    energy_above_hull: float | None = None
    decomposition_energy: float | None = None
    decomposition_products: str = ""
    decomposition_phases: str = ""
    reference_phases: int | None = None
    energy_above_references: float | None = None
    hull: str = ""
    hull_incomplete: bool = False
    estimated_energy_above_hull: float | None = None
    initial_space_group: str = ""
    initial_space_group_number: int | None = None
    space_group: str = ""
    space_group_number: int | None = None
    volume_ratio: float | None = None
    displacement: float | None = None
    magnetic: bool = False
    f_electron: bool = False
    listed_as: str = ""
    unique: bool | None = None
    novel: bool | None = None
    unique_before: bool | None = None
    novel_before: bool | None = None
    novel_to_training: bool | None = None
    novel_to_training_before: bool | None = None
    equivalent_to: str = ""
    equivalent_to_before: str = ""
    second_formation_energy_per_atom: float | None = None
    second_energy_above_hull: float | None = None
    second_reason: str = ""
    dft_energy_per_atom: float | None = None
    dynamics: Dynamics = ""
    dynamics_reason: str = ""
    lowest_frequency: float | None = None
    imaginary_modes: int | None = None
    phonon_supercell: str = ""
    phonon_displacements: int | None = None

    def as_dict(self) -> dict[str, object]:
        """Return the row with the column name ``class``, which Python keeps for itself."""
        return {"class" if key == "outcome" else key: value for key, value in vars(self).items()}


def new_row(
    name: str, structure: Structure, outcome: Outcome = "not_scored", reason: str = ""
) -> StabilityRow:
    """Make a row that knows the crystal's composition and nothing else yet."""
    magnetic, f_electron = flag_elements({element.symbol for element in structure.composition})
    return StabilityRow(
        name,
        structure.composition.reduced_formula,
        len(structure),
        chemical_system(structure.composition),
        outcome,
        reason,
        magnetic=magnetic,
        f_electron=f_electron,
    )


def flag_elements(symbols: set[str]) -> tuple[bool, bool]:
    """Tell whether there are magnetic or f-electron elements, which these potentials describe badly."""
    return bool(symbols & MAGNETIC), bool(symbols & F_ELECTRON)


def threshold_key(threshold: float) -> str:
    """Name a rate: ``stable_0mev``, ``stable_25mev``."""
    return f"stable_{round(threshold * 1000)}mev"


def is_stable(row: StabilityRow, threshold: float, before: bool = False) -> bool:
    """Tell whether a crystal converged and is at most ``threshold`` (eV per atom) above a complete hull.

    ``before`` asks the same of the unrelaxed crystal, which has nothing to converge.
    """
    if row.hull_incomplete:
        return False
    if before:
        energy = row.initial_energy_above_hull
        return energy is not None and energy <= threshold
    return (
        row.outcome == "converged"
        and row.energy_above_hull is not None
        and row.energy_above_hull <= threshold
    )
