"""Phase diagrams show known phases, their hull, and the generated crystals of the same system."""

import pandas as pd
import pytest

from groundstate.report.crystals.hulls import MOST, hull_figures

PHASES = pd.DataFrame(
    {
        "id": [f"mp-{k}" for k in range(6)],
        "formula": ["SrO", "TiO2", "SrTiO3", "TiO", "TiO2", "Ti2O3"],
        "formation_energy_per_atom": [-3.0, -3.2, -3.4, -2.0, -3.1, -3.1],
    }
)


def crystals(*rows: tuple[str, str, float | None]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": [f"g{k}" for k in range(len(rows))],
            "formula": [formula for formula, *_ in rows],
            "system": [system for _, system, _ in rows],
            "energy_above_hull": [energy for *_, energy in rows],
            "formation_energy_per_atom": [None if energy is None else -3.0 + energy for *_, energy in rows],
        }
    )


def test_a_binary_has_the_line_of_its_stable_phases():
    made = crystals(("Ti3O5", "O-Ti", 0.05), ("TiO", "O-Ti", None), ("NaCl", "Cl-Na", 0.0))
    (figure,), more = hull_figures("k", made, PHASES)
    stable, above, ours = figure.data
    assert more == 0 and figure.id == "k-system-O-Ti"
    assert stable["x"] == pytest.approx([0.0, 1 / 3, 0.4, 1.0], abs=1e-4)  # O, TiO2, Ti2O3, Ti along Ti
    assert stable["y"] == [0.0, -3.2, -3.1, 0.0]
    assert above["y"] == [-3.1]  # TiO, 0.58 above its mixture, is left out
    assert (ours["x"], ours["y"], ours["text"]) == ([0.375], [-2.95], ["Ti3O5"])
    assert "1 generated crystal of this system" in figure.caption
    assert "the 4 known compounds" in figure.caption
    assert "1 more than 0.3 eV/atom above the hull are left out" in figure.caption


def test_a_ternary_is_a_triangle_coloured_by_energy():
    made = crystals(("Sr2TiO4", "O-Sr-Ti", 0.02), ("SrTiO3", "O-Sr-Ti", 0.0))
    (figure,), _ = hull_figures("k", made, PHASES)
    facets, stable, _, ours = figure.data
    assert {trace["type"] for trace in figure.data} == {"scatterternary"}
    assert facets["a"].count(None) == facets["b"].count(None) >= 3
    assert dict(zip(stable["text"], stable["b"], strict=True))["SrTiO3"] == pytest.approx(0.2)
    assert ours["a"] == pytest.approx([4 / 7, 3 / 5], abs=1e-4) and ours["marker"]["color"] == [0.02, 0.0]
    titles = [figure.layout["ternary"][f"{axis}axis"]["title"]["text"] for axis in "abc"]
    assert titles == ["O", "Sr", "Ti"]


def test_systems_with_one_known_compound_are_not_drawn_and_others_are_counted():
    assert hull_figures("k", crystals(("Sr2O", "O-Sr", 0.0)), PHASES) == ([], 0)
    metals = ("Li", "Na", "K", "Rb", "Cs", "Be", "Mg", "Ca", "Ba", "Al")
    known = pd.DataFrame(
        {
            "id": [f"{metal}{k}" for metal in metals for k in (1, 2)],
            "formula": [f"{metal}{k}N" for metal in metals for k in (1, 2)],
            "formation_energy_per_atom": -1.0,
        }
    )
    rows = [(f"{metal}3N", "-".join(sorted((metal, "N"))), 0.1 * k) for k, metal in enumerate(metals)]
    figures, more = hull_figures("k", crystals(*rows), known)
    assert len(figures) == MOST and more == len(metals) - MOST
    assert figures[0].title == "Phase diagram Li–N"  # the lowest crystal first
