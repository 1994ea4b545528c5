"""Which conformer stands for a molecule."""

import pytest
from rdkit import Chem

from groundstate.molecules.conformers.choice import embedding_failure, lowest, unminimised
from groundstate.molecules.conformers.etkdg import conformers_of
from groundstate.molecules.conformers.settings import EmbedConformers


def row(number, method="mmff", force_field="mmff94", energy=0.0, stereo_kept=True, origin="etkdg"):
    return {
        "conformer": number,
        "method": method,
        "force_field": force_field,
        "energy": energy,
        "stereo_kept": stereo_kept,
        "origin": origin,
    }


def test_the_lowest_has_the_right_stereo_and_a_comparable_energy():
    start = row(0, method="etkdg", force_field="none", energy=None)
    rows = [start, row(0, energy=5.0), row(1, energy=3.0), row(2, energy=1.0, stereo_kept=False)]
    assert lowest([*rows, row(3, force_field="uff", energy=0.0)])["conformer"] == 1


def test_the_first_minimum_where_no_energy_counts():
    rows = [
        row(0, "etkdg", "none", None),
        row(4, force_field="uff", energy=9.0),
        row(5, "mmff", "none", None),
    ]
    assert lowest(rows)["conformer"] == 4


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        (row(0), None),
        (row(0, origin="random_coordinates"), None),
        (row(0, origin="fallback"), "fallback geometry"),
        (row(0, origin="fallback", stereo_kept=False), "stereo of the input"),
    ],
)
def test_a_stand_in_is_named(one, sentence):
    failure = embedding_failure(one)
    assert failure is None if sentence is None else sentence in failure


@pytest.mark.parametrize(
    ("smiles", "lacking"),
    [("FS(F)(F)(F)(F)F", "2 (S)"), ("F[Xe]F", "2 (Xe)"), ("[Xe]", None), ("C[Hg]C", None), ("CO", None)],
)
def test_an_embedding_that_no_force_field_can_minimise_is_named(smiles, lacking):
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    start, minimum = conformers_of("a", mol, EmbedConformers())
    assert unminimised(start, mol) is None
    sentence = lacking and f"no force field here has parameters for atom {lacking}: this is RDKit's embedding"
    assert unminimised(minimum, mol) == sentence
