"""Phases for chemical systems without a reference compound: pymatgen's bundled structure prototypes."""

import gzip
import json
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from importlib.resources import files
from itertools import combinations, permutations, product

from ase import Atoms
from ase.data import covalent_radii
from ase.neighborlist import neighbor_list
from pymatgen.core import Element, Structure

from groundstate.crystals.structures import NamedStructure
from groundstate.metrics.crystals.composition_validity import composition_is_valid
from groundstate.potentials.atoms import to_atoms, to_structure

# Common types with at most five atoms in the primitive cell: rock salt, cesium chloride, sphalerite,
# fluorite, cadmium iodide, aluminium diboride, Cu3Au, BiF3, ReO3; perovskite, half-Heusler, Heusler.
TYPES = ("B1", "B2", "B3", "C1", "C6", "C32", "L1_2", "D0_3", "D0_9", "E2_1", "C1_b", "L2_1")
SOURCE = (
    "AFLOW Library of Crystallographic Prototypes (Mehl et al., Comput. Mater. Sci. 136, S1, 2017), as "
    "bundled with pymatgen"
)


@cache
def bundled_prototypes() -> dict[str, Structure]:
    """Primitive cells of ``TYPES`` by Strukturbericht symbol."""
    packed = files("pymatgen.analysis.prototypes").joinpath("aflow_prototypes.json.gz").read_bytes()
    rows = {row["tags"]["strukturbericht"]: row["snl"] for row in json.loads(gzip.decompress(packed))}
    return {name: Structure.from_sites(Structure.from_dict(rows[name]).sites) for name in TYPES}


def fill_systems(
    systems: Iterable[frozenset[str]], compounds: Collection[frozenset[str]], number: int
) -> list[NamedStructure]:
    """Give prototypes to the systems that hold no compound, at a guessed volume: relax them before use.

    Parameters
    ----------
    systems
        Sets of element symbols.
    compounds
        Element sets of the reference compounds (two elements or more).
    number
        How many phases each such system gets: those that are neutral with common oxidation states first,
        then those of the elements whose electronegativities differ most, then in the order of ``TYPES``.
        Compositions that no listed oxidation states make neutral are left out, alloys excepted.
    """
    phases: dict[str, NamedStructure] = {}
    for system in systems:
        if len(system) > 1 and not any(compound <= system for compound in compounds):
            for name, kind, elements in _candidates(system)[:number]:
                phases.setdefault(name, NamedStructure(name, _occupy(kind, elements)))
    return list(phases.values())


@cache
def _candidates(system: frozenset[str]) -> list[tuple[str, str, tuple[str, ...]]]:
    """``(id, type, elements in the order of the type's)``, best first."""
    ranked = {}
    for order, (kind, prototype) in enumerate(bundled_prototypes().items()):
        amounts = [round(n) for n in prototype.composition.values()]
        for subset in combinations(sorted(system), len(amounts)):
            contrast = _contrast(subset)
            for elements in permutations(subset):
                counts = dict(zip(elements, amounts, strict=True))
                if len(set(amounts)) == 1 and elements != subset:
                    continue  # AB and BA are one in these types
                if composition_is_valid(counts):
                    formula = "".join(f"{s}{n if n > 1 else ''}" for s, n in counts.items())
                    rank = (not _neutral(counts), -contrast, order)
                    ranked[f"prototype:{kind}:{formula}"] = (rank, kind, elements)
    return [(name, *ranked[name][1:]) for name in sorted(ranked, key=lambda name: ranked[name][0])]


def _neutral(counts: Mapping[str, int]) -> bool:
    """Whether common oxidation states, one an element, add up to zero."""
    states = [Element(symbol).common_oxidation_states for symbol in counts]
    return any(
        sum(s * n for s, n in zip(chosen, counts.values(), strict=True)) == 0 for chosen in product(*states)
    )


def _contrast(symbols: Iterable[str]) -> float:
    values = [value for symbol in symbols if (value := Element(symbol).X) == value]
    return max(values) - min(values) if len(values) > 1 else 0.0


def _occupy(kind: str, elements: tuple[str, ...]) -> Structure:
    """Put these elements on the type, scaled until the closest pair is at the sum of its covalent radii."""
    prototype = bundled_prototypes()[kind]
    renamed = dict(zip((e.symbol for e in prototype.composition), elements, strict=True))
    plain = to_atoms(prototype)
    symbols = [renamed[symbol] for symbol in plain.get_chemical_symbols()]
    atoms = Atoms(symbols, cell=plain.cell, scaled_positions=plain.get_scaled_positions(), pbc=True)
    first, second, distance = neighbor_list("ijd", atoms, 5.0)
    radii = covalent_radii[atoms.numbers]
    atoms.set_cell(atoms.cell * ((radii[first] + radii[second]) / distance).max(), scale_atoms=True)
    return to_structure(atoms)
