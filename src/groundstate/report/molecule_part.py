"""What the report says about predicted molecular geometries of one data set."""

import pandas as pd
from rdkit.Chem import rdMolDescriptors

from groundstate.report.experiments import experiment_blocks
from groundstate.report.figures import Figure, distribution_figure, relative_figure, training_figure
from groundstate.report.labels import BASELINES, baseline_order, label_of, number
from groundstate.report.molecule_views import molecule_scene, read_sdf
from groundstate.report.parts import HOW_TO_TURN, Block, Part, anchor, over_seeds, structure_table
from groundstate.report.runs import Run, read_table
from groundstate.report.scenes import Scene, pick_ranked
from groundstate.report.tables import PlainTable, collect_methods, metric_tables
from groundstate.report.verdict import START

RANKED_BY = ("c_rmsd", "mae", "bond_mae")  # the first that is there orders views and lists
HOW_CHOSEN = "Chosen by rank, not by taste; aligned on heavy atoms (all atoms where those lie on a line)."
LISTED = ("failed", *RANKED_BY, "mae_symmetric", "angle_mae", "torsion_mae", "stereo", "mmff_strain")


def molecule_part(dataset: str, models: dict[str, list[Run]]) -> Part:
    """All blocks for ``{model: runs by seed}`` of one data set; what was not scored is said in a note."""
    key = anchor("molecules", dataset)
    notes, blocks = [], []
    methods = collect_methods(models, "geometry")
    if methods:
        caption = (
            "Predicted geometries of the test part against the reference. In brackets: 95 % bootstrap "
            "interval over molecules. Bold: best of the row. Hover a metric for its definition."
            + over_seeds(models)
        )
        block = Block(
            f"{key}-scores", "Geometry", tables=metric_tables(methods, caption + over_seeds(models))
        )
        figure = relative_figure(f"{key}-relative", methods, START)
        block.figures = ([figure] if figure else []) + _distributions(key, models)
        blocks.append(block)
    else:
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
            blocks.append(block)
    blocks += experiment_blocks(key, next(iter(models.values()))[0].shared)
    return Part(key, "Molecules", dataset, notes, blocks)


def _rank_column(table: pd.DataFrame) -> str | None:
    return next((name for name in RANKED_BY if name in table and table[name].notna().any()), None)


def _distributions(key: str, models: dict[str, list[Run]]) -> list[Figure]:
    figures = []
    baselines = _baseline_tables(models)
    for column in ("bond_mae", "mae", "c_rmsd"):
        samples = {
            f"{model}, seed {run.seed}": run.structures["geometry"][column].to_numpy()
            for model, runs in models.items()
            for run in runs
            if "geometry" in run.structures and column in run.structures["geometry"]
        }
        beside = {name: table[column].to_numpy() for name, table in baselines.items() if column in table}
        label = label_of(column)
        figure = distribution_figure(
            anchor(key, column),
            f"{label.text} by molecule",
            f"{label.text} / {label.unit}",
            samples,
            beside,
        )
        if figure:
            figures.append(figure)
    return figures


def _baseline_tables(models: dict[str, list[Run]]) -> dict[str, pd.DataFrame]:
    """One row a molecule for each baseline of the first run that was scored (they are the same for all)."""
    scored = [run for runs in models.values() for run in runs if "geometry" in run.scores]
    names = sorted(scored[0].scores["geometry"].get("baselines", {}), key=baseline_order)
    paths = {
        BASELINES.get(name, name): scored[0].folder / "geometry" / f"molecules_{name}.csv" for name in names
    }
    return {name: read_table(path) for name, path in paths.items() if path.exists()}


def _lists(run: Run) -> list[PlainTable]:
    table = run.structures.get("geometry")
    column = _rank_column(table) if table is not None else None
    if column is None:
        return []
    label = label_of(column).text
    return [
        structure_table(
            table,
            column,
            LISTED,
            f"The molecules with the largest {label}",
            f"At most 30 of {len(table):,} molecules, largest {label} first. All: geometry/molecules.csv.",
        )
    ]


def _views(key: str, run: Run) -> list[Scene]:
    """Best, median and worst molecules by error; without a reference, the first six of the file."""
    path = run.folder / "predicted.sdf"
    if not path.exists():
        return []
    table = run.structures.get("geometry")
    column = _rank_column(table) if table is not None else None
    if column is None:
        first = list(read_sdf(path, limit=6))
        chosen, values = [("", name) for name in first], {}
    else:
        chosen = pick_ranked(table["id"].tolist(), table[column].tolist())
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
        beside = {layer: found[name] for layer, found in others.items() if name in found}
        caption = _caption(column, values.get(name)) if column else "No reference geometry."
        title = f"{rdMolDescriptors.CalcMolFormula(predicted[name])} · {name}"
        scene = molecule_scene(f"{key}-view-{index}", title, caption, predicted[name], beside)
        scene.place = place
        scenes.append(scene)
    return scenes


def _caption(column: str, value: float) -> str:
    label = label_of(column)
    return f"{label.text.split(',')[0]} {number(value, label)} {label.unit}."
