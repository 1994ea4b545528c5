"""``groundstate score potential``: errors in energies and forces."""

from pathlib import Path
from typing import Annotated

import typer

from groundstate.cli.ending import ending
from groundstate.metrics.interatomic.score import score


def command(
    checkpoint: Annotated[list[Path], typer.Option(help="best.ckpt; several are a committee")],
    data: Annotated[Path, typer.Option(help="extxyz or records.parquet with energies and forces")],
    output: Annotated[Path, typer.Option(help="folder for summary.json and the tables")],
    splits: Annotated[Path | None, typer.Option(help="score only the test part of this splits.csv")] = None,
    scan: Annotated[
        list[Path], typer.Option(help="extxyz of a scan, such as of a dihedral; may be given several times")
    ] = [],  # noqa: B006
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    seed: Annotated[int, typer.Option(min=0, help="seed of the bootstrap intervals")] = 0,
) -> None:
    """Compare a potential with reference energies and forces, in all, by group and along scans.

    Example: groundstate score potential --checkpoint best.ckpt --data test.extxyz --output scores
    """
    summary = score(checkpoint, data, output, splits, device, seed, scan)
    for name, row in {"all": summary, **summary["groups"], **summary["scans"]}.items():
        text = f"{name}: n = {row['n']}, energy RMSE {row['energy_rmse']:.1f} meV"
        if row.get("force_rmse") is not None:
            base = row["baselines"]["constant"]["force_rmse"]
            text += f", force RMSE {row['force_rmse']:.1f} meV/A (constant {base:.0f})"
        typer.echo(text)
    rejected = output / "rejected.csv"
    typer.echo(ending(summary["n"], summary["structures"], "structures scored,", output, rejected))
