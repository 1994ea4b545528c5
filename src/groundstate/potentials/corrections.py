"""Total energies to the corrected scheme of the Materials Project, and to formation energies."""

import csv
import warnings
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from pymatgen.core import Composition, Structure
from pymatgen.entries.compatibility import MaterialsProject2020Compatibility
from pymatgen.entries.computed_entries import ComputedEntry, ComputedStructureEntry

from groundstate.potentials.interface import MP_CORRECTED, MP_RAW

# Hubbard U (eV) of MPRelaxSet: applied by the Materials Project where one of these metals meets O or F.
HUBBARD_U = {"Co": 3.32, "Cr": 3.7, "Fe": 5.3, "Mn": 3.9, "Mo": 4.38, "Ni": 6.2, "V": 3.25, "W": 6.2}

ELEMENTS_FILE = "data/mp_element_energies.csv"
ELEMENTS_SOURCE = (
    "energies of 89 elements in the Materials Project (CC BY 4.0; Jain et al., APL Materials 1, 011002, "
    "2013): those that its formation energies of 2024 are against; Yb as published by Matbench Discovery on "
    "2023-02-07"
)


@cache
def mp_element_energies() -> dict[str, float]:
    """Read the energy per atom (eV) of the ground states of 89 elements in the Materials Project."""
    text = files("groundstate.potentials").joinpath(ELEMENTS_FILE).read_text(encoding="utf-8")
    return {row["element"]: float(row["energy_per_atom"]) for row in csv.DictReader(text.splitlines())}


@cache
def _compatibility() -> MaterialsProject2020Compatibility:
    return MaterialsProject2020Compatibility(check_potcar=False)


def mp_parameters(composition: Composition) -> dict[str, object]:
    """Give the Materials Project's run parameters of a composition: GGA, or GGA+U for some oxides."""
    symbols = {element.symbol for element in composition}
    hubbards = {s: HUBBARD_U[s] for s in sorted(symbols & HUBBARD_U.keys())} if symbols & {"O", "F"} else {}
    return {
        "run_type": "GGA+U" if hubbards else "GGA",
        "is_hubbard": bool(hubbards),
        "hubbards": hubbards,
        "potcar_symbols": [],
        "software": "vasp",
    }


def correct_entry(entry: ComputedEntry) -> ComputedEntry | None:
    """Apply the MP2020 corrections (Wang et al., Sci. Rep. 11, 15496, 2021); None where they exclude it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # once for every oxidation state that cannot be guessed
        return _compatibility().process_entry(entry, clean=True, inplace=False)


def corrected_energy(structure: Structure, energy: float, scheme: str) -> float:
    """Bring the total energy (eV) of a crystal to the scheme that hulls are built in.

    Raw Materials Project energies (``mp-pbe``) get the MP2020 corrections; corrected ones and those of a
    scheme of its own stay. Raises ``ValueError`` where MP2020 has no correction for the structure.
    """
    if scheme != MP_RAW:
        return energy
    entry = ComputedStructureEntry(structure, energy, parameters=mp_parameters(structure.composition))
    corrected = correct_entry(entry)
    if corrected is None:
        raise ValueError("the MP2020 corrections exclude this structure")
    return corrected.energy


def hull_scheme(scheme: str) -> str:
    """Give the scheme of energies after ``corrected_energy``."""
    return MP_CORRECTED if scheme == MP_RAW else scheme


def formation_energy(composition: Composition, energy: float, elements: Mapping[str, float]) -> float | None:
    """Give the formation energy per atom (eV), or None where an element has no energy."""
    amounts = composition.get_el_amt_dict()
    if any(symbol not in elements for symbol in amounts):
        return None
    total = energy - sum(amount * elements[symbol] for symbol, amount in amounts.items())
    return total / composition.num_atoms
