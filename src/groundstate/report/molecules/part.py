"""What the report says about predicted molecular geometries of one data set."""

import pandas as pd
from rdkit.Chem import rdMolDescriptors

from groundstate.report.figures import Figure, distribution_figure, relative_figure, training_figure
from groundstate.report.labels import BASELINES, baseline_order, define
from groundstate.report.methods import Models, collect_methods, comparable
from groundstate.report.molecules.calibration import calibration_figure
from groundstate.report.molecules.errors import MOST, MOST_DRAWN, draw_worst, error_figures
from groundstate.report.molecules.experiments import experiment_blocks
from groundstate.report.molecules.views import molecule_scene, read_sdf
from groundstate.report.parts import (
    HOW_TO_TURN,
    Block,
    Drawing,
    Part,
    anchor,
    over_seeds,
    run_files,
    structure_table,
)
from groundstate.report.runs import Run, read_table
from groundstate.report.scenes import Scene, pick_ranked
from groundstate.report.shipped import shipped_notes
from groundstate.report.tables import PlainTable, metric_tables
from groundstate.report.verdict import START

SOURCE = "geometry/summary.json"
RANKED_BY = ("c_rmsd", "mae", "bond_mae")  # the first that is there orders views and lists
HOW_CHOSEN = "Chosen by rank, not by taste; aligned on heavy atoms (all atoms where those lie on a line)."
LISTED = (
    "failed",
    "error_estimate",
    *RANKED_BY,
    "mae_symmetric",
    "angle_mae",
    "torsion_mae",
    "stereo",
    "mmff_strain",
)


def molecule_part(dataset: str, models: Models) -> Part:
    """Build all blocks of one data set; what was not scored is said in a note."""
    key = anchor("molecules", dataset)
    notes, blocks = shipped_notes("molecules", models), []
    groups = comparable(models, "geometry")
    if len(groups) > 1:
        notes.append(
            "The models were scored on different molecules of this set, so each has a table of its own: "
            "numbers of different molecules are not to be compared."
        )
    for group in groups:
        own = key if len(groups) == 1 else anchor(key, *group)
        title = "Geometry" if len(groups) == 1 else f"Geometry, {', '.join(group)}"
        methods = collect_methods(group, "geometry")
        block = Block(f"{own}-scores", title, tables=metric_tables(methods, _table_caption(group), SOURCE))
        figure = relative_figure(f"{own}-relative", methods, START)
        block.figures = ([figure] if figure else []) + _distributions(own, group)
        block.files = run_files(group, "predicted.sdf", "geometry/molecules.csv", "best.ckpt")
        blocks.append(block)
        figures = _error_figures(own, group)
        if figures:
            blocks.append(Block(f"{own}-errors", "Where the errors are", figures=figures))
    if not groups:
        notes.append(
            "These runs have no geometry score, so there are no error tables; the set may have no reference."
        )
    figure = training_figure(f"{key}-training", models)
    if figure:
        blocks.append(Block(f"{key}-curves", "Training", figures=[figure]))
    for model, runs in models.items():
        scenes = _views(anchor(key, model), runs[0])
        if scenes:
            title = f"Molecules predicted by {model}, seed {runs[0].seed}"
            block = Block(anchor(key, model, "views"), title, [f"{HOW_CHOSEN} {HOW_TO_TURN}"], scenes=scenes)
            block.lists = _lists(runs[0])
            block.drawings = _worst(runs[0])
            blocks.append(block)
    blocks += experiment_blocks(key, next(iter(models.values()))[0].shared)
    return Part(key, "Molecules", dataset, notes, blocks)


def _table_caption(models: Models) -> str:
    """Say what the table is over: every column of it over the same molecules."""
    summaries = [
        run.scores["geometry"] for runs in models.values() for run in runs if "geometry" in run.scores
    ]
    restricted = next((summary for summary in summaries if summary.get("common")), None)
    caption = (
        "Predicted geometries of the test part against the reference, the same molecules in every column."
    )
    if restricted is not None:
        count = restricted["common"]["predicted"]["n"]
        caption += (
            f" Not every method has all of them: the metrics are over the {count:,} that all have (of "
            f"{restricted['n'] + restricted.get('missing', 0):,}); failed and missing ones are counted below."
        )
    return caption + over_seeds(models)


def _rank_column(table: pd.DataFrame) -> str | None:
    return next((name for name in RANKED_BY if name in table and table[name].notna().any()), None)


