"""Templates of the rooms, filled."""

import jinja2
import pytest

from groundstate import __version__
from groundstate.report.html import asset, fill


def test_what_a_template_names_must_be_given() -> None:
    with pytest.raises(jinja2.UndefinedError):
        fill("discovery.html", room="groundstate.discovery", with_plotly=False)


def test_every_page_has_the_style_and_the_version_and_only_asked_ones_plotly() -> None:
    values = {
        "title": "<b>",
        "columns": [],
        "rows": [],
        "facts": [],
        "hulls": [],
        "fell_out": [],
        "diagrams": [],
    }
    page = fill("discovery.html", room="groundstate.discovery", with_plotly=False, **values)
    assert asset("style.css") in page
    assert __version__ in page
    assert "&lt;b&gt;" in page
    assert "Plotly" not in page
