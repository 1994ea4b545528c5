"""Whether contacts are the bonds."""

from groundstate.metrics.molecules.connectivity import connectivity_match
from metrics.molecules.made import embedded, moved


def test_connectivity_sees_broken_and_extra_bonds():
    mol, positions = embedded("CCO")
    assert connectivity_match(mol, moved(positions))
    assert not connectivity_match(mol, positions * 1.4)
    assert not connectivity_match(mol, positions * 0.6)
