"""The phases that energies are checked on: 21 compounds with measured enthalpies, polymorphs, elements."""

import numpy as np
from ase.build import bulk
from pymatgen.core import Lattice, Structure
from pymatgen.io.ase import AseAtomsAdaptor

# Standard formation enthalpy at 298 K in eV per atom, from handbook values.
EXPERIMENT = {
    "NaCl": -2.131,
    "KCl": -2.262,
    "LiF": -3.192,
    "Li2O": -2.066,
    "Li2O2": -1.644,
    "MgO": -3.118,
    "CaO": -3.290,
    "SrO": -3.068,
    "BaO": -2.872,
    "ZnO": -1.816,
    "GaAs": -0.368,
    "Al2O3": -3.474,
    "TiO": -2.813,
    "TiO2 rutile": -3.262,
    "Ti2O3": -3.153,
    "NiO": -1.242,
    "Fe2O3": -1.709,
    "SrO2": -2.188,
    "SrTiO3": -3.467,
    "BaTiO3": -3.441,
    "CaTiO3": -3.442,
}
POLYMORPHS = ("NaCl CsCl-type", "TiO2 anatase", "Sr2TiO4")
ELEMENTS = ("Li", "Na", "K", "Mg", "Ca", "Sr", "Ba", "Zn", "Al", "Ti", "Fe", "Ni", "Ga", "As", "O", "F", "Cl")


def _spacegroup(group: str, cell: Lattice, **sites: tuple[float, float, float]) -> Structure:
    """Primitive cell of an assignment of Wyckoff positions; ``O_2`` is a second oxygen site."""
    species = [name.split("_")[0] for name in sites]
    return Structure.from_spacegroup(group, cell, species, list(sites.values())).get_primitive_structure()


def _rock_salt(a: float, cation: str, anion: str) -> Structure:
    return _spacegroup("Fm-3m", Lattice.cubic(a), **{cation: (0, 0, 0), anion: (0.5, 0.5, 0.5)})


def _corundum(a: float, c: float, metal: str, z: float, x: float) -> Structure:
    return _spacegroup("R-3c", Lattice.hexagonal(a, c), **{metal: (0, 0, z), "O": (x, 0, 0.25)})


def _perovskite(a: float, large: str) -> Structure:
    sites = {large: (0.5, 0.5, 0.5), "Ti": (0, 0, 0), "O": (0.5, 0, 0)}
    return _spacegroup("Pm-3m", Lattice.cubic(a), **sites)


def _oxygen() -> Structure:
    """The alpha form: molecules upright on a centred rectangular net."""
    lattice = Lattice.from_parameters(5.40, 3.43, 5.09, 90, 132.5, 90)
    half = 0.605 * np.array(lattice.reciprocal_lattice.matrix[2])
    half /= np.linalg.norm(lattice.reciprocal_lattice.matrix[2])
    centres = lattice.get_cartesian_coords([[0, 0, 0], [0.5, 0.5, 0]])
    positions = [centre + sign * half for centre in centres for sign in (1, -1)]
    return Structure(lattice, ["O"] * 4, positions, coords_are_cartesian=True).get_primitive_structure()


def phases() -> dict[str, Structure]:
    """Every phase near its measured geometry."""
    tetragonal, hexagonal = Lattice.tetragonal, Lattice.hexagonal
    found = {
        "NaCl": _rock_salt(5.64, "Na", "Cl"),
        "KCl": _rock_salt(6.29, "K", "Cl"),
        "LiF": _rock_salt(4.03, "Li", "F"),
        "MgO": _rock_salt(4.21, "Mg", "O"),
        "CaO": _rock_salt(4.81, "Ca", "O"),
        "SrO": _rock_salt(5.16, "Sr", "O"),
        "BaO": _rock_salt(5.54, "Ba", "O"),
        "TiO": _rock_salt(4.18, "Ti", "O"),
        "NiO": _rock_salt(4.18, "Ni", "O"),
        "Li2O": _spacegroup("Fm-3m", Lattice.cubic(4.62), Li=(0.25, 0.25, 0.25), O=(0, 0, 0)),
        "Li2O2": _spacegroup(
            "P6_3/mmc",
            hexagonal(3.14, 7.65),
            Li=(0, 0, 0),
            Li_2=(1 / 3, 2 / 3, 0.75),
            O=(1 / 3, 2 / 3, 0.149),
        ),
        "ZnO": _spacegroup("P6_3mc", hexagonal(3.25, 5.21), Zn=(1 / 3, 2 / 3, 0), O=(1 / 3, 2 / 3, 0.382)),
        "GaAs": _spacegroup("F-43m", Lattice.cubic(5.65), Ga=(0, 0, 0), As=(0.25, 0.25, 0.25)),
        "Al2O3": _corundum(4.76, 12.99, "Al", 0.352, 0.306),
        "Ti2O3": _corundum(5.15, 13.61, "Ti", 0.345, 0.313),
        "Fe2O3": _corundum(5.04, 13.75, "Fe", 0.355, 0.306),
        "TiO2 rutile": _spacegroup("P4_2/mnm", tetragonal(4.59, 2.96), Ti=(0, 0, 0), O=(0.305, 0.305, 0)),
        "SrO2": _spacegroup("I4/mmm", tetragonal(3.56, 6.62), Sr=(0, 0, 0), O=(0, 0, 0.389)),
        "SrTiO3": _perovskite(3.905, "Sr"),
        "BaTiO3": _perovskite(4.00, "Ba"),
        "CaTiO3": _perovskite(3.85, "Ca"),
        "NaCl CsCl-type": _spacegroup("Pm-3m", Lattice.cubic(3.4), Na=(0, 0, 0), Cl=(0.5, 0.5, 0.5)),
        "TiO2 anatase": _anatase(),
        "Sr2TiO4": _spacegroup(
            "I4/mmm", tetragonal(3.88, 12.6), Ti=(0, 0, 0), Sr=(0, 0, 0.355), O=(0, 0.5, 0), O_2=(0, 0, 0.152)
        ),
        "Ga": _spacegroup("Cmce", Lattice.orthorhombic(4.52, 7.66, 4.53), Ga=(0, 0.1549, 0.081)),
        "As": _spacegroup("R-3m", hexagonal(3.76, 10.55), As=(0, 0, 0.227)),
        "Cl": _spacegroup("Cmce", Lattice.orthorhombic(6.15, 4.40, 8.15), Cl=(0, 0.117, 0.1015)),
        "F": _spacegroup("Cmce", Lattice.orthorhombic(5.3, 3.5, 7.3), F=(0, 0.1, 0.083)),
        "O": _oxygen(),
    }
    adaptor = AseAtomsAdaptor()
    found |= {symbol: adaptor.get_structure(bulk(symbol)) for symbol in ELEMENTS if symbol not in found}
    return found


def _anatase() -> Structure:
    """Body-centred cell written out: the space group has two customary origins."""
    z = 0.208
    sites = [("Ti", (0, 0, 0)), ("Ti", (0, 0.5, 0.25))]
    sites += [("O", (x, y, w + s * z)) for _, (x, y, w) in sites for s in (1, -1)]
    centred = [
        (name, tuple(np.add(place, shift))) for name, place in sites for shift in ((0, 0, 0), (0.5,) * 3)
    ]
    species, coords = zip(*centred, strict=True)
    return Structure(Lattice.tetragonal(3.785, 9.51), species, coords).get_primitive_structure()
