"""Volume and symmetry of the generated crystals before and after relaxing."""

import pandas as pd

from groundstate.report.crystals.relaxing import SYSTEMS, symmetry_figure, volume_figure

TABLE = pd.DataFrame(
    {
        "volume_ratio": [1.0, 1.04, 0.8, None],
        "initial_space_group_number": [1, 1, 225, None],
        "space_group_number": [221, 1, 139, None],
    }
)


def test_changes_of_volume_are_percent_of_the_start():
    figure = volume_figure("f", "net", TABLE)
    assert figure.data[0]["x"] == [0.0, 4.0, -20.0]
    assert "of 3 crystals: median +0.0 %, within 5% of the start 67% of them" in figure.caption
    assert volume_figure("f", "net", TABLE[3:]) is None


def test_crystal_systems_are_counted_from_before_to_after():
    figure = symmetry_figure("f", "net", TABLE)
    counts = figure.data[0]["z"]
    found = {(SYSTEMS[i], SYSTEMS[j]): n for i, row in enumerate(counts) for j, n in enumerate(row) if n}
    assert found == {
        ("triclinic", "cubic"): 1,
        ("triclinic", "triclinic"): 1,
        ("cubic", "tetragonal"): 1,
    }
    assert "of 3: " in figure.caption and "rises for 1 and falls for 1" in figure.caption
    assert "P1 are 67% as generated, 33% relaxed" in figure.caption
    assert symmetry_figure("f", "net", TABLE[3:]) is None
