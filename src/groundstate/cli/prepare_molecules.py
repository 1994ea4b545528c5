"""``groundstate prepare molecules``: files of molecules to records and splits."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from groundstate.cli.ending import ending
from groundstate.molecules.dataset.prepare import prepare_molecules
from groundstate.molecules.dataset.readers.formats import FORMATS, read_entries
from groundstate.molecules.dataset.settings import PrepareMolecules
from groundstate.settings import parse_settings


def command(
    input: Annotated[list[Path], typer.Option(help="File(s) to read; may be given several times")],
    output_dir: Annotated[Path, typer.Option(help="Folder for records, splits, rejected.csv, test.sdf")],
    format: Annotated[str, typer.Option(help=f"One of {', '.join(FORMATS)}")] = "sdf",
    settings: Annotated[str, typer.Option(help="PrepareMolecules as JSON")] = "{}",
    split: Annotated[Literal["random", "scaffold"], typer.Option(help="Split of test.sdf")] = "random",
    unseen: Annotated[
        bool,
        typer.Option("--unseen", help="Reject test molecules that the shipped weights may have learned"),
    ] = False,
) -> None:
    """Read molecules into records with exact bonds, and split them.

    Example: groundstate prepare molecules --input my.sdf --output-dir prepared
    """
    chosen = parse_settings(PrepareMolecules, settings)
    summary = prepare_molecules(lambda: read_entries(format, input), chosen, output_dir, split, unseen)
    kept, total = summary["records"], summary["records"] + summary["rejected"]
    typer.echo(ending(kept, total, "molecules", output_dir, output_dir / "rejected.csv"))
