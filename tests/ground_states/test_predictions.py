"""Predictions ranked by energy: order, window, what is written beside, and failed ones left alone."""

import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from groundstate.ground_states.predictions import chosen_by_energy
from groundstate.molecular_potentials.interface import KCAL
from groundstate.molecular_potentials.mmff94 import Mmff94
from groundstate.molecules.conformers.choice import NO_PARAMETERS
from groundstate.molecules.models.predict import PredictedMolecule
from groundstate.molecules.mols import set_positions


def predicted(name: str, smiles: str, count: int, failed: str | None = None) -> list[PredictedMolecule]:
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    rdDistGeom.EmbedMultipleConfs(mol, count, randomSeed=1)
    return [
        PredictedMolecule(
            name, set_positions(mol, one.GetPositions()), {"rank": rank, "origin": rank}, failed
        )
        for rank, one in enumerate(mol.GetConformers(), 1)
    ]


@pytest.fixture
def predictions() -> list[list[PredictedMolecule]]:
    return [
        predicted("a", "CCCCO", 5),
        predicted("broken", "CCO", 1, "it is broken"),
        predicted("b", "OCCN", 4),
    ]


def energies(molecule: list[PredictedMolecule]) -> list[float]:
    geometries = [one.mol.GetConformer().GetPositions() for one in molecule]
    return [float(e) * KCAL for e in Mmff94().single_points([one.mol for one in molecule], geometries)]


def test_standard_orders_by_energy_and_says_so(predictions) -> None:
    ranked = list(chosen_by_energy(predictions, "standard", [Mmff94()], 9))
    assert [molecule[0].id for molecule in ranked] == ["a", "broken", "b"]
    assert ranked[1] == predictions[1]
    for given, molecule in zip(predictions, ranked, strict=True):
        if molecule[0].failed:
            continue
        found = energies(molecule)
        assert sorted(found) == pytest.approx(sorted(energies(given)))  # the geometries are those given
        assert [one.properties["rank"] for one in molecule] == list(range(1, len(molecule) + 1))
        above = [float(one.properties["relative_energy_kcal"]) for one in molecule]
        assert above == sorted(above) and above[0] == 0
        assert {one.properties["method"] for one in molecule} <= {"MMFF94 single point", "MMFF94, 12 steps"}
    first = energies(ranked[0])  # one of these lies lowest by far
    assert first[0] == min(first) and ranked[0][0].properties["method"] == "MMFF94 single point"


def test_number_and_window_bound_what_is_written(predictions) -> None:
    (first, *_) = chosen_by_energy(predictions, "standard", [Mmff94()], 9)
    middle = float(first[1].properties["relative_energy_kcal"]) + 1e-3
    (near, *_) = chosen_by_energy(predictions, "standard", [Mmff94()], 9, middle)
    assert len(near) == 2
    assert [len(one) for one in chosen_by_energy(predictions, "standard", [Mmff94()], 1)] == [1, 1, 1]


def test_thorough_gives_minima(predictions) -> None:
    (first, *_) = chosen_by_energy(predictions, "thorough", [Mmff94()], 9)
    assert first[0].properties["method"] == "MMFF94 minimum"
    assert energies(first)[0] < min(energies(predictions[0]))


@pytest.mark.parametrize("level", ["standard", "thorough"])
def test_a_minimum_mends_a_start_that_lacked_parameters(level) -> None:
    reason = f"{NO_PARAMETERS} for atom 2 (S): this is RDKit's embedding"
    (given,) = predicted("a", "CCO", 1, reason)
    given.properties["failed"] = reason
    ((one,),) = chosen_by_energy([[given]], level, [Mmff94()], 9)
    if level == "standard":
        assert one == given
    else:
        assert one.failed is None and "failed" not in one.properties
        assert one.properties["method"] == "MMFF94 minimum"
    ((one,),) = chosen_by_energy([[given]], level, [], 9)  # nothing could relax it
    assert one.failed == one.properties["failed"] == reason
