"""Command ``groundstate models``."""

from typing import Annotated

import typer

from groundstate.errors import GroundstateError
from groundstate.weights import model_card, shipped_weights


def command(
    name: Annotated[str | None, typer.Argument(help="One of them; default: all")] = None,
) -> None:
    """Print the cards of the models that come with the package: data, licences, settings, figures.

    Example: groundstate models molecules
    """
    shipped = shipped_weights()
    if name is not None and name not in shipped:
        raise GroundstateError(f"{name}: no model of this version; it has: {', '.join(shipped) or 'none'}")
    for one in [name] if name else shipped:
        typer.echo(model_card(one))
    if not shipped:
        typer.echo("no model comes with this version; train one (`make run`)")
