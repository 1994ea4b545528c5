"""Errors by kind of molecule, and drawings of the worst."""

import pandas as pd
import pytest
from rdkit import Chem
from rdkit.Chem import AllChem

from groundstate.metrics.definition import Definition
from groundstate.report.molecules.errors import draw_worst, error_figure

ABOUT = Definition("error", "test", "Å", "lower", "Error")
SMILES = {"a": "CCO", "b": "CCCCO", "c": "CCN", "d": "OCCO", "e": "CCCl"}


@pytest.fixture
def mols() -> dict[str, Chem.Mol]:
    made = {}
    for name, smiles in SMILES.items():
        made[name] = Chem.AddHs(Chem.MolFromSmiles(smiles))
        AllChem.EmbedMolecule(made[name], randomSeed=1)
    return made


def test_each_kind_has_the_mean_over_its_molecules(mols: dict[str, Chem.Mol]) -> None:
    table = pd.DataFrame({"id": list(SMILES), "x": [1.0, 2.0, 4.0, 6.0, float("nan")]})
    figure = error_figure("f", ABOUT, {"m": table}, "x", mols)
    points = dict(zip(figure.data[0]["x"], figure.data[0]["y"], strict=True))
    assert points == {
        "1–6 atoms": pytest.approx(3.25),
        "with O": pytest.approx(3.0),
    }
    assert figure.data[0]["text"] == ["4 molecules", "3 molecules"]
    assert error_figure("f", ABOUT, {"m": table.head(1)}, "x", mols) is None


def test_the_worst_are_drawn_first_with_their_ids(mols: dict[str, Chem.Mol]) -> None:
    table = pd.DataFrame({"id": [*SMILES, "absent"], "x": [1.0, 2.0, 4.0, 6.0, float("nan"), 9.0]})
    drawings = draw_worst(table, "x", lambda value: f"{value:.1f}", mols, most=2)
    assert [(one.id, one.caption) for one in drawings] == [("d", "6.0"), ("c", "4.0")]
    assert drawings[0].svg.startswith("<svg") and "http" not in drawings[0].svg
