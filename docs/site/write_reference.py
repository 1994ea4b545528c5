"""Write the reference pages that the program itself knows: commands by their help, weights by their cards.

Runs with the project's Python (``make docs``); the site is then built without it.
"""

import contextlib
import io
import os
from pathlib import Path

from typer.main import get_command

from groundstate.cli import COMMANDS, build_app
from groundstate.weights import shipped_weights

TARGET = Path(__file__).parents[2] / "build/docs"


def help_of(name: str) -> str:
    """The help of a command as a terminal shows it, 100 columns wide."""
    os.environ.update(TERMINAL_WIDTH="100", COLUMNS="100", NO_COLOR="1", TERM="dumb")
    arguments = [*name.split(), "--help"]
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
        get_command(build_app(arguments)).main(arguments, prog_name="groundstate", standalone_mode=False)
    return "\n".join(line.rstrip() for line in text.getvalue().strip().splitlines())


def commands_page() -> str:
    """Every command with its help."""
    lines = [
        "# Commands",
        "",
        "`groundstate COMMAND --help` shows the same; `--debug` shows the traceback of a fault.",
        "",
    ]
    lines += ["| command | what it does |", "|---|---|"]
    lines += [f"| [`{name}`](#{name.replace(' ', '-')}) | {text} |" for name, (_, text) in COMMANDS.items()]
    for name in COMMANDS:
        lines += ["", f"## {name}", "", "```text", help_of(name), "```"]
    return "\n".join(lines) + "\n"


def weights_page() -> str:
    """The weights that come with the package, and what stands beside each."""
    lines = [
        "# Weights",
        "",
        "Checkpoints that come with the package, by name. Commands and functions take a name or a path.",
        "",
    ]
    shipped = shipped_weights()
    if not shipped:
        lines += ["None comes with this version: train a model, or use what `make run` has trained.", ""]
    for name, path in shipped.items():
        card = next((p for p in (path.with_suffix(".md"), path.parent / f"{name}.md") if p.is_file()), None)
        lines += [f"## {name}", "", f"`{path.name}`, {path.stat().st_size / 1e6:.1f} MB.", ""]
        lines += [card.read_text(encoding="utf-8").replace("\n# ", "\n### "), ""] if card else []
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    TARGET.mkdir(parents=True, exist_ok=True)
    (TARGET / "commands.md").write_text(commands_page(), encoding="utf-8")
    (TARGET / "weights.md").write_text(weights_page(), encoding="utf-8")
