"""Files of baselines as a command is given them: ``NAME=FILE``, several times."""

from collections.abc import Collection, Sequence
from pathlib import Path

from groundstate.errors import GroundstateError
from groundstate.names import file_name


def check_row_name(name: str, reserved: Collection[str] = ()) -> None:
    """Raise ``GroundstateError`` where ``name`` is no plain file name, or one of ``reserved``."""
    if file_name(name) != name:
        raise GroundstateError(
            f"baseline {name!r}: the name is part of a file name of the output, so it is letters, digits, "
            "'.', '_', '+' and '-', and begins with a letter or digit"
        )
    if name.lower() in (one.lower() for one in reserved):
        raise GroundstateError(f"baseline {name!r}: a row of the table has this name; choose another one")


def parse_named_files(option: str, texts: Sequence[str], reserved: Collection[str] = ()) -> dict[str, Path]:
    """Read ``NAME=FILE`` texts; a name becomes a column of tables and part of a file name.

    Parameters
    ----------
    option
        Of the command line, for errors: ``--baseline``.
    texts
        What it was given.
    reserved
        Names that rows of the command itself have.

    Raises
    ------
    GroundstateError
        For a text of another form, a name that ``check_row_name`` refuses, and one that comes twice.
    """
    files: dict[str, Path] = {}
    for text in texts:
        name, equals, path = text.partition("=")
        if not (equals and name and path):
            raise GroundstateError(f"{option} {text}: expected NAME=FILE")
        check_row_name(name, reserved)
        if name.lower() in (one.lower() for one in files):
            raise GroundstateError(f"{option} {text}: {name!r} is given twice; give each a name of its own")
        files[name] = Path(path)
    return files
