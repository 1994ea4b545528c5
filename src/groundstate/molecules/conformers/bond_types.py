"""What the types of bonds say of a geometry: lengths of multiple bonds, lines and planes of cumulenes.

Force fields with general parameters are far off for the smallest molecules and for cumulated double bonds
(MMFF94: N2 1.46, CO2 1.40 angstrom, the ends of an allene in one plane). These are known well.
"""

import math
from functools import cached_property
from typing import NamedTuple

import numpy as np
from rdkit import Chem

MARGIN = 0.03  # angstrom beyond a range within which a length is still taken
LINEAR = 155.0  # degrees: smallest angle at an atom of two cumulated double bonds or a triple bond
OFF_PLANE = 30.0  # degrees: how far the ends of a cumulene may be turned from where they belong
SMALL_RING = 9  # atoms: up to here a ring bends and turns a cumulene

# Shortest and longest length, in angstrom. An asterisk marks an atom of a triple bond or of two double bonds,
# with the other of these in brackets where it matters; "O+" is the middle of ozone, "N-" the charged end of
# an azide, "O." a radical, "S2" a sulfur that has two neighbours, "N(O)" the nitrogen of a nitroso group
# beside it, "N(X)" and "N(O.)" that of one with a halogen or a radical oxygen,
# "B3" and "Al3" have three neighbours. Sources: the bonds of 16,000 molecules
# optimised with DFT (Molecule3D at B3LYP/6-31G*, QM9 at B3LYP/6-31G(2df,p), and others); where they have
# none, gas-phase structures (CRC Handbook of Chemistry and Physics, section 9). N=C of isocyanates: gas phase
# (HNCO 1.214, CH3NCO 1.202); 24 bonds of Molecule3D are 1.192 to 1.210. NO2, ClNO and the halides of boron
# and aluminium: about MP2/6-31G* (the G2 set in ASE); FNO (1.480), H2CS (1.611)
# and FOOF (O(F), 1.492 and 1.253): B3LYP/6-31G(2df,p).
RANGES: dict[str, tuple[float, float]] = {
    "C*#C*": (1.19, 1.22),
    "C*#N*": (1.14, 1.17),
    "N*#N*": (1.09, 1.14),
    "C*#O*": (1.11, 1.15),
    "C*=C*": (1.25, 1.28),
    "C=C*": (1.29, 1.33),
    "C=C": (1.28, 1.48),
    "C*=O": (1.15, 1.18),
    "C=O": (1.17, 1.27),
    "C*=N": (1.17, 1.22),
    "C*(O)=N": (1.205, 1.215),
    "C=N*": (1.25, 1.32),
    "C=N": (1.23, 1.40),
    "C*=S": (1.55, 1.60),
    "C=S": (1.60, 1.73),
    "C(H)=S": (1.60, 1.64),
    "N=N*": (1.20, 1.25),
    "N*=N-": (1.12, 1.15),
    "N*=O": (1.18, 1.21),
    "N=N": (1.20, 1.28),
    "N(O.)=O": (1.18, 1.23),
    "N(X)=O": (1.13, 1.17),
    "N=O": (1.13, 1.26),
    "O-O+": (1.27, 1.29),
    "O=O+": (1.27, 1.29),
    "C*-C*": (1.36, 1.39),
    "C-C*": (1.40, 1.50),
    "N*-O": (1.18, 1.21),
    "N-O.": (1.18, 1.29),
    "O-O.": (1.31, 1.34),
    "F-O(F)": (1.48, 1.56),
    "O(F)-O(F)": (1.21, 1.26),
    "N(O)-O.": (1.18, 1.23),
    "F-N(O)": (1.47, 1.52),
    "Cl-N(O)": (1.98, 2.03),
    "B3-F": (1.30, 1.34),
    "B3-Cl": (1.72, 1.76),
    "Al3-F": (1.63, 1.66),
    "Al3-Cl": (2.05, 2.09),
    "O=S": (1.41, 1.50),
    "O=S2": (1.43, 1.47),
    "C*-F": (1.26, 1.29),
    "C*-Cl": (1.63, 1.64),
    "Br-C*": (1.78, 1.80),
    "C*-I": (1.98, 2.00),
}
# Molecules of two atoms: Huber and Herzberg, Constants of Diatomic Molecules (1979), r_e.
DIATOMIC: dict[str, float] = {
    "H-H": 0.741, "F-H": 0.917, "Cl-H": 1.275, "Br-H": 1.414, "H-I": 1.609, "H-O": 0.970,
    "C-H": 1.120, "H-N": 1.036, "H-S": 1.341, "B-H": 1.232, "H-Li": 1.596, "H-Na": 1.887,
    "H-P": 1.422, "H-Si": 1.520, "F-F": 1.412, "Cl-Cl": 1.988, "Br-Br": 2.281, "I-I": 2.666,
    "Cl-F": 1.628, "Br-F": 1.759, "F-I": 1.910, "Br-Cl": 2.136, "Cl-I": 2.321, "Br-I": 2.469,
    "N#N": 1.098, "O=O": 1.208, "C#O": 1.128, "N=O": 1.151, "C#N": 1.172, "S=S": 1.889,
    "O=S": 1.481, "C=S": 1.535, "C#S": 1.535, "P#P": 1.893, "N#P": 1.491, "Cl-O": 1.570,
    "F-O": 1.354, "B-F": 1.263, "B-Cl": 1.716, "B=O": 1.205, "B=N": 1.281, "C=C": 1.243,
    "C#C": 1.243, "O=Si": 1.510, "O#Si": 1.510, "F-Li": 1.564, "Cl-Li": 2.021, "Cl-Na": 2.361, "F-Na": 1.926,
}  # fmt: skip


