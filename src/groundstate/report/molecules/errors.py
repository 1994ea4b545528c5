"""Where a model is wrong: its error by kind of molecule, and drawings of the molecules that it has worst."""

import re
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from markupsafe import Markup
from rdkit import Chem
from rdkit.Chem import rdDepictor, rdMolDescriptors
from rdkit.Chem.Draw import rdMolDraw2D

from groundstate.metrics.definition import Definition
from groundstate.report.figures import COLORS, Figure, base_layout, significant
from groundstate.report.parts import Drawing

MOST = 5000  # molecules that are read for the bars
FEWEST = 3  # molecules of a bar
WIDTH, HEIGHT = 220, 170  # pixels of a drawing
SIZES = ((1, 6), (7, 7), (8, 8), (9, 9), (10, 14), (15, 19), (20, 29), (30, 10_000))


def error_figure(
    figure_id: str,
    about: Definition,
    tables: Mapping[str, pd.DataFrame],
    column: str,
    mols: Mapping[str, Chem.Mol],
) -> Figure | None:
    """Draw the mean error of each model over molecules of one size, number of rotors, or element.

    Parameters
    ----------
    about
        What the error is.
    tables
        One row a molecule, with ``id`` and ``column``, by model.
    mols
        The molecules by id.
    """
    kinds = {name: _kinds(mol) for name, mol in mols.items()}
    order = list(dict.fromkeys(sorted(kind for some in kinds.values() for kind in some)))
    data, shown = [], set()
    for index, (model, table) in enumerate(tables.items()):
        values = dict(zip(table["id"], table[column].astype(float), strict=True))
        groups = {}
        for kind in order:
            some = np.array([values[k] for k, own in kinds.items() if kind in own and k in values])
            some = some[np.isfinite(some)]
            if len(some) >= FEWEST:
                groups[kind] = some
        if groups:
            shown |= set(groups)
            data.append(_bars(model, groups, COLORS[index % len(COLORS)]))
    if not data:
        return None
    axis = f"{about.label} / {about.unit}" if about.unit else about.label
    return Figure(
        figure_id,
        f"{about.label} by kind of molecule",
        f"Mean over the test molecules of a kind, {about.direction or 'lower'} is better; bars: 95 % "
        f"interval of the mean. Kinds of fewer than {FEWEST} molecules are left out; hover for the number. "
        "Source: geometry/molecules.csv.",
        data,
        base_layout(
            xaxis={
                "title": {"text": ""},
                "categoryorder": "array",
                "categoryarray": [kind[1] for kind in order if kind in shown],
                "tickangle": -40,
            },
            yaxis={"title": {"text": axis}, "rangemode": "tozero"},
        ),
        height=380,
    )


def _bars(model: str, groups: Mapping[tuple[int, str], np.ndarray], color: str) -> dict:
    half = [1.96 * some.std(ddof=1) / np.sqrt(len(some)) for some in groups.values()]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": model,
        "x": [text for _, text in groups],
        "y": significant([some.mean() for some in groups.values()]),
        "error_y": {"type": "data", "array": significant(half), "thickness": 1.4, "color": color},
        "text": [f"{len(some):,} molecules" for some in groups.values()],
        "marker": {"color": color, "size": 8},
    }


def _kinds(mol: Chem.Mol) -> set[tuple[int, str]]:
    """Name the kinds that a molecule is of, with the place of each on the axis."""
    heavy = mol.GetNumHeavyAtoms()
    low, high = next(size for size in SIZES if heavy <= size[1])
    size = f"{low} atoms" if low == high else f"{low}+ atoms" if high > 100 else f"{low}–{high} atoms"
    rotors = rdMolDescriptors.CalcNumRotatableBonds(Chem.RemoveHs(mol))
    turns = f"{min(rotors, 5)}{'+' if rotors >= 5 else ''} rotor{'s' * (rotors != 1)}"
    numbers = {atom.GetAtomicNum() for atom in mol.GetAtoms()} - {1, 6}
    table = Chem.GetPeriodicTable()
    return {(low, size), (200 + min(rotors, 5), turns)} | {
        (300 + number, f"with {table.GetElementSymbol(number)}") for number in numbers
    }


def draw_worst(
    table: pd.DataFrame,
    column: str,
    format_value: Callable[[float], str],
    mols: Mapping[str, Chem.Mol],
    most: int = 8,
) -> list[Drawing]:
    """Draw the molecules with the largest errors, worst first."""
    having = table[table["id"].isin(list(mols)) & table[column].notna()]
    worst = having.sort_values(column, ascending=False, kind="stable").head(most)
    return [
        Drawing(name, format_value(float(value)), _svg(mols[name]))
        for name, value in zip(worst["id"], worst[column], strict=True)
    ]


def _svg(mol: Chem.Mol) -> Markup:
    flat = Chem.RemoveHs(mol)
    Chem.AssignStereochemistryFrom3D(flat, replaceExistingTags=True)
    flat.RemoveAllConformers()
    rdDepictor.Compute2DCoords(flat)
    drawer = rdMolDraw2D.MolDraw2DSVG(WIDTH, HEIGHT)
    options = drawer.drawOptions()
    options.clearBackground = False  # type: ignore[assignment]
    rdMolDraw2D.PrepareAndDrawMolecule(drawer, flat)
    drawer.FinishDrawing()
    text = drawer.GetDrawingText()
    text = re.sub(
        r"<\?xml.*?\?>|<!--.*?-->|\s+xml[\w:]*=(['\"]).*?\1|\s+baseProfile=(['\"]).*?\2",
        "",
        text,
        flags=re.DOTALL,
    )
    return Markup(text.strip())
