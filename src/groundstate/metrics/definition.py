"""What a metric is, in one shape for built-in metrics and for those of users."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np

from groundstate.errors import GroundstateError
from groundstate.plugins import load

if TYPE_CHECKING:
    from pymatgen.core import Structure
    from rdkit import Chem

Direction = Literal["lower", "higher"]
SHARE = "share"  # unit of values between 0 and 1, which tables show in per cent
NAME = re.compile(r"[a-z][a-z0-9_]*")
# what else a summary, or a table with one row per structure, holds
RESERVED = frozenset(
    ("baselines", "common", "comparisons", "definitions", "id", "intervals", "molecules", "name", "reason")
)


@dataclass(frozen=True)
class Definition:
    """What a number means; it travels with the number in every ``summary.json``.

    Parameters
    ----------
    text
        What is measured, and over what it is averaged or pooled.
    source
        Paper, program or equation.
    unit
        Such as ``Å``; ``share`` for values between 0 and 1, which tables show in per cent; empty for none.
    direction
        Which values are better: ``lower``, ``higher``, or None where neither is.
    label
        Name in tables and plots; empty: the key of the metric.
    version
        Of the definition; two values of different versions are not compared.
    digits
        Decimals that tables show.

    Raises
    ------
    GroundstateError
        Where ``direction`` is anything else.
    """

    text: str
    source: str
    unit: str = ""
    direction: Direction | None = None
    label: str = ""
    version: str = "1"
    digits: int = 3

    def __post_init__(self) -> None:
        """Check the direction: a plug-in's module is not type-checked."""
        if self.direction not in ("lower", "higher", None):
            raise GroundstateError(
                f"metric definition: direction is {self.direction!r}; allowed: 'lower', 'higher', None"
            )

    @property
    def shown_unit(self) -> str:
        """Unit of what `format` writes: shares are in per cent."""
        return "%" if self.unit == SHARE else self.unit

    @property
    def unit_text(self) -> str:
        """Unit and direction, as tables show them: ``Å, ↓``."""
        arrow = {"lower": "↓", "higher": "↑"}.get(self.direction or "", "")
        return ", ".join(part for part in (self.shown_unit, arrow) if part)

    def format(self, value: float) -> str:
        """Write a value as tables show it: shares in per cent, counts whole, a true minus sign."""
        value = 100 * value if self.unit == SHARE else value
        digits = 0 if self.digits == 0 and float(value).is_integer() else max(self.digits, 1)
        return f"{value:,.{digits}f}".replace("-", "−")

    def as_dict(self, **settings: object) -> dict[str, object]:
        """Give the JSON value for a summary, with the ``settings`` that the metric was computed with."""
        return asdict(self) | settings


def as_json(definitions: Mapping[str, Definition], first: int = 0) -> dict[str, dict[str, object]]:
    """Give ``definitions`` as the JSON values of a summary.

    Keys of a file are sorted, so ``place`` keeps the order of tables; ``first`` is that of the first one.
    """
    return {key: about.as_dict(place=place) for place, (key, about) in enumerate(definitions.items(), first)}


def definition_of(key: str, about: Mapping[str, Any]) -> Definition:
    """Read the definition of ``key`` back from a summary's ``definitions``; a bare one where it has none."""
    entry = about.get(key) or {}
    readable = key.replace("_", " ").replace(".", ": ").capitalize()
    direction = entry.get("direction")
    return Definition(
        str(entry.get("text", "")),
        str(entry.get("source", "")),
        str(entry.get("unit", "")),
        direction if direction in ("lower", "higher") else None,
        str(entry.get("label") or readable),
        str(entry.get("version", "")),
        int(entry.get("digits", 4)),
    )


@dataclass(frozen=True)
class _Metric:
    """A metric of one's own: the key in ``summary.json``, the definition, and the function below."""

    name: str
    definition: Definition
    function: Callable[..., float | None]

    def __post_init__(self) -> None:
        """Check the name, which becomes a key, a column and an anchor."""
        if not NAME.fullmatch(self.name):
            raise GroundstateError(
                f"metric {self.name!r}: a name is small letters, digits and '_', and begins with a letter"
            )

    def __call__(self, name: str, *arguments: object) -> float | None:
        """Evaluate ``function``; None where it gives None or a number that is not finite.

        Parameters
        ----------
        name
            Id of the molecule or crystal, for the error.
        arguments
            Those of ``function``.

        Raises
        ------
        GroundstateError
            Where ``function`` raises, or gives something else than one number.
        """
        try:
            value = self.function(*arguments)
            number = math.nan if value is None else float(value)
        except Exception as error:
            raise GroundstateError(
                f"metric {self.name}: {name}: {type(error).__name__}: {error}; its function has to give one "
                "number, or None where there is nothing to measure"
            ) from error
        return number if math.isfinite(number) else None


class GeometryMetric(_Metric):
    """A metric of a predicted geometry: ``function(mol, predicted, reference) -> float``.

    ``mol`` is the RDKit molecule with its hydrogens and stereo; ``predicted`` and ``reference`` are positions
    (n, 3) in angstrom, in its atom order. Molecules without a reference geometry are left out. The value of a
    set is the mean over its molecules.
    """

    function: Callable[[Chem.Mol, np.ndarray, np.ndarray], float | None]


class CrystalMetric(_Metric):
    """A metric of a crystal: ``function(structure) -> float``, from a pymatgen ``Structure``.

    The value of a set is the mean over the crystals that could be read.
    """

    function: Callable[[Structure], float | None]


Metric = TypeVar("Metric", GeometryMetric, CrystalMetric)


def load_metrics(references: Sequence[str], kind: type[Metric], what: str) -> list[Metric]:
    """Import the metrics that the command line names: by a name, or as ``package.module:Object``.

    Parameters
    ----------
    references
        As given.
    kind
        Class that each is an instance of.
    what
        Table of names: ``geometry metric`` or ``crystal metric``.

    Raises
    ------
    GroundstateError
        For what cannot be imported, or is something else.
    """
    metrics = []
    for reference in references:
        metric = load(reference, kind, what)
        if not isinstance(metric, kind):
            raise GroundstateError(f"{what} {reference}: is a class; name an instance of it")
        metrics.append(metric)
    return metrics


def check_names(metrics: Sequence[Metric], taken: Sequence[str]) -> list[Metric]:
    """Give ``metrics`` back where no two have one name, and none that of a built-in number.

    Raises
    ------
    GroundstateError
        That names the metric.
    """
    names = [metric.name for metric in metrics]
    for index, name in enumerate(names):
        if name in taken or name in RESERVED:
            raise GroundstateError(f"metric {name}: a built-in number has this name; give it another one")
        if name in names[:index]:
            raise GroundstateError(f"metric {name}: two metrics have this name; give one of them another")
    return list(metrics)
