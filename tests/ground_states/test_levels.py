"""Ranking by energy at three levels, with MMFF94, and what is said where a potential refuses."""

from collections.abc import Sequence

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from groundstate.ground_states.levels import NEAR, STEPS, rank_molecules
from groundstate.molecular_potentials.aimnet2 import Aimnet2
from groundstate.molecular_potentials.interface import KCAL, MolecularPotential
from groundstate.molecular_potentials.mmff94 import Mmff94
from groundstate.molecular_potentials.relax import relax_molecules
from groundstate.molecular_potentials.settings import RelaxMolecules


@pytest.fixture(scope="module")
def molecules() -> list[tuple[Chem.Mol, list[np.ndarray]]]:
    made = []
    for smiles in ("CCCCO", "[Sn](C)(C)(C)C", "OCCN"):
        mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
        rdDistGeom.EmbedMultipleConfs(mol, 5, randomSeed=1)
        made.append((mol, [conformer.GetPositions() for conformer in mol.GetConformers()]))
    return made


class Refuses(Mmff94):
    """Takes no molecule."""

    def refusal(self, mol: Chem.Mol) -> str:
        return "it takes none"


def potentials(*more: MolecularPotential) -> Sequence[MolecularPotential]:
    return [*more, Mmff94()]


def test_fast_keeps_the_order_of_the_network(molecules) -> None:
    mol, geometries = molecules[0]
    (ranked,) = rank_molecules([(mol, geometries)], "fast", potentials())
    assert [one.candidate for one in ranked] == list(range(5))
    assert all(one.relative is None and one.method == "network" for one in ranked)


def test_standard_sorts_by_single_points_where_one_lies_lowest(molecules) -> None:
    mol, geometries = molecules[0]
    (ranked,) = rank_molecules([(mol, geometries)], "standard", potentials())
    energies = Mmff94().single_points([mol] * 5, geometries) * KCAL
    assert np.sort(energies)[1] > energies.min() + NEAR  # nothing to follow
    assert ranked[0].candidate == int(energies.argmin()) and ranked[0].relative == 0
    for one in ranked:
        assert one.relative == pytest.approx(energies[one.candidate] - energies.min(), abs=1e-6)
    assert ranked[0].method == "MMFF94 single point" and ranked[0].note is None


def test_standard_follows_those_near_the_lowest_and_keeps_their_geometries(molecules) -> None:
    mol, geometries = molecules[0]
    ends = relax_molecules(Mmff94(), [mol] * 5, geometries, RelaxMolecules(fmax=1e-3))
    minima = sorted(ends, key=lambda one: one.energy)
    low, high = minima[0].positions, minima[-1].positions
    apart = (minima[-1].energy - minima[0].energy) * KCAL
    assert 0.1 < apart < 3
    noise = np.random.default_rng(0).normal(size=low.shape)
    scale, raised = 0.0, low
    while Mmff94().single_points([mol], [raised])[0] * KCAL < minima[-1].energy * KCAL + NEAR / 2:
        scale += 1e-3
        raised = low + scale * noise
    (ranked,) = rank_molecules([(mol, [high, raised, *geometries])], "standard", potentials())
    first, second, *others = ranked
    assert (first.candidate, second.candidate) == (1, 0)  # though its single point lies higher
    np.testing.assert_array_equal(first.positions, raised)
    assert first.method == second.method == f"MMFF94, {STEPS} steps"
    assert second.relative == pytest.approx(apart, abs=0.1)
    assert [one.method for one in others] == ["MMFF94 single point"] * len(others)
    assert 0 < second.relative < others[0].relative


def test_thorough_gives_distinct_minima_with_energies_below_their_starts(molecules) -> None:
    mol, geometries = molecules[0]
    (ranked,) = rank_molecules([(mol, geometries)], "thorough", potentials(), relaxed=3)
    assert 1 <= len(ranked) <= 3 and ranked[0].method == "MMFF94 minimum"
    relative = [one.relative for one in ranked]
    assert relative == sorted(relative) and relative[0] == 0
    found = Mmff94().single_points([mol], [ranked[0].positions])[0]
    assert found < Mmff94().single_points([mol] * 5, geometries).min()


def test_a_refusal_passes_to_the_next_and_is_said(molecules) -> None:
    mol, geometries = molecules[0]
    ((first, *_),) = rank_molecules([(mol, geometries)], "standard", potentials(Refuses()))
    assert first.method == "MMFF94 single point" and first.note == "it takes none"
    (kept,) = rank_molecules([molecules[1]], "thorough", potentials())
    assert kept[0].method == "network" and "no parameters" in (kept[0].note or "")
    assert len(kept) == len(molecules[1][1])


def test_molecules_do_not_see_each_other(molecules) -> None:
    together = rank_molecules(molecules, "thorough", potentials())
    for one, ranked in zip(molecules, together, strict=True):
        (alone,) = rank_molecules([one], "thorough", potentials())
        assert [(r.candidate, r.method, r.note) for r in ranked] == [
            (r.candidate, r.method, r.note) for r in alone
        ]


@pytest.mark.network
def test_aimnet2_ranks_what_it_takes_and_mmff94_the_rest(molecules) -> None:
    aimnet2 = Aimnet2()
    try:
        aimnet2.single_points([molecules[0][0]], molecules[0][1][:1])
    except Exception as error:
        pytest.skip(str(error))
    first, tin, last = rank_molecules(molecules, "standard", [aimnet2, Mmff94()])
    assert {first[0].method, last[0].method} <= {
        f"{aimnet2.title} single point",
        f"{aimnet2.title}, {STEPS} steps",
    }
    assert "element of atom Sn1" in (tin[0].note or "") and "no parameters" in (tin[0].note or "")
