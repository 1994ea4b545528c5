"""Among many draws the lowest energies are proposed."""

from pathlib import Path

import numpy as np

from groundstate.crystals.crystal import Crystal
from groundstate.discovery.lowest import Lowest
from groundstate.discovery.proposals import Proposal
from groundstate.discovery.wanted import Wanted
from groundstate.potentials.cache import Cache
from groundstate.potentials.calculations import Calculations
from groundstate.potentials.interface import find_potential
from groundstate.potentials.settings import RelaxSettings

FCC = np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]) / 2
AWAY = np.array([[0.0] * 3, [0.1, 0, 0], [0.1, 0, 0], [0.0] * 3])


class Drawn:
    """A source that draws fcc copper with these cell lengths (angstrom)."""

    def __init__(self, *lengths: float) -> None:
        self.lengths = lengths

    def propose(self, wanted: Wanted) -> list[Proposal]:
        cells = [Crystal("", np.full(4, 29), FCC, np.eye(3) * length) for length in self.lengths]
        return [
            Proposal(cell, "drawn", str(length)) for cell, length in zip(cells, self.lengths, strict=True)
        ]


def lowest(folder: Path, most: int, *lengths: float) -> list[str]:
    potential = find_potential("ase.calculators.emt:EMT", {}, "emt")
    calculations = Calculations(potential, Cache(folder), RelaxSettings(), 0)
    return [one.origin for one in Lowest(Drawn(*lengths), most, calculations).propose(Wanted({29: 1}, []))]


def test_the_lowest_come_first_and_what_the_guards_refuse_not_at_all(tmp_path: Path) -> None:
    # at 1.5 angstrom the atoms lie on one another; the matcher scales volumes: the rest is of one kind
    assert lowest(tmp_path, 5, 4.6, 1.5, 3.6, 4.1) == ["3.6"]


def test_kinds_are_taken_once_and_as_many_as_are_asked(tmp_path: Path) -> None:
    source, (first, *_) = Drawn(3.6, 4.0), Drawn(3.6).propose(Wanted({29: 1}, []))
    shifted = first.crystal._replace(frac_coords=FCC + AWAY, lattice=np.eye(3) * 4.0)
    source.propose = lambda _: [Proposal(shifted, "drawn", "shifted"), first]
    potential = find_potential("ase.calculators.emt:EMT", {}, "emt")
    calculations = Calculations(potential, Cache(tmp_path), RelaxSettings(), 0)
    for most, origins in ((2, ["3.6", "shifted"]), (1, ["3.6"]), (0, [])):
        found = Lowest(source, most, calculations).propose(Wanted({29: 1}, []))
        assert [one.origin for one in found] == origins
