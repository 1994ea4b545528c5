"""HTML pages from a template of a room's ``assets``: one file, no outside address."""

from importlib.resources import files

import jinja2
import plotly.offline
from markupsafe import Markup

from groundstate import __version__
from groundstate.report.figures import without_addresses

REPORT = "groundstate.report"


def asset(name: str) -> Markup:
    """Read a style or a script of the report."""
    return Markup(files(REPORT).joinpath("assets", name).read_text(encoding="utf-8"))


def fill(template: str, room: str = REPORT, with_plotly: bool = True, **values: object) -> str:
    """Fill the template of a room: the version, the style and, where asked, plotly are given to it.

    A value that the template names and that is missing is an error.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(room, "assets"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(template).render(
        version=__version__,
        style=asset("style.css"),
        plotly=Markup(without_addresses(plotly.offline.get_plotlyjs())) if with_plotly else "",
        **values,
    )