class Cumulene(NamedTuple):
    """Cumulated double bonds: two ends, each with the lowest of its other neighbours."""

    atoms: tuple[int, int, int, int]  # neighbour, end, end, neighbour
    planar: bool  # all in one plane, for an odd number of bonds; else the ends are perpendicular


class BondTypes:
    """What is known of the geometry of one molecule (all hydrogens explicit or not)."""

    def __init__(self, mol: Chem.Mol) -> None:
        self.mol = mol

    @cached_property
    def lengths(self) -> dict[tuple[int, int], tuple[float, float]]:
        """Shortest and longest length, in angstrom, of every bond whose type fixes it."""
        ranges: dict[tuple[int, int], tuple[float, float]] = {}
        for bond in self.mol.GetBonds():
            ends = bond.GetBeginAtom(), bond.GetEndAtom()
            order = {1.0: "-", 2.0: "=", 3.0: "#"}.get(bond.GetBondTypeAsDouble())
            if order is None:
                continue
            if self.mol.GetNumAtoms() == 2:
                length = DIATOMIC.get(order.join(sorted(atom.GetSymbol() for atom in ends)))
                usual = None if length is None else (length, length)
            else:
                names = [_name(*ends), _name(*reversed(ends))]
                usual = RANGES.get(order.join(sorted(names)))
            if usual is not None and not (order == "-" and _in_small_ring(bond)):
                ranges[bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()] = usual
        return ranges

    @cached_property
    def lines(self) -> list[tuple[int, int, int]]:
        """Neighbour, atom, neighbour of every atom whose bonds lie in a line."""
        rings = self.mol.GetRingInfo()
        return [
            (first.GetIdx(), atom.GetIdx(), second.GetIdx())
            for atom in self.mol.GetAtoms()
            if _is_linear(atom) and atom.GetDegree() == 2
            for first, second in [atom.GetNeighbors()]
            if not (rings.NumAtomRings(atom.GetIdx()) and rings.MinAtomRingSize(atom.GetIdx()) <= SMALL_RING)
        ]

    @cached_property
    def cumulenes(self) -> list[Cumulene]:
        """Every chain of two or more double bonds whose both ends have further neighbours."""
        cumulenes = []
        for end in self.mol.GetAtoms():
            for inner in end.GetNeighbors():
                bond = self.mol.GetBondBetweenAtoms(end.GetIdx(), inner.GetIdx())
                if bond.GetBondTypeAsDouble() != 2 or _is_cumulated(end) or not _is_cumulated(inner):
                    continue
                chain = _chain(end, inner)
                first, last = _side(chain[0], chain[1]), _side(chain[-1], chain[-2])
                if first is None or last is None or chain[0].GetIdx() > chain[-1].GetIdx():
                    continue
                if not any(_in_small_ring(bond) for bond in inner.GetBonds()):
                    atoms = (first, chain[0].GetIdx(), chain[-1].GetIdx(), last)
                    cumulenes.append(Cumulene(atoms, planar=len(chain) % 2 == 0))
        return cumulenes

    def fault(self, positions: np.ndarray) -> str | None:
        """Say in words what no such molecule has in ``positions`` (n, 3), in angstrom; None: nothing."""
        positions = np.asarray(positions)
        ends, ranges = self._known_lengths
        lengths = lengths_between(positions, ends)
        usual_ones = (lengths >= ranges[:, 0] - MARGIN) & (lengths <= ranges[:, 1] + MARGIN)  # nan is not
        if not usual_ones.all():
            bond = int(np.argmin(usual_ones))
            shortest, longest = ranges[bond]
            usual = f"{shortest:.2f}" + (f" to {longest:.2f}" if longest > shortest else "")
            names = self._names(*ends[bond].tolist())
            return f"bond {names} is {lengths[bond]:.2f} angstrom long, where {usual} is usual"
        for i, j, k in self.lines:
            if (bend := angle(positions[i] - positions[j], positions[k] - positions[j])) < LINEAR:
                return f"the angle {self._names(i, j, k)} is {bend:.0f} degrees, where a line is usual"
        for atoms, planar in self.cumulenes:
            turn = abs(torsion(*positions[list(atoms)]))
            if (min(turn, 180 - turn) if planar else abs(turn - 90)) > OFF_PLANE:
                usual = "in one plane" if planar else "perpendicular"
                names = self._names(*atoms)
                return f"the torsion {names} of a cumulene is {turn:.0f} degrees, where its ends are {usual}"
        return None

    @cached_property
    def _known_lengths(self) -> tuple[np.ndarray, np.ndarray]:
        """``lengths`` as atoms (bonds, 2) and ranges (bonds, 2)."""
        ends = np.array(list(self.lengths), int).reshape(-1, 2)
        return ends, np.array(list(self.lengths.values())).reshape(-1, 2)

    def _names(self, *atoms: int) -> str:
        return "-".join(f"{self.mol.GetAtomWithIdx(i).GetSymbol()}{i + 1}" for i in atoms)


