"""What a model says of molecules that are unlike those it was trained on."""

import re

import pytest
from rdkit import Chem

from groundstate.molecules.models.domain import Domain, check_elements, check_no_metal, outside
from groundstate.molecules.mols import RecordError

TRAINED = ["CCO", "CC(=O)C", "CC#N", "C1CC1", "CC=C"]


def molecule(smiles):
    return Chem.AddHs(Chem.MolFromSmiles(smiles))


@pytest.fixture(scope="module")
def domain():
    collected = Domain()
    for smiles in TRAINED:
        collected.add(molecule(smiles))
    return collected.config()


@pytest.mark.parametrize("smiles", [*TRAINED, "OCC", "C=CC"])
def test_training_molecules_are_inside_whatever_the_order_of_their_atoms(domain, smiles):
    assert outside(molecule(smiles), domain) is None


def test_implicit_hydrogens_make_no_difference(domain):
    assert outside(Chem.MolFromSmiles("CCO"), domain) is None


@pytest.mark.parametrize(
    ("smiles", "words"),
    [
        ("CCCCO", "5 heavy atoms, in training at most 4"),
        ("CC=C=C", r"CH0\(=C\)\(=C\)"),  # a cumulene
        ("FC", r"CH3\(-F\)"),
        ("C[NH3+]", r"N\+1H3\(-C\)"),
        ("C[CH2]", r"C\.H2\(-C\)"),
        ("N#N", r"NH0\(#N\)"),
        ("c1cc[nH]c1", r"heavy atoms.*CH1\(:C\)\(:C\)"),
    ],
)
def test_size_charge_radicals_and_bonds_that_were_not_in_training_are_named(domain, smiles, words):
    reason = outside(molecule(smiles), domain)
    assert reason is not None
    assert re.search(words, reason), reason


def test_many_unseen_environments_are_counted_not_listed(domain):
    reason = outside(molecule("CC(C)(C)c1ccc(S(=O)(=O)N2CCNCC2)cc1"), domain)
    assert " more" in reason and len(reason) < 200


def test_an_element_that_was_not_in_training_is_refused():
    check_elements(molecule("CCl"), None)
    with pytest.raises(RecordError, match=r"element Cl was not in the training set \(H, C\)"):
        check_elements(molecule("CCl"), [1, 6])


@pytest.mark.parametrize("smiles", ["[Fe]", "[Fe+2]", "N[Pt](Cl)(Cl)N", "C[Hg]C", "CC[Zn]CC", "[Na+].[Cl-]"])
def test_a_metal_is_refused_by_name(smiles):
    with pytest.raises(RecordError, match=r"atom \d+ \((Fe|Pt|Hg|Zn|Na)\) is a metal"):
        check_no_metal(molecule(smiles))


@pytest.mark.parametrize(
    "smiles", ["[He]", "OB(O)c1ccccc1", "C[Si](C)(C)C", "C[As](C)C", "C[Se]C", "CI", "C[TeH]"]
)
def test_what_organic_molecules_are_made_of_is_no_metal(smiles):
    check_no_metal(molecule(smiles))
