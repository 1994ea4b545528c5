"""Command ``groundstate label geometry``."""

from pathlib import Path
from typing import Annotated

import typer

from groundstate.cli.ending import ending, part_ending
from groundstate.errors import GroundstateError
from groundstate.ground_states.inputs import read_graphs
from groundstate.ground_states.label import label_geometries, label_part
from groundstate.ground_states.settings import LabelGeometry
from groundstate.molecular_potentials.interface import find_molecular_potential
from groundstate.molecules.dataset.readers.formats import FORMATS, read_entries
from groundstate.records import Rejection
from groundstate.settings import parse_settings
from groundstate.shards import parse_shard


def command(
    input: Annotated[list[Path], typer.Option(help="File(s) to read; may be given several times")],
    output_dir: Annotated[
        Path, typer.Option(help="Folder for ground_states.parquet and .sdf, minima.parquet")
    ],
    format: Annotated[str, typer.Option(help=f"One of {', '.join(FORMATS)}")] = "smiles",
    settings: Annotated[str, typer.Option(help="LabelGeometry as JSON")] = "{}",
    workers: Annotated[int, typer.Option(min=1, help="Worker processes")] = 1,
    shard: Annotated[
        str | None, typer.Option(help="K/N: only find the K-th of N parts, for a later run to collect")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda")] = "cpu",
) -> None:
    """Find ground states of molecules without geometries; the result is a source of `prepare molecules`.

    Example: groundstate label geometry --input my.smi --output-dir ground_states
    """
    chosen = parse_settings(LabelGeometry, settings)
    rejections: list[Rejection] = []
    potential = find_molecular_potential(chosen.method)
    records = read_graphs(lambda: read_entries(format, input), chosen, potential, rejections)
    if shard is not None:
        part = parse_shard(shard)
        found = label_part(records, chosen, workers, output_dir, *part, device)
        typer.echo(part_ending(part, found, "molecules"))
        return
    summary = label_geometries(records, chosen, workers, output_dir, rejections, device)
    found, total = summary["ground_states"], summary["ground_states"] + summary["rejected"]
    if not found:
        raise GroundstateError(f"no ground state was found; see {output_dir / 'rejected.csv'}")
    typer.echo(ending(found, total, "ground states", output_dir, output_dir / "rejected.csv"))