def lengths_between(positions: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Distances (bonds,) between the atoms of each pair in ``ends`` (bonds, 2); ``positions`` (n, 3)."""
    vectors = np.asarray(positions, float)[ends[:, 0]] - np.asarray(positions, float)[ends[:, 1]]
    return np.sqrt((vectors * vectors).sum(1))


def angle(first: np.ndarray, second: np.ndarray) -> float:
    """Angle between two vectors (3,), in degrees."""
    cosine = first @ second / max(float(np.linalg.norm(first) * np.linalg.norm(second)), 1e-12)
    return math.degrees(math.acos(min(max(cosine, -1.0), 1.0)))


def torsion(first: np.ndarray, second: np.ndarray, third: np.ndarray, fourth: np.ndarray) -> float:
    """Torsion angle about the line from the second to the third point (3,), in degrees, -180 to 180."""
    axis = (third - second) / max(float(np.linalg.norm(third - second)), 1e-12)
    before, after = first - second, fourth - third
    before, after = before - (before @ axis) * axis, after - (after @ axis) * axis
    return math.degrees(math.atan2(float(np.cross(axis, before) @ after), float(before @ after)))


def _is_linear(atom: Chem.Atom) -> bool:
    triple = any(bond.GetBondTypeAsDouble() == 3 for bond in atom.GetBonds())
    return _is_cumulated(atom) or (triple and atom.GetAtomicNum() in (6, 7, 8))


def _is_cumulated(atom: Chem.Atom) -> bool:
    # sulfur dioxide has two double bonds, too, and is bent
    double = all(bond.GetBondTypeAsDouble() == 2 for bond in atom.GetBonds())
    return double and atom.GetDegree() == 2 and atom.GetAtomicNum() in (6, 7)


def _name(atom: Chem.Atom, other: Chem.Atom) -> str:
    """Name ``atom`` as the keys of ``RANGES`` do, in its bond to ``other``."""
    symbol, charge = atom.GetSymbol(), atom.GetFormalCharge()
    neighbours = [one.GetSymbol() for one in atom.GetNeighbors() if one.GetIdx() != other.GetIdx()]
    if symbol == "C" and _is_cumulated(atom) and other.GetSymbol() == "N" and neighbours == ["O"]:
        return "C*(O)"  # an isocyanate
    if symbol == "O" and _bears_fluorine(atom) and any(map(_bears_fluorine, atom.GetNeighbors())):
        return "O(F)"
    if symbol == "O" and (charge == 1 or atom.GetNumRadicalElectrons()):
        ozone = charge == 1 and [other.GetSymbol(), *neighbours] == ["O", "O"]
        return "O+" if ozone else "O." if not charge else symbol
    if symbol == "N" and charge == -1 and not neighbours and _is_cumulated(other):
        return "N-"
    if symbol == "C" and other.GetSymbol() == "S" and set(neighbours) in ({"H"}, {"C", "H"}):
        return "C(H)"  # a thioaldehyde
    if symbol in ("B", "Al") and charge == 0 and atom.GetDegree() == 3:
        return f"{symbol}3"
    if symbol == "N" and charge == 0 and len(neighbours) == 1:
        return _nitroso(atom, other)
    if symbol == "S" and len(neighbours) == 1:
        return "S2"
    return symbol + "*" * _is_linear(atom)


def _bears_fluorine(atom: Chem.Atom) -> bool:
    return atom.GetSymbol() == "O" and any(one.GetSymbol() == "F" for one in atom.GetNeighbors())


def _nitroso(atom: Chem.Atom, other: Chem.Atom) -> str:
    """Name a nitrogen of two neighbours in its bond to ``other``: that of a nitroso group stands apart."""
    (neighbour,) = (one for one in atom.GetNeighbors() if one.GetIdx() != other.GetIdx())
    mol = atom.GetOwningMol()
    orders = [
        mol.GetBondBetweenAtoms(atom.GetIdx(), one.GetIdx()).GetBondTypeAsDouble()
        for one in (other, neighbour)
    ]
    if orders == [1, 2] and neighbour.GetSymbol() == "O":
        return "N(O)"
    if orders == [2, 1] and other.GetSymbol() == "O":
        return {"F": "N(X)", "Cl": "N(X)"}.get(
            neighbour.GetSymbol(), "N(O.)" if neighbour.GetNumRadicalElectrons() else "N"
        )
    return "N" + "*" * _is_linear(atom)


def _in_small_ring(bond: Chem.Bond) -> bool:
    return bond.IsInRing() and bond.GetOwningMol().GetRingInfo().MinBondRingSize(bond.GetIdx()) <= SMALL_RING


def _chain(end: Chem.Atom, inner: Chem.Atom) -> list[Chem.Atom]:
    """Follow cumulated bonds from an end, through all that have two, to the other end."""
    chain = [end, inner]
    while _is_cumulated(chain[-1]) and len(chain) <= end.GetOwningMol().GetNumAtoms():
        (following,) = (one for one in chain[-1].GetNeighbors() if one.GetIdx() != chain[-2].GetIdx())
        chain.append(following)
    return chain


def _side(end: Chem.Atom, inner: Chem.Atom) -> int | None:
    """Lowest neighbour of an end outside the chain; None where there is none."""
    return min((one.GetIdx() for one in end.GetNeighbors() if one.GetIdx() != inner.GetIdx()), default=None)
