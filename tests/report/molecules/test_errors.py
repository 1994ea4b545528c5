"""Errors by kind of molecule, and drawings of the worst."""

import pandas as pd
import pytest
from rdkit import Chem
from rdkit.Chem import AllChem

from groundstate.metrics.definition import Definition
from groundstate.report.molecules.errors import draw_worst, error_figures

ABOUT = Definition("error", "test", "Å", "lower", "Error")
SMILES = {"a": "CCO", "b": "CCCCO", "c": "CCN", "d": "OCCO", "e": "CCCl", "f": "CO", "g": "CCCO"}


@pytest.fixture
def mols() -> dict[str, Chem.Mol]:
    made = {}
    for name, smiles in SMILES.items():
        made[name] = Chem.AddHs(Chem.MolFromSmiles(smiles))
        AllChem.EmbedMolecule(made[name], randomSeed=1)
    return made


def test_each_kind_has_the_mean_over_its_molecules(mols: dict[str, Chem.Mol]) -> None:
    table = pd.DataFrame({"id": list(SMILES), "x": [1.0, 2.0, 4.0, 6.0, float("nan"), 3.0, 3.0]})
    start = table.assign(x=2 * table["x"])
    figures = {one.id: one for one in error_figures("k", ABOUT, {"m": table}, {"MMFF": start}, "x", mols)}
    assert list(figures) == ["k-by-number-of-heavy-atoms", "k-by-element", "k-by-functional-group"]
    theirs, ours = figures["k-by-functional-group"].data  # models are drawn over baselines
    assert ours["y"] == ["alcohol (5)"] and ours["x"] == [3.0] and theirs["x"] == [6.0]
    # Student's interval of 1, 2, 6, 3, 3
    assert ours["error_x"]["array"] == [pytest.approx(2.776 * 1.8708 / 5**0.5, rel=1e-3)]
    assert (ours["name"], theirs["name"]) == ("m", "MMFF")
    caption = figures["k-by-functional-group"].caption
    assert "of 6; lower is better" in caption and "1 kind of fewer than 5 molecules" in caption
    assert error_figures("k", ABOUT, {"m": table.head(1)}, {}, "x", mols) == []


def test_kinds_without_an_order_begin_with_the_worst(mols: dict[str, Chem.Mol]) -> None:
    many = {f"{name}{k}": mol for k in range(5) for name, mol in mols.items()}
    values = {"a": 1.0, "b": 1.0, "c": 5.0, "d": 1.0, "e": 3.0, "f": 1.0, "g": 1.0}
    table = pd.DataFrame({"id": list(many), "x": [values[name[0]] for name in many]})
    size, rotors, elements, _ = error_figures("k", ABOUT, {"m": table}, {}, "x", many)
    assert elements.data[0]["y"] == ["N (5)", "Cl (5)", "O (25)"]
    assert elements.layout["yaxis"]["categoryarray"] == ["O (25)", "Cl (5)", "N (5)"]  # drawn upwards
    assert size.data[0]["y"] == ["1 to 6 (35)"]
    assert [text.split()[0] for text in rotors.data[0]["y"]] == sorted({"0", "1", "2"})


def test_the_worst_are_drawn_first_with_their_ids(mols: dict[str, Chem.Mol]) -> None:
    table = pd.DataFrame({"id": [*SMILES, "absent"], "x": [1.0, 2.0, 4.0, 6.0, float("nan"), 1.0, 1.0, 9.0]})
    drawings = draw_worst(table, "x", lambda value: f"{value:.1f}", mols, most=2)
    assert [(one.id, one.caption) for one in drawings] == [("d", "6.0"), ("c", "4.0")]
    assert drawings[0].svg.startswith("<svg") and "http" not in drawings[0].svg
