"""Which crystals are shown, and that those without a result are counted and not shown."""

from pathlib import Path

import pytest

from groundstate.report.crystals.gallery import crystal_lists, crystal_scenes, without_result
from groundstate.report.runs import Run, read_run


@pytest.fixture(scope="module")
def run(results: Path) -> Run:
    return read_run(results / "crystals/flla/unimat/seed0", "crystals")


def test_only_crystals_with_a_result_are_shown_lowest_first(run: Run) -> None:
    scenes = crystal_scenes("k", run)
    assert [scene.place for scene in scenes] == ["lowest", "lowest", "median", "median", "highest", "highest"]
    assert not any("seed0-0007" in scene.title for scene in scenes)  # has no energy
    first = scenes[0]
    assert first.title == "SrTiO3 · seed0-0000"
    assert first.caption.startswith(
        "0.000 eV/atom above the hull; P1 as generated, Pm-3m relaxed; volume +6.0 % by relaxing. Cell gen"
    )
    assert first.files["CIF"].name == "seed0-0000.cif" and first.files["CIF"].exists()


def test_generated_and_relaxed_look_different(run: Run) -> None:
    generated, relaxed = crystal_scenes("k", run)[0].layers
    assert (generated.name, generated.grey, generated.visible) == ("generated", True, False)
    assert (relaxed.name, relaxed.grey, relaxed.visible) == ("relaxed", False, True)


def test_the_list_holds_results_and_a_sentence_counts_the_others(run: Run) -> None:
    (table,) = crystal_lists(run)
    energies = [
        row[[column.name for column in table.columns].index("Energy above hull, eV/atom")]
        for row in table.rows
    ]
    assert [cell.value for cell in energies] == sorted(cell.value for cell in energies)
    assert len(table.rows) == 7 and table.opened and "All 7 crystals" in table.caption
    assert {"Space group", "Space group as generated"} <= {column.name for column in table.columns}
    assert without_result(run) == (
        "1 of 8 crystals of unimat, seed 0, have no energy above the hull and are in no list or view: "
        "1 not converged. Each with its reason: stability/rejected.csv."
    )


def test_without_a_stability_score_the_first_of_the_file_are_shown(tmp_path, make_crystals) -> None:
    run = read_run(make_crystals(tmp_path, stability=False), "crystals")
    scenes = crystal_scenes("k", run)
    assert [scene.place for scene in scenes] == [""] * 6
    assert [layer.name for layer in scenes[0].layers] == ["generated"] and not scenes[0].grey
    assert crystal_lists(run) == [] and without_result(run) == ""
