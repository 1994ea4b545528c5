"""The command line: one module a command, loaded only when it is called.

The table below names modules as text on purpose: a command starts fast, and the sources of one stage do not
count as sources of another (``groundstate.dependencies`` follows imports).
"""

import errno
import functools
import importlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from groundstate import __version__
from groundstate.errors import GroundstateError
from groundstate.files import claimed

COMMANDS = {
    "fetch": ("groundstate.cli.fetch", "Fetch one file of a data set and verify it."),
    "prepare molecules": ("groundstate.cli.prepare_molecules", "Read molecules, reject bad ones, split."),
    "prepare crystals": ("groundstate.cli.prepare_crystals", "Read crystals, reject bad ones, split."),
    "prepare potential": ("groundstate.cli.prepare_potential", "Read energies and forces, split."),
    "embed conformers": ("groundstate.cli.embed_conformers", "Start geometries: ETKDGv3 and MMFF94."),
    "train geometry": ("groundstate.cli.train_geometry", "Train a model that refines molecular geometries."),
    "train crystals": ("groundstate.cli.train_crystals", "Train a model that generates crystals."),
    "train potential": ("groundstate.cli.train_potential", "Train an interatomic potential."),
    "train property": ("groundstate.cli.train_property", "Learn a property from a kind of geometry."),
    "predict geometry": ("groundstate.cli.predict_geometry", "Predict ground-state geometries."),
    "generate crystals": ("groundstate.cli.generate_crystals", "Generate crystals."),
    "score geometry": ("groundstate.cli.score_geometry", "Compare predicted geometries with references."),
    "score property": ("groundstate.cli.score_property", "One table of the rows of a property experiment."),
    "score crystals": ("groundstate.cli.score_crystals", "Coverage, distributions, novelty of crystals."),
    "score prediction": ("groundstate.cli.score_prediction", "Match rate and RMSE of predicted crystals."),
    "score validity": ("groundstate.cli.score_validity", "Structural and composition validity of crystals."),
    "score stability": ("groundstate.cli.score_stability", "Relax crystals; formation and hull energies."),
    "score potential": ("groundstate.cli.score_potential", "Errors in energies and forces."),
    "report": ("groundstate.cli.report", "Collect run folders into one HTML file."),
}


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"groundstate, version {__version__}")
        raise typer.Exit


def _callback(
    version: Annotated[bool, typer.Option("--version", callback=_version, help="Print the version.")] = False,
) -> None:
    """Ground-state molecular geometries and new crystals. `snakemake` runs the whole pipeline."""


def _typer(name: str, text: str | None = None) -> typer.Typer:
    return typer.Typer(
        name=name, help=text, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
    )


def build_app(arguments: list[str]) -> typer.Typer:
    """Build the command line: all names and helps, and the code of the one command that is called."""
    app = _typer(name="groundstate")
    app.callback()(_callback)
    groups: dict[str, typer.Typer] = {}
    for name, (module, text) in COMMANDS.items():
        verb, _, noun = name.partition(" ")
        parent = app
        if noun:
            if verb not in groups:
                nouns = [other.partition(" ")[2] for other in COMMANDS if other.startswith(f"{verb} ")]
                groups[verb] = _typer(name=verb, text=f"{verb.capitalize()} {' or '.join(nouns)}.")
                app.add_typer(groups[verb], name=verb)
            parent = groups[verb]
        called = arguments[: len(name.split())] == name.split()
        command = _claiming(importlib.import_module(module).command) if called else _not_loaded
        parent.command(noun or verb, help=None if called else text)(command)
    return app


def _claiming(command: Callable[..., None]) -> Callable[..., None]:
    """Wrap the command in a claim on its outputs: see ``groundstate.files.claimed``."""

    @functools.wraps(command)
    def claiming(**values: object) -> None:
        outputs = [
            Path(str(values[name])) for name in ("output", "output_dir", "cif_dir") if values.get(name)
        ]
        # of processes that share a training only the first one writes; parts of a stage write side by side
        ranks = (os.environ.get(name, "0") for name in ("LOCAL_RANK", "SLURM_PROCID"))
        first = not values.get("shard") and all(rank == "0" for rank in ranks)
        with claimed(outputs if first else []):
            command(**values)

    return claiming


def _not_loaded() -> None:
    raise AssertionError("a command that was not called is not loaded")


def _sentence(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    advice = {
        errno.ENOSPC: "no space left on the device; free some or choose another results folder",
        errno.EDQUOT: "the disk quota is used up; free some or choose another results folder",
        errno.EACCES: "no permission; choose a folder that you may write to",
        errno.EPERM: "not permitted; choose a folder that you may write to",
        errno.EROFS: "the file system is read-only; choose another results folder",
        errno.ENOENT: "no such file or folder",
        errno.EISDIR: "is a folder, a file is wanted",
        errno.ENOTDIR: "a part of this path is a file, a folder is wanted",
    }
    return where + advice.get(error.errno or 0, error.strerror or str(error))


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; faults that a user can mend end as one sentence and status 2."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that temporary files are cleared
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        build_app(arguments)(args=arguments, prog_name="groundstate")
    except GroundstateError as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(2) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except OSError as error:
        if error.errno is None:
            raise
        sys.stderr.write(f"error: {_sentence(error)}\n")
        raise SystemExit(2) from None
