"""Tables for notebooks: pandas, with what the columns mean and what was left out as attributes."""

import sys
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pandas as pd

from groundstate import __version__
from groundstate.errors import GroundstateError
from groundstate.records import Rejection


def table(
    rows: Sequence[Mapping[str, Any]],
    definitions: Mapping[str, str],
    rejections: Sequence[Rejection] = (),
    optional: Collection[str] = (),
    **about: object,
) -> pd.DataFrame:
    """Make a table with attributes.

    Parameters
    ----------
    rows
        One mapping of column to value each.
    definitions
        Columns in their order, with meaning and unit.
    rejections
        What is not in the table. It is said on standard error, too.
    optional
        Columns that are left out where no row has a value.
    about
        Further attributes, such as the seed.

    Returns
    -------
    pandas.DataFrame
        ``attrs["definitions"]``: column -> text; ``attrs["rejected"]``: a list of ``id``, ``stage``,
        ``reason``; ``attrs["groundstate"]``: the version.

    Raises
    ------
    GroundstateError
        Where everything was rejected; it has the first reason.
    """
    if rejections and not rows:
        first = rejections[0]
        raise GroundstateError(
            f"none of {len(rejections)} could be used; the first: {first.id}: {first.reason}"
        )
    rejected = rejected_rows(rejections)
    columns = [
        name for name in definitions if name not in optional or any(row.get(name) is not None for row in rows)
    ]
    made = pd.DataFrame([{name: row.get(name) for name in columns} for row in rows], columns=columns)
    made.attrs |= {
        "definitions": {name: definitions[name] for name in columns},
        "rejected": rejected,
        "groundstate": __version__,
        **about,
    }
    return made


def rejected_rows(rejections: Sequence[Rejection]) -> list[dict[str, str]]:
    """Make ``attrs["rejected"]``, and say on standard error that there is something in it."""
    if rejections:
        names = ", ".join(one.id for one in rejections[:3]) + ", ..." * (len(rejections) > 3)
        sys.stderr.write(f"{len(rejections)} rejected ({names}); the reasons are in attrs['rejected']\n")
    return [one._asdict() for one in rejections]
