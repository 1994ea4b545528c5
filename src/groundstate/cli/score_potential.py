"""``groundstate score potential``: errors in energies and forces."""

from pathlib import Path
from typing import Annotated

import typer

from groundstate.metrics.interatomic import score


def command(
    checkpoint: Annotated[list[Path], typer.Option(help="best.ckpt; several are a committee")],
    data: Annotated[Path, typer.Option(help="extxyz or records.parquet with energies and forces")],
    output: Annotated[Path, typer.Option(help="folder for summary.json, structures.csv, rejected.csv")],
    splits: Annotated[Path | None, typer.Option(help="score only the test part of this splits.csv")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    seed: Annotated[int, typer.Option(min=0, help="seed of the bootstrap intervals")] = 0,
) -> None:
    """Compare a potential with reference energies and forces, in all and by group."""
    summary = score(checkpoint, data, output, splits, device, seed)
    for name, row in summary["groups"].items():
        force, base = row["force_rmse"], row["constant"]["force_rmse"]
        forces = "no forces" if force is None else f"force RMSE {force:.1f} meV/A (constant {base:.0f})"
        typer.echo(f"{name}: n = {row['n']}, energy RMSE {row['energy_rmse']:.1f} meV, {forces}")
    typer.echo(f"scores written to {output}")
