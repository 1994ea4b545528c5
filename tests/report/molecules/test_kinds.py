"""Functional groups, sizes and rotors are named as chemists name them."""

import pytest
from rdkit import Chem

from groundstate.report.molecules.kinds import (
    GROUPS,
    NO_GROUP,
    element_kinds,
    group_kinds,
    rotor_kinds,
    size_kinds,
)


def made(smiles: str) -> Chem.Mol:
    return Chem.AddHs(Chem.MolFromSmiles(smiles))


@pytest.mark.parametrize(
    ("smiles", "groups"),
    [
        ("CCO", ["alcohol"]),
        ("OC=C", ["phenol or enol", "alkene"]),
        ("COC", ["ether"]),
        ("C1CO1", ["epoxide", "three-membered ring"]),
        ("c1ccoc1", ["five-membered aromatic ring"]),  # furan is no ether
        ("C=O", ["aldehyde"]),
        ("CC(C)=O", ["ketone"]),
        ("O=CO", ["carboxylic acid"]),
        ("NC(=[NH2+])C([O-])=O", ["carboxylate", "imine, amidine or oxime"]),
        ("O=C1CCCO1", ["ester"]),
        ("COC=O", ["ester"]),
        ("NC=O", ["amide"]),
        ("NC(=O)OC", ["carbamate or urea"]),  # neither amide nor ester
        ("CN(C)C", ["amine"]),
        ("Nc1ccccc1", ["aniline or enamine", "six-membered aromatic ring"]),
        ("CC=NO", ["imine, amidine or oxime", "N–N or N–O bond"]),
        ("C[N+](=O)[O-]", ["nitro"]),
        ("CC(=O)C#N", ["ketone", "nitrile"]),
        ("CC#C", ["alkyne"]),
        ("CS(C)(=O)=O", ["sulfoxide, sulfone or sulfonamide"]),
        ("C1CC2CC1C2", ["four-membered ring", "fused, bridged or spiro ring"]),
        ("CCC", [NO_GROUP]),
    ],
)
def test_groups_of_known_molecules(smiles: str, groups: list[str]) -> None:
    assert group_kinds(made(smiles)) == groups


def test_every_pattern_is_read() -> None:
    assert all(Chem.MolFromSmarts(smarts) for smarts in GROUPS.values())


def test_sizes_rotors_and_elements() -> None:
    long = made("CCCCCCCCC(F)O")
    assert size_kinds(long) == ["10 to 14"] and size_kinds(made("c1ccccc1C")) == ["7"]
    assert rotor_kinds(long) == ["5 or more"] and rotor_kinds(made("CC")) == ["0"]
    assert element_kinds(long) == ["O", "F"] and element_kinds(made("CC")) == ["C and H alone"]
