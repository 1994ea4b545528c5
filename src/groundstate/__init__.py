"""Ground-state molecular geometries and new crystals, as one Snakemake workflow.

From Python the stages are functions, loaded when they are first asked for: ``groundstate.predict``,
``generate``, ``discover``, ``relax`` and ``score``. The commands of the same names call them.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundstate.api.discover import discover as discover
    from groundstate.api.generate import generate as generate
    from groundstate.api.predict import predict as predict
    from groundstate.api.relax import relax as relax
    from groundstate.api.score import score as score

__version__ = "0.2.0"

# as text: importing the package stays fast, and the sources of one stage do not count as those of another
_PUBLIC = {name: f"groundstate.api.{name}" for name in ("predict", "generate", "discover", "relax", "score")}
__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> object:
    """Load a public function when it is first used."""
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    """List the public functions, loaded or not."""
    return sorted({*globals(), *_PUBLIC})
