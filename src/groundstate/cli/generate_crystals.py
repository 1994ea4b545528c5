"""``groundstate generate crystals``: a checkpoint to crystals as extxyz and CIF."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import torch
import typer

from groundstate.api.generate import (
    check_number,
    find_templates,
    name_after,
    parse_noise,
    read_compositions,
)
from groundstate.api.weights import checkpoint_of
from groundstate.cli.ending import ending
from groundstate.crystals.models.generate import generate as draw
from groundstate.crystals.models.generate import remove_work, work_folder, write_cifs, write_extxyz
from groundstate.crystals.models.load import load_model
from groundstate.crystals.models.requests import parse_conditions, parse_request, say_scarce
from groundstate.errors import GroundstateError
from groundstate.files import check_replaceable, rejected_file
from groundstate.outputs import refuse_inputs
from groundstate.records import Rejection, write_any_rejected
from groundstate.training.checkpoints import choose_device


def command(
    output: Annotated[Path, typer.Option(help="File to write, .extxyz or .xyz (extended XYZ)")],
    checkpoint: Annotated[
        str | None, typer.Option(help="best.ckpt of a trained crystal model; default: the shipped weights")
    ] = None,
    num: Annotated[int, typer.Option(min=1, help="number of crystals")] = 64,
    model: Annotated[
        str | None, typer.Option(help="needed where it is a plug-in: package.module:Object")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="seed; sample i of a seed is always the same")] = 0,
    batch_size: Annotated[int, typer.Option(min=1, help="crystals at once; no effect on results")] = 32,
    formula: Annotated[str | None, typer.Option(help="exact content of the cell, such as SrTiO3")] = None,
    compositions: Annotated[
        Path | None,
        typer.Option(help="crystals, any format: num of the composition of each, called ID_0, ID_1, ..."),
    ] = None,
    splits: Annotated[
        Path | None, typer.Option(help="splits.csv; only the test part of --compositions")
    ] = None,
    elements: Annotated[str | None, typer.Option(help="only these may occur, such as Li-Fe-P-O")] = None,
    atoms: Annotated[str | None, typer.Option(help="atoms in the cell, such as 1-20")] = None,
    condition: Annotated[
        list[str] | None, typer.Option(help="property=value that the model was trained with; may be repeated")
    ] = None,
    guidance: Annotated[float, typer.Option(min=0.0, help="weight of the conditions")] = 1.0,
    steps: Annotated[int | None, typer.Option(min=2, help="denoising steps; default: the model's")] = None,
    templates: Annotated[
        str | None,
        typer.Option(
            help="known crystals to begin from: a file in any format, shipped, or none; default: shipped "
            "with shipped weights, else none"
        ),
    ] = None,
    noise: Annotated[
        float | None,
        typer.Option(help="begin with templates noised to this time, 0 to 1 (1: noise alone); default: 0.3"),
    ] = None,
    best_of: Annotated[
        int,
        typer.Option(min=1, help="crystals drawn for each that is kept: the one the model denoises best"),
    ] = 1,
    cif_dir: Annotated[
        Path | None, typer.Option(help="folder for one CIF per crystal, and files.csv: id, file")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    threads: Annotated[int, typer.Option(min=1, help="CPU threads")] = 1,
) -> None:
    """Generate crystals; an interrupted run goes on to the identical files.

    Example: groundstate generate crystals --formula SrTiO3 --output srtio3.extxyz
    """
    if output.suffix.lower() not in (".extxyz", ".xyz"):
        raise GroundstateError(
            f"--output {output}: extended XYZ is written; give it a name that ends in .extxyz or .xyz, and "
            "--cif-dir for CIF files"
        )
    path = checkpoint_of("crystals", checkpoint)
    known = Path(templates) if templates not in (None, "shipped", "none") else None
    inputs = {"--checkpoint": path, "--compositions": compositions, "--splits": splits, "--templates": known}
    refuse_inputs({"--output": output, "--cif-dir": cif_dir}, inputs)
    if cif_dir is not None:
        check_replaceable(cif_dir, "--cif-dir")
    torch.set_num_threads(threads)
    where = choose_device(device)
    request = parse_request(formula, elements, atoms, parse_conditions(condition or []), guidance)
    names: list[str] = []
    rejections: list[Rejection] = []
    if compositions is not None:
        if formula or elements or atoms:
            raise GroundstateError(
                "--compositions fixes all atoms: leave out --formula, --elements and --atoms"
            )
        names, rejections, request = read_compositions(compositions, splits, request)
    total = check_number(num, names, best_of)
    find, unread = find_templates(templates, path)
    for source, some in ((compositions, rejections), (known, unread)):
        if some:
            sys.stderr.write(f"{source}: {len(some)} rejected, see {rejected_file(output)}\n")
    write_any_rejected(rejected_file(output), [*rejections, *unread])
    request = replace(parse_noise(request, noise, find), best_of=best_of)
    trained = load_model(path, where, model)
    shown = None if find is None else known or "shipped"
    work = work_folder(output, path, request, total, seed, steps, shown)
    say_scarce(request, trained.config)
    crystals = name_after(draw(trained, request, total, seed, batch_size, steps, work, find), names)
    if cif_dir is not None:
        write_cifs(cif_dir, crystals)
    write_extxyz(output, crystals)
    remove_work(work)
    beside = f", and one file for each in {cif_dir}" if cif_dir is not None else ""
    typer.echo(ending(len(crystals), len(crystals), "crystals", output) + beside)
