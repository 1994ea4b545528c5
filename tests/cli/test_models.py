"""``groundstate models``: the cards of what is shipped."""

from typer.testing import CliRunner

from groundstate import weights
from groundstate.cli import build_app
from groundstate.errors import GroundstateError


def test_cards_are_printed_and_unknown_names_refused(tmp_path, monkeypatch):
    (tmp_path / "mine.safetensors").touch()
    (tmp_path / "mine.md").write_text("# mine\n\nMade of nothing.\n")
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    app = build_app(["models"])
    assert "Made of nothing." in CliRunner().invoke(app, ["models"]).output
    result = CliRunner().invoke(app, ["models", "other"])
    assert isinstance(result.exception, GroundstateError) and "it has: mine" in str(result.exception)
