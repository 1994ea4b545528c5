"""The ranker: invariances, its loss by hand, the choice of least expected error."""

import numpy as np
import pytest
import torch
from rdkit import Chem
from rdkit.Chem import rdDistGeom, rdMolTransforms

from groundstate.molecules.models.gaunt.ranker import Ranker, collate_candidates, torsion_waves
from groundstate.molecules.models.gaunt.ranking_loss import (
    TEMPERATURE,
    WINDOW,
    energy_loss,
    log_softmax_within,
    ranking_loss,
)
from groundstate.molecules.models.graphs.graph import ATOM_FEATURES, collate, graph_of
from groundstate.molecules.mols import parse_smiles

ELEMENTS = [6, 7, 8]
GRAPHS = [graph_of(parse_smiles(smiles), ELEMENTS) for smiles in ("CCCO", "O", "CC#N", "C1CC1N")]
COUNTS = (3, 1, 2, 4)


def network():
    torch.manual_seed(0)
    ranker = Ranker(len(ELEMENTS) + ATOM_FEATURES, 8, 2, 8, 0.1).eval()
    for parameter in ranker.parameters():  # zero-initialised parts stand for any trained value
        torch.nn.init.normal_(parameter, std=0.3)
    return ranker


def geometries():
    rng = np.random.default_rng(0)
    return [
        [rng.normal(size=(len(graph.atoms), 3)) * 2 for _ in range(count)]
        for graph, count in zip(GRAPHS, COUNTS, strict=True)
    ]


def scores(ranker, graphs, candidates):
    batch = collate(graphs)
    hints = [np.zeros((len(some), 2)) for some in candidates]
    with torch.no_grad():
        return torch.cat(ranker(batch, collate_candidates(graphs, batch, candidates, hints)))


def test_scores_change_with_the_hand_but_not_with_rotation_and_translation():
    ranker, candidates = network(), geometries()
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    rotation *= np.linalg.det(rotation)
    moved = [[one @ rotation + [3.0, -1.0, 2.0] for one in some] for some in candidates]
    first = scores(ranker, GRAPHS, candidates)
    assert first.std() > 0.1
    torch.testing.assert_close(scores(ranker, GRAPHS, moved), first, rtol=1e-4, atol=1e-4)
    mirrored = [[one * [1, 1, -1] for one in some] for some in candidates]
    assert (scores(ranker, GRAPHS, mirrored) - first)[:3].abs().min() > 1e-3  # CCCO has a torsion


def test_a_score_depends_on_its_own_geometry_alone():
    ranker, candidates = network(), geometries()
    together = scores(ranker, GRAPHS, candidates).view(2, -1).T.tolist()
    for graph, some in zip(GRAPHS, candidates, strict=True):
        for one in some:
            alone = scores(ranker, [graph], [[one]]).tolist()
            assert alone == pytest.approx(together.pop(0), rel=1e-4, abs=1e-4)


def test_loss_compares_the_candidates_of_one_molecule_only():
    molecule = torch.tensor([0, 0, 1, 1, 1])
    errors = torch.tensor([0.1, 0.1, 0.5, 0.6, 0.9])
    perfect = -errors / TEMPERATURE
    loss, chosen = ranking_loss(perfect, errors, molecule, 2)
    assert float(loss) == pytest.approx(0, abs=1e-5) and float(chosen) == pytest.approx((0.1 + 0.5) / 2)
    shifted, _ = ranking_loss(perfect + torch.tensor([5.0, 5, -3, -3, -3]), errors, molecule, 2)
    assert float(shifted) == pytest.approx(0, abs=1e-5)
    # one molecule, two equal candidates, scores differ by ln 3: probabilities 3/4 and 1/4 against 1/2 and 1/2
    uneven, _ = ranking_loss(torch.tensor([np.log(3.0), 0.0]), errors[:2], molecule[:2], 1)
    assert float(uneven) == pytest.approx(0.5 * np.log(0.5 / 0.75) + 0.5 * np.log(0.5 / 0.25), abs=1e-5)
    sums = log_softmax_within(torch.randn(5), molecule, 2).exp()
    torch.testing.assert_close(torch.tensor([sums[:2].sum(), sums[2:].sum()]), torch.ones(2))


def test_torsions_are_those_of_rdkit():
    mol = Chem.AddHs(parse_smiles("C[C@H](O)CO"))
    rdDistGeom.EmbedMolecule(mol, randomSeed=1)
    graph = graph_of(mol, [1, 6, 8])
    batch = collate([graph])
    candidates = collate_candidates([graph], batch, [[mol.GetConformer().GetPositions()]], [np.zeros((1, 2))])
    turns = torsion_waves(candidates).numpy()
    angles = [rdMolTransforms.GetDihedralRad(mol.GetConformer(), *row) for row in graph.torsions.tolist()]
    assert len(angles) == (graph.separation == 3).sum() > 10
    np.testing.assert_allclose(turns[:, 0], np.cos(angles), atol=1e-5)
    np.testing.assert_allclose(turns[:, 5], np.sin(3 * np.array(angles)), atol=1e-4)
    ends = candidates.first[candidates.turned], candidates.second[candidates.turned]
    np.testing.assert_array_equal(np.stack(ends, axis=1), graph.torsions[:, [0, 3]])


def test_an_untrained_ranker_gives_the_energies_of_the_force_field():
    ranker, candidates = Ranker(len(ELEMENTS) + ATOM_FEATURES, 8, 2, 8, 0.1).eval(), geometries()
    batch = collate(GRAPHS)
    hints = [np.stack([np.arange(len(some)) / 10, np.ones(len(some))], axis=1) for some in candidates]
    with torch.no_grad():
        _, energies = ranker(batch, collate_candidates(GRAPHS, batch, candidates, hints))
    torch.testing.assert_close(energies, torch.tensor([0.0, 1, 2, 0, 0, 1, 0, 1, 2, 3]))


def test_energies_are_compared_from_any_zero_and_unknown_ones_are_left_out():
    molecule = torch.tensor([0, 0, 0, 1, 1, 2])
    target = torch.tensor([0.0, WINDOW, torch.nan, 4.0, 4.0, torch.nan])
    shifted = target.nan_to_num(99.0) + torch.tensor([7.0, 7, 7, -2, -2, 0])
    assert float(energy_loss(shifted, target, molecule, 3)) == pytest.approx(0, abs=1e-6)
    # off by 3 where it counts half: from their weighted mean, 1, the two are off by 1 and 2
    off = shifted + torch.tensor([0.0, 3, 0, 0, 0, 0])
    assert float(energy_loss(off, target, molecule, 3)) == pytest.approx((1 * 1 + 0.5 * 2) / (1.5 + 2))
    assert float(energy_loss(off, torch.full((6,), torch.nan), molecule, 3)) == 0
