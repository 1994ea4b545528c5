"""Models and metrics by name: the built-in ones, and plug-ins that a user names as ``package.module:Object``.

The tables hold names as text on purpose: what they name is imported when it is asked for, and the sources of
one model do not count as sources of another (``groundstate.dependencies`` follows imports).
"""

import importlib
import re
import sys
import traceback
from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from groundstate.errors import GroundstateError

GEOMETRY_MODELS = {
    "gaunt": "groundstate.molecules.models.gaunt.model:GauntModel",
    "dagnn-distance": "groundstate.molecules.models.dagnn.model:DagnnDistance",
    "dagnn-coordinates": "groundstate.molecules.models.dagnn.model:DagnnCoordinates",
    "distogram": "groundstate.molecules.models.distogram.model:DistogramModel",
    "mean-distance": "groundstate.molecules.models.dagnn.mean_distance:MeanDistance",
    "etkdg": "groundstate.molecules.models.untrained:Etkdg",
    "etkdg-nostereo": "groundstate.molecules.models.untrained:EtkdgNoStereo",
    "mmff": "groundstate.molecules.models.untrained:Mmff",
    "mmff-lowest": "groundstate.molecules.models.untrained:MmffLowest",
    "xtb": "groundstate.molecules.models.untrained:Xtb",
}
CRYSTAL_MODELS = {
    "unimat-compact": "groundstate.crystals.models.compact.model:CompactModel",
    "unimat": "groundstate.crystals.models.unimat.model:UnimatModel",
    "unimat-64": "groundstate.crystals.models.unimat.model:Unimat64",
    "unimat-128": "groundstate.crystals.models.unimat.model:Unimat128",
    "unimat-256": "groundstate.crystals.models.unimat.model:Unimat256",
}
MOLECULAR_POTENTIALS = {
    "aimnet2": "groundstate.molecular_potentials.aimnet2:Aimnet2",
    "gfn2-xtb": "groundstate.molecular_potentials.gfn2:Gfn2Xtb",
    "mmff94": "groundstate.molecular_potentials.mmff94:Mmff94",
}
SHIPPED = "shipped"  # in the place of a model: the weights that come with the package
# what a name may stand for; metrics that are built in are always computed and have no names here
TABLES: dict[str, dict[str, str]] = {
    "geometry model": GEOMETRY_MODELS,
    "crystal model": CRYSTAL_MODELS,
    "molecular potential": MOLECULAR_POTENTIALS,
    "geometry metric": {},
    "crystal metric": {},
    "potential": {},  # of a user's own; the built-in ones are not imported by name
}
Kind = TypeVar("Kind")
GROUP = "groundstate.plugins"  # of entry points: an installed package gives its plug-ins names
REFERENCE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


def installed_plugins() -> dict[str, str]:
    """List the names that installed packages give to their plug-ins, with the references behind them."""
    return {point.name: point.value for point in entry_points(group=GROUP)}


def resolve(name: str, what: str, plugins: Mapping[str, str] | None = None) -> str:
    """Give the reference ``package.module:Object`` behind a name.

    Parameters
    ----------
    name
        A built-in name of the table of ``what``, a name of ``plugins`` or of an entry point, or a reference.
    what
        A key of ``TABLES``.
    plugins
        Names that the config gives, with their references.

    Raises ``GroundstateError`` that lists what is allowed.
    """
    table = TABLES[what]
    if name in table:
        return table[name]
    reference = (plugins or {}).get(name) or (name if ":" in name else installed_plugins().get(name))
    if reference is None:
        names = ", ".join([*table, *(plugins or {})]) or "none is built in"
        raise GroundstateError(
            f"unknown {what} {name!r}; allowed: {names}, or package.module:Object of your own"
        )
    if not REFERENCE.fullmatch(reference):
        raise GroundstateError(
            f"{what} {reference!r} is not package.module:Object, such as my_models:Scale for "
            "`Scale` in my_models.py"
        )
    return reference


def load(reference: str, kind: type, what: str) -> object:
    """Import the object that a built-in name or ``package.module:Object`` stands for.

    Parameters
    ----------
    reference
        Name or reference; modules of the working folder can be imported.
    kind
        The object is a subclass or an instance of it.
    what
        A key of ``TABLES``, such as ``"geometry model"``.

    Raises ``GroundstateError`` for an unknown name, a module that is absent or faulty, and an object that is
    absent or of another kind.
    """
    reference = resolve(reference, what)
    module_name, _, name = reference.partition(":")
    module = _module(module_name, f"{what} {reference}")
    if not hasattr(module, name):
        there = ", ".join(key for key, value in vars(module).items() if _is(value, kind)) or "none"
        raise GroundstateError(
            f"{what} {reference}: {module.__file__} has no {name!r}; its objects of this kind: {there}"
        )
    target = getattr(module, name)
    if not _is(target, kind):
        raise GroundstateError(
            f"{what} {reference}: is neither a subclass nor an instance of "
            f"{kind.__module__}.{kind.__name__}; derive it from {kind.__name__}, or name another object"
        )
    return target


def load_class(reference: str, kind: type[Kind], what: str) -> type[Kind]:
    """Import the class that a built-in name or ``package.module:Object`` stands for; see ``load``.

    Raises ``GroundstateError`` as ``load``, and for an object of the class in place of the class.
    """
    target = load(reference, kind, what)
    if not isinstance(target, type):
        raise GroundstateError(
            f"{what} {reference}: is an object; name the subclass of {kind.__name__} itself"
        )
    return target


def _is(value: object, kind: type) -> bool:
    return issubclass(value, kind) if isinstance(value, type) else isinstance(value, kind)


def _module(name: str, where: str) -> ModuleType:
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)  # behind what is installed, which keeps its names
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise GroundstateError(
                f"{where}: there is no module {error.name!r} in {folder} or among the installed packages; "
                "work in the folder that holds it, or install it"
            ) from None
        raise GroundstateError(f"{where}: it imports {error.name!r}, which is not installed") from None
    except Exception as error:  # a user's own module may raise anything
        place = [one for one in traceback.extract_tb(error.__traceback__) if "importlib" not in one.filename]
        line = getattr(error, "lineno", None) or (place[-1].lineno if place else None)
        file = getattr(error, "filename", None) or (place[-1].filename if place else name)
        raise GroundstateError(
            f"{where}: {file}, line {line}: {type(error).__name__}: {error}; mend it"
        ) from None
