"""What relaxing does to the generated crystals: their volume and their symmetry, before and after."""

import numpy as np
import pandas as pd
from pymatgen.symmetry.groups import SpaceGroup

from groundstate.report.figures import COLORS, GREY, Figure, new_plot

VOLUME, BEFORE, AFTER = "volume_ratio", "initial_space_group_number", "space_group_number"
SYSTEMS = ("triclinic", "monoclinic", "orthorhombic", "tetragonal", "trigonal", "hexagonal", "cubic")
CLOSE = 0.05  # of the volume
SOURCE = "Source: stability/crystals.csv."


def volume_figure(figure_id: str, model: str, crystals: pd.DataFrame) -> Figure | None:
    """Draw by how much relaxing changes the volume."""
    ratios = crystals[VOLUME].dropna().to_numpy(dtype=float)
    if not len(ratios):
        return None
    changes = 100 * (ratios - 1)
    close = np.mean(np.abs(ratios - 1) <= CLOSE)
    plot = new_plot("change of volume by relaxing, %", "crystals", bargap=0.05)
    plot.add_histogram(x=np.round(changes, 2).tolist(), nbinsx=40, marker_color=COLORS[0], name="crystals")
    plot.add_vline(0, line_color=GREY)
    return Figure(
        figure_id,
        f"Volume before and after relaxing, {model}",
        f"Volume relaxed over volume as generated, of {len(ratios):,} crystals: median "
        f"{np.median(changes):+.1f} %, within {CLOSE:.0%} of the start {close:.0%} of them; the closer to 0 "
        f"(line), the nearer the model was to a minimum. {SOURCE}",
        plot,
    )


def symmetry_figure(figure_id: str, model: str, crystals: pd.DataFrame) -> Figure | None:
    """Count crystals by crystal system as generated and as relaxed."""
    both = crystals[[BEFORE, AFTER]].dropna().astype(int)
    if both.empty:
        return None
    counts = np.zeros((len(SYSTEMS), len(SYSTEMS)), dtype=int)
    for before, after in both.itertuples(index=False):
        counts[_system(before), _system(after)] += 1
    plot = new_plot("crystal system, relaxed", "as generated", margin={"l": 100, "r": 10, "t": 16, "b": 80})
    plot.add_heatmap(
        z=[[int(value) or None for value in row] for row in counts],
        x=SYSTEMS,
        y=SYSTEMS,
        texttemplate="%{z}",
        textfont_color="#1b2130",
        hovertemplate="%{y} to %{x}: %{z}<extra></extra>",
        colorscale=[[0, "#d5e8f5"], [1, "#6aaed6"]],
        showscale=False,
        xgap=2,
        ygap=2,
    )
    higher, lower = ((both[AFTER] > both[BEFORE]).sum(), (both[AFTER] < both[BEFORE]).sum())
    plain = [(both[column] == 1).mean() for column in (BEFORE, AFTER)]
    return Figure(
        figure_id,
        f"Symmetry before and after relaxing, {model}",
        f"Number of crystals by crystal system (space groups to 0.1 Å), of {len(both):,}: on the diagonal "
        f"the system stays. The number of the space group rises for {higher:,} and falls for {lower:,}; P1 "
        f"are {plain[0]:.0%} as generated, {plain[1]:.0%} relaxed (real crystals are rarely P1). "
        f"{SOURCE}",
        plot,
        height=380,
    )


def _system(number: int) -> int:
    return SYSTEMS.index(SpaceGroup.from_int_number(number).crystal_system)
