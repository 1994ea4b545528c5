"""Blocks of a data set beside its models: the property experiment, and the slow checks on a fixed few."""

from pathlib import Path

from groundstate.metrics.text_table import on_common
from groundstate.report.methods import Method
from groundstate.report.parts import Block
from groundstate.report.runs import read_json
from groundstate.report.tables import Cell, Column, PlainTable, metric_tables

PROPERTY = (
    "A network learns a property from each kind of geometry of the same molecules: the test part of the "
    "geometry split, cut again. Errors in the property's own unit, 95 % bootstrap intervals over molecules; "
    "differences to the first row are over the same molecules. Molecules without a geometry count with the "
    "mean of the training part."
)
SLOW = (
    "All models on the same few test molecules, with bond perception, PoseBusters and GFN2-xTB strain beside "
    "the other metrics."
)


def experiment_blocks(key: str, shared: Path) -> list[Block]:
    """Build blocks for what lies in the folder of a data set; none where nothing does."""
    blocks = []
    tables = [
        _property_table(path.parent.name, read_json(path))
        for path in sorted((shared / "property").glob("seed*/summary.json"))
    ]
    if tables:
        blocks.append(Block(f"{key}-property", "Property from a geometry", lists=tables))
    for path in sorted((shared / "extensive").glob("seed*/summary.json")):
        summary = on_common(read_json(path))
        about = summary.get("definitions", {})
        methods = [Method(summary.get("name", "predicted"), True, [summary], about)]
        methods += [Method(name, False, [row], about) for name, row in summary["baselines"].items()]
        title = f"Slow checks, {path.parent.name}"
        metrics = metric_tables(methods, SLOW, str(path.relative_to(shared)))
        blocks.append(Block(f"{key}-slow-{path.parent.name}", title, tables=metrics))
    return blocks


def _property_table(seed: str, summary: dict) -> PlainTable:
    columns = ["MAE", "95 %", "RMSE", "more than the first row", "95 %", "molecules", "without geometry"]
    rows = []
    for name, row in summary["rows"].items():
        texts = [
            (f"{row['mae']:.4f}", row["mae"]),
            (_interval(row["interval"]), row["interval"][0]),
            (f"{row['rmse']:.4f}", row["rmse"]),
            (f"{row['worse_by']:+.4f}", row["worse_by"]),
            (_interval(row["worse_by_interval"]), row["worse_by_interval"][0]),
            (str(row["n"]), row["n"]),
            (str(row["missing"]), row["missing"]),
        ]
        rows.append([Cell(name), *(Cell(text, value=value) for text, value in texts)])
    heads = [Column("Network and geometry", number=False), *(Column(name) for name in columns)]
    return PlainTable(PROPERTY, heads, rows, f"Property experiment, {seed}")


def _interval(pair: list[float]) -> str:
    return f"{pair[0]:.4f} to {pair[1]:.4f}"
