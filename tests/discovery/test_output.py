"""A discovery from Python: judged, ranked, written; symmetry taken where it keeps the energy."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groundstate.crystals.cif.read import read_blocks
from groundstate.crystals.crystal import Crystal, number_of
from groundstate.crystals.models.generate import write_extxyz
from groundstate.crystals.structures import NamedStructure, to_structure
from groundstate.crystals.templates.library import TemplateLibrary
from groundstate.discovery.budget import Budget
from groundstate.discovery.chain import Chain
from groundstate.discovery.discover import Discovery, discover
from groundstate.discovery.output import discovery_table, write_discovery
from groundstate.discovery.part import discovery_part
from groundstate.discovery.proposals import Proposal, Templates
from groundstate.discovery.rows import share_p1
from groundstate.discovery.settings import Discover
from groundstate.discovery.wanted import Wanted, cells_of
from groundstate.potentials.cache import Cache
from groundstate.potentials.calculations import Calculations
from groundstate.potentials.interface import find_potential
from groundstate.report.page import write_report
from groundstate.stability.references.hull import ReferenceHull
from groundstate.stability.references.phases import References
from groundstate.stability.settings import ScoreStability

EMT = ScoreStability(
    potential="ase.calculators.emt:EMT",
    potential_scheme="emt",
    workers=0,
    fmax=0.1,
    whole_references=True,
    element_reference="own",
    phonons=True,
)
NUMBERS = np.array([number_of("Cu"), number_of("Au")])
ORDERED = Crystal("L1_0", NUMBERS, np.array([[0.0] * 3, [0.5] * 3]), np.diag([2.8, 2.8, 3.7]))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Discovery, Path]:
    folder = tmp_path_factory.mktemp("made")
    library = TemplateLibrary([ORDERED])
    settings = Discover(max_atoms=4, stability=EMT)
    wanted = [cells_of(dict.fromkeys(NUMBERS.tolist(), 1), 4)]
    found = discover(
        wanted, [Templates(library, 3)], library, folder, settings, Budget(2), Cache(folder / "cache")
    )
    write_discovery(folder, found, {"asked": "CuAu", "budget": "2"})
    return found, folder


def test_a_relaxed_crystal_has_its_space_group_and_a_cif_that_says_so(made: tuple[Discovery, Path]) -> None:
    found, folder = made
    (row,) = found.rows
    assert (row.id, row.outcome, row.space_group_number) == ("CuAu-001", "converged", 123)
    assert row.origin == "template L1_0 (distance 0.00)" and row.unique and not row.novel
    assert row.volume_ratio == pytest.approx(1, abs=0.1)
    assert (row.dynamics, row.dynamics_reason) == ("not_computed", "no energy above the hull")
    assert json.loads((folder / "summary.json").read_text())["phonons_not_computed"] == 1
    assert "phonons: 0 of 0" in discovery_table(found)
    assert share_p1(found.rows) == 0
    text = (folder / "cifs/conventional/CuAu-001.cif").read_text()
    assert "P4/mmm" in text and len(read_blocks(text)[0].read("x").atomic_numbers) == 2
    table = pd.read_csv(folder / "crystals.csv")
    assert table["origin"][0] == row.origin and table["symprec"][0] == 0.1


def test_the_table_is_for_people(made: tuple[Discovery, Path]) -> None:
    text = discovery_table(made[0])
    assert "CuAu-001" in text and "P4/mmm (123)" in text and "P1: 0 %" in text


class Once(Templates):
    """Templates that take the file of references away before they propose."""

    def propose(self, wanted: Wanted) -> list[Proposal]:
        Path("phases.extxyz").unlink()
        return super().propose(wanted)


def test_references_are_read_once_and_known_structures_join_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = [
        Crystal(symbol, np.array([number_of(symbol)]), np.zeros((1, 3)), np.eye(3) * 2.6)
        for symbol in ("Cu", "Au", "Ag")
    ]
    write_extxyz("phases.extxyz", [*given, ORDERED._replace(id="mp-2258")])  # of Cu3Au, which has no energy
    cubic = Crystal("mp-2258", NUMBERS[[0, 0, 0, 1]], (1 - np.eye(4)[:, :3]) / 2, np.eye(3) * 3.75)
    cubic.frac_coords[3] = 0
    library = TemplateLibrary([cubic])
    asked = EMT.model_copy(update={"whole_references": False, "phonons": False})
    settings = Discover(max_atoms=4, stability=asked)
    wanted = [cells_of({int(NUMBERS[0]): 3, int(NUMBERS[1]): 1}, 4)]
    budget, cache, references = Budget(1), Cache(tmp_path / "cache"), [Path("phases.extxyz")]
    found = discover(wanted, [Once(library, 1)], library, tmp_path, settings, budget, cache, references)
    names = {phase.id for phase in found.evaluation.hull.phases}
    assert names >= {"mp-2258", ".at_hand.extxyz:mp-2258"} and "Ag" not in names


def test_a_symmetrised_cell_is_taken_where_it_keeps_the_energy(tmp_path: Path) -> None:
    shaken = ORDERED._replace(frac_coords=ORDERED.frac_coords + np.array([[0, 0, 0], [0.01, 0.004, 0]]))
    calculations = Calculations(find_potential(EMT.potential, {}, "emt"), Cache(tmp_path), EMT, 0)
    chain = Chain(calculations, 2, 0.1, References(ReferenceHull([]), {}, [], []))
    (judged,) = chain.judge([NamedStructure("shaken", to_structure(shaken))])
    assert judged.symmetrised and chain.rejections == []
    places = judged.structure.structure.frac_coords
    assert np.allclose((places[1] - places[0]) % 1, 0.5)


def test_a_hole_is_rejected_and_the_best_of_a_formula_are_chosen(tmp_path: Path) -> None:
    calculations = Calculations(find_potential(EMT.potential, {}, "emt"), Cache(tmp_path), EMT, 0)
    chain = Chain(calculations, 2, 0.1, References(ReferenceHull([]), {"Cu": 50.0, "Au": 50.0}, [], []))
    assert chain.judge([NamedStructure("deep", to_structure(ORDERED))]) == []
    (rejection,) = chain.rejections
    assert rejection.stage == "short relaxation" and "a hole of the potential" in rejection.reason


def test_the_report_of_a_run_has_the_ranked_table_and_a_link(
    made: tuple[Discovery, Path], tmp_path: Path
) -> None:
    found, folder = made
    part = discovery_part(folder, folder.parent)
    assert [row[0].text for row in part.blocks[0].lists[0].rows] == [row.id for row in found.rows]
    write_report([], [], tmp_path / "report.html", discoveries=[part])
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert f'href="{folder.name}/discovery.html"' in page
    assert "proposed for CuAu" in page