def _distributions(key: str, models: Models) -> list[Figure]:
    figures = []
    baselines = _baseline_tables(models)
    scored = {
        f"{model}, seed {run.seed}": run.structures["geometry"]
        for model, runs in models.items()
        for run in runs
        if "geometry" in run.structures
    }
    definitions = _definitions(models)
    for column in ("bond_mae", "mae", "c_rmsd"):
        values = {
            name: table.set_index("id")[column].dropna()
            for name, table in (scored | baselines).items()
            if column in table and table[column].notna().any()
        }
        if not values:
            continue
        common = set.intersection(*(set(one.index) for one in values.values()))
        same = {name: one[one.index.isin(common)].to_numpy() for name, one in values.items()}
        samples = {name: one for name, one in same.items() if name in scored}
        beside = {name: one for name, one in same.items() if name in baselines}
        label = define(column, definitions)
        figure = distribution_figure(
            anchor(key, column),
            f"{label.label} by molecule",
            f"{label.label} / {label.unit}",
            samples,
            beside,
            f" The same {len(common):,} molecules in every curve.",
        )
        if figure:
            figures.append(figure)
    return figures


def _definitions(models: Models) -> dict[str, dict]:
    """Give the definitions of the first run that was scored."""
    summaries = _summaries(models)
    return summaries[0].get("definitions", {}) if summaries else {}


def _summaries(models: Models) -> list[dict]:
    return [run.scores["geometry"] for runs in models.values() for run in runs if "geometry" in run.scores]


def _baseline_tables(models: Models) -> dict[str, pd.DataFrame]:
    """Read one row per molecule for each baseline of the first scored run (they are the same for all)."""
    scored = [run for runs in models.values() for run in runs if "geometry" in run.scores]
    names = sorted({*scored[0].scores["geometry"].get("baselines", {})} - {*models}, key=baseline_order)
    paths = {
        BASELINES.get(name, name): scored[0].folder / "geometry" / f"molecules_{name}.csv" for name in names
    }
    return {name: read_table(path) for name, path in paths.items() if path.exists()}


def _lists(run: Run) -> list[PlainTable]:
    table = run.structures.get("geometry", pd.DataFrame())
    column = _rank_column(table)
    if column is None:
        return []
    definitions = _definitions({run.model: [run]})
    label = define(column, definitions).label
    return [
        structure_table(
            table,
            column,
            LISTED,
            definitions,
            f"The molecules with the largest {label}",
            f"At most 30 of {len(table):,} molecules, largest {label} first. All: geometry/molecules.csv.",
        )
    ]


def _error_figures(key: str, models: Models) -> list[Figure]:
    """Draw where the first seed of each model is wrong: by kind of molecule, and where it expects to be."""
    runs = [next(run for run in runs if "geometry" in run.scores) for runs in models.values()]
    tables = {run.model: run.structures["geometry"] for run in runs if "geometry" in run.structures}
    path = runs[0].folder / "predicted.sdf"
    column = _rank_column(next(iter(tables.values()), pd.DataFrame()))
    figures = []
    if column is not None and path.exists():
        start = BASELINES[START]
        beside = {name: table for name, table in _baseline_tables(models).items() if name == start}
        about = define(column, _definitions(models))
        figures = error_figures(key, about, tables, beside, column, read_sdf(path, limit=MOST))
    calibration = calibration_figure(anchor(key, "calibration"), tables)
    return [*figures, *([calibration] if calibration else [])]


def _worst(run: Run) -> list[Drawing]:
    """Draw the molecules with the largest errors."""
    table = run.structures.get("geometry", pd.DataFrame())
    column, path = _rank_column(table), run.folder / "predicted.sdf"
    if column is None or not path.exists():
        return []
    names = table.sort_values(column, ascending=False, kind="stable")["id"].head(MOST_DRAWN)
    return draw_worst(table, column, lambda value: _caption(run, column, value), read_sdf(path, names))


def _views(key: str, run: Run) -> list[Scene]:
    """Show worst, median and best molecules by error; without a reference, the first six of the file."""
    path = run.folder / "predicted.sdf"
    if not path.exists():
        return []
    table = run.structures.get("geometry", pd.DataFrame())
    column = _rank_column(table)
    values: dict[str, float] = {}
    if column is None:
        first = list(read_sdf(path, limit=6))
        chosen = [("", name) for name in first]
    else:
        chosen = pick_ranked(table["id"].tolist(), table[column].tolist())[::-1]
        values = dict(zip(table["id"], table[column], strict=True))
    names = [name for _, name in chosen]
    predicted = read_sdf(path, names)
    sources = {
        "reference": run.shared / "prepared" / "test.sdf",
        "start": run.shared / "conformers" / f"{START}.sdf",
    }
    others = {name: read_sdf(source, names) for name, source in sources.items() if source.exists()}
    scenes = []
    for index, (place, name) in enumerate(chosen):
        if name not in predicted:
            continue
        beside = {layer: mols[name] for layer, mols in others.items() if name in mols}
        caption = _caption(run, column, values[name]) if column else "No reference geometry."
        title = f"{rdMolDescriptors.CalcMolFormula(predicted[name])} · {name}"
        scene = molecule_scene(f"{key}-view-{index}", title, caption, predicted[name], beside)
        scene.place = place
        scenes.append(scene)
    return scenes


def _caption(run: Run, column: str, value: float) -> str:
    about = define(column, _definitions({run.model: [run]}))
    return f"{about.label.split(',')[0]} {about.format(value)} {about.unit}."
