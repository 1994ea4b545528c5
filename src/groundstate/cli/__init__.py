"""The command line: one module a command, loaded only when it is called.

The table below names modules as text on purpose: a command starts fast, and the sources of one stage do not
count as sources of another (``groundstate.dependencies`` follows imports).
"""

import errno
import importlib
import os
import signal
import sys

import click
import typer

from groundstate import __version__
from groundstate.errors import GroundstateError

COMMANDS = {
    "fetch": ("groundstate.cli.fetch", "Fetch one file of a data set and verify it."),
    "prepare molecules": ("groundstate.cli.prepare_molecules", "Read molecules, reject bad ones, split."),
    "prepare crystals": ("groundstate.cli.prepare_crystals", "Read crystals, reject bad ones, split."),
    "embed conformers": ("groundstate.cli.embed_conformers", "Start geometries: ETKDGv3 and MMFF94."),
    "train geometry": ("groundstate.cli.train_geometry", "Train a model that refines molecular geometries."),
    "train crystals": ("groundstate.cli.train_crystals", "Train a model that generates crystals."),
    "predict geometry": ("groundstate.cli.predict_geometry", "Predict ground-state geometries."),
    "generate crystals": ("groundstate.cli.generate_crystals", "Generate crystals."),
    "score geometry": ("groundstate.cli.score_geometry", "Compare predicted geometries with references."),
    "score validity": ("groundstate.cli.score_validity", "Structural and composition validity of crystals."),
    "score stability": ("groundstate.cli.score_stability", "Relax crystals; formation and hull energies."),
    "report": ("groundstate.cli.report", "Collect run folders into one HTML file."),
}


class LazyGroup(click.Group):
    """A click group whose commands are imported when they are called."""

    def __init__(self, prefix: str = "", **options: object) -> None:
        super().__init__(**options)
        self.prefix = prefix

    def list_commands(self, context: click.Context) -> list[str]:
        words = (name[len(self.prefix) :].split()[0] for name in COMMANDS if name.startswith(self.prefix))
        return list(dict.fromkeys(words))

    def get_command(self, context: click.Context, word: str) -> click.Command | None:
        name = self.prefix + word
        if name in COMMANDS:
            module, _ = COMMANDS[name]
            app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            app.command()(importlib.import_module(module).command)
            return typer.main.get_command(app)
        if word in self.list_commands(context):
            return LazyGroup(prefix=f"{name} ", name=word, help=f"{word.capitalize()} ...")
        return None

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, text) for name, (_, text) in COMMANDS.items() if name.startswith(self.prefix)]
        with formatter.section("Commands"):
            formatter.write_dl([(name[len(self.prefix) :], text) for name, text in rows])


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
    return where + advice.get(error.errno, error.strerror or str(error))


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; faults that a user can mend end as one sentence and status 2."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that temporary files are cleared
    group = LazyGroup(
        name="groundstate",
        help="Ground-state molecular geometries and new crystals. Run the whole pipeline with `snakemake`.",
        no_args_is_help=True,
    )
    click.version_option(__version__, prog_name="groundstate")(group)
    try:
        group.main(args=arguments, prog_name="groundstate")
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
