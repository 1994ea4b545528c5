"""What all readers give: a crystal or the reason why there is none, record by record.

One bad record never costs another. Only a file that is not what it claims to be (absent, empty, without the
columns) raises ``GroundstateError``.
"""

from collections.abc import Callable, Iterator

from groundstate.crystals.crystal import Crystal
from groundstate.records import Rejection

STAGE = "prepare"
Read = Iterator[Crystal | Rejection]


def guarded(name: str, read: Callable[[], Crystal]) -> Crystal | Rejection:
    """Return what ``read`` gives; a ``ValueError`` is the reason of a rejection."""
    try:
        return read()
    except ValueError as error:
        return rejected(name, str(error))


def rejected(name: str, reason: str) -> Rejection:
    """Return the rejection of a record that cannot be read."""
    return Rejection(name, STAGE, f"unreadable: {' '.join(reason.split())[:300]}")
