"""The command line: one module a command, loaded only when it is called.

The table below names modules as text on purpose: a command starts fast, and the sources of one stage do not
count as sources of another (``groundstate.dependencies`` follows imports).
"""

import codecs
import importlib
import io
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

import typer
import typer.core

from groundstate import __version__
from groundstate.cli.guard import guarded, last_sentence, os_sentence, use_a_cache_folder
from groundstate.errors import GroundstateError

COMMANDS = {
    "init": ("groundstate.cli.init", "Lay out a folder with the workflow and its configuration."),
    "fetch": ("groundstate.cli.fetch", "Fetch one file of a data set and verify it."),
    "prepare molecules": ("groundstate.cli.prepare_molecules", "Read molecules, reject bad ones, split."),
    "prepare crystals": ("groundstate.cli.prepare_crystals", "Read crystals, reject bad ones, split."),
    "prepare potential": ("groundstate.cli.prepare_potential", "Read energies and forces, split."),
    "embed conformers": ("groundstate.cli.embed_conformers", "Start geometries: ETKDGv3 and MMFF94."),
    "label geometry": (
        "groundstate.cli.label_geometry",
        "Find ground states of molecules without geometries.",
    ),
    "relax molecules": ("groundstate.cli.relax_molecules", "Relax molecules by AIMNet2, GFN2-xTB or MMFF94."),
    "train geometry": ("groundstate.cli.train_geometry", "Train a model that refines molecular geometries."),
    "train crystals": ("groundstate.cli.train_crystals", "Train a model that generates crystals."),
    "train potential": ("groundstate.cli.train_potential", "Train an interatomic potential."),
    "train property": ("groundstate.cli.train_property", "Learn a property from a kind of geometry."),
    "predict geometry": ("groundstate.cli.predict_geometry", "Predict ground-state geometries."),
    "generate crystals": ("groundstate.cli.generate_crystals", "Generate crystals."),
    "discover": ("groundstate.cli.discover", "Find stable crystals of a formula or a chemical system."),
    "score geometry": ("groundstate.cli.score_geometry", "Compare predicted geometries with references."),
    "score property": ("groundstate.cli.score_property", "One table of the rows of a property experiment."),
    "score crystals": ("groundstate.cli.score_crystals", "Coverage, distributions, novelty of crystals."),
    "score prediction": ("groundstate.cli.score_prediction", "Match rate and RMSE of predicted crystals."),
    "score validity": ("groundstate.cli.score_validity", "Structural and composition validity of crystals."),
    "score stability": ("groundstate.cli.score_stability", "Relax crystals; formation and hull energies."),
    "score potential": ("groundstate.cli.score_potential", "Errors in energies and forces."),
    "models": ("groundstate.cli.models", "The models that come with the package, and their cards."),
    "export potential": ("groundstate.cli.export_potential", "A potential as a program of its own."),
    "report": ("groundstate.cli.report", "Collect run folders into one HTML file."),
}
STOPPED = 130  # the status after an interrupt
# what the parser of options raises; typer has it from click, or keeps a copy inside
UsageError: type[Exception] = typer.BadParameter.__bases__[0]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"groundstate, version {__version__}")
        raise typer.Exit


def _callback(
    version: Annotated[bool, typer.Option("--version", callback=_version, help="Print the version.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of a fault, too.")] = False,
) -> None:
    """Ground-state molecular geometries and new crystals. `snakemake` runs the whole pipeline."""


GROUPS = {
    "prepare": "Read a data set, check it, split it.",
    "embed": "Make start geometries.",
    "label": "Find ground states by energy, to learn from.",
    "relax": "Move structures to the nearest minimum.",
    "train": "Train a model.",
    "predict": "Predict with a trained model.",
    "generate": "Draw from a trained model.",
    "export": "Write a trained model as a program of its own.",
    "score": "Compare results with references, or judge them by themselves.",
}


def _without_flag_types(params: list[Any]) -> list[Any]:
    """Give flags an empty place for their value: they are given or not, and the help shows no type."""
    for param in params:
        if getattr(param, "is_flag", False):
            param.metavar = ""
    return params


class _Command(typer.core.TyperCommand):
    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - typer keeps its type to itself
        return _without_flag_types(super().get_params(ctx))


class _Group(typer.core.TyperGroup):
    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - typer keeps its type to itself
        return _without_flag_types(super().get_params(ctx))


def _typer(name: str, text: str | None = None, completion: bool = False) -> typer.Typer:
    return typer.Typer(
        name=name,
        cls=_Group,
        help=text,
        no_args_is_help=True,
        add_completion=completion,
        pretty_exceptions_enable=False,
    )


def build_app(arguments: Sequence[str] = ()) -> typer.Typer:
    """Build the command line: all names and helps, and the code of the one command that is called, if any."""
    app = _typer(name="groundstate", text=_callback.__doc__, completion=True)
    app.callback()(_callback)
    groups: dict[str, typer.Typer] = {}
    for name, (module, text) in COMMANDS.items():
        verb, _, noun = name.partition(" ")
        parent = app
        if noun:
            if verb not in groups:
                groups[verb] = _typer(name=verb, text=GROUPS[verb])
                app.add_typer(groups[verb], name=verb)
            parent = groups[verb]
        called = list(arguments[: len(name.split())]) == name.split()
        command = guarded(importlib.import_module(module).command, name) if called else _not_loaded
        parent.command(noun or verb, cls=_Command, help=None if called else text)(command)
    return app


def _not_loaded() -> None:
    raise AssertionError("a command that was not called is not loaded")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; faults that a user can mend end as one sentence and status 2.

    Other faults end with status 1, one sentence, and their traceback in a file; ``--debug`` shows it.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that temporary files are cleared
    if arguments is None:
        _use_utf8()
        arguments = sys.argv[1:]
    if "_GROUNDSTATE_COMPLETE" in os.environ:  # a shell asks which words may follow
        arguments = os.environ.get("COMP_WORDS", os.environ.get("_TYPER_COMPLETE_ARGS", "")).split()[1:]
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    try:
        use_a_cache_folder()
        status = build_app(arguments)(args=arguments, prog_name="groundstate", standalone_mode=False)
        if status == STOPPED:
            raise KeyboardInterrupt
        raise SystemExit(status or 0)
    except UsageError as error:
        _end(2, _usage_sentence(error), debug)
    except GroundstateError as error:
        _end(2, str(error), debug)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        _end(STOPPED, "stopped; finished pieces are kept, the same command goes on", debug)
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            _end(2, os_sentence(error, arguments), debug)
        _end(1, last_sentence(error, arguments), debug)


def _use_utf8() -> None:
    """Start again in UTF-8 mode where the locale has ASCII alone, as ``LC_ALL=C PYTHONUTF8=0`` has.

    Libraries below take names as UTF-8, and cannot take what Python makes of other bytes in such a locale.
    """
    if codecs.lookup(sys.getfilesystemencoding()).name == "ascii":
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal may lack characters of a table
            stream.reconfigure(errors="backslashreplace")


def _usage_sentence(error: Any) -> str:  # noqa: ANN401 (its class is of typer's inside)
    """Put what the parser of options says in one line, with the help that tells more."""
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        return f"{error.ctx.command_path}: a command is missing; they are listed above"
    text = " ".join(error.format_message().split()).rstrip(".").replace("Value error, ", "")
    return f"{text}; see {error.ctx.command_path} --help" if error.ctx else text


def _end(status: int, sentence: str, debug: bool) -> NoReturn:
    if debug:
        traceback.print_exc()
    sys.stderr.write(f"error: {sentence}\n")
    raise SystemExit(status) from None
