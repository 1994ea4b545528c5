"""The configuration as Snakemake hands it over: read, completed, and explained before any job starts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from groundstate.config import PARTS, Config
from groundstate.errors import GroundstateError
from groundstate.settings import explain

SEARCHES = "discover"
MOST_ENTRIES = 100_000  # of one key; the sources of every published set are some hundred


def _entries(value: object) -> int:
    """Count the entries of nested lists and tables, each alias anew, to just beyond ``MOST_ENTRIES``."""
    waiting, count = [value], 0
    while waiting and count <= MOST_ENTRIES:
        one = waiting.pop()
        inner = list(one.values()) if isinstance(one, dict) else one if isinstance(one, list) else []
        count += len(inner)
        waiting.extend(inner)
    return count


def yaml_fault(path: str | Path) -> str | None:
    """Say what keeps a YAML file from being read, with file and line; None where nothing does."""
    try:
        yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return f"{path}: line {mark.line + 1 if mark else 1}: {error.problem}; mend the YAML"
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        return f"{path}: not readable ({error})"
    return None


def asked_for(given: Mapping[str, Any]) -> set[str]:
    """Name the parts that a config asks for: those it names, or those of the default run."""
    return {*PARTS, SEARCHES} & given.keys() or {"molecules", "crystals", SEARCHES}


def complete(values: dict[str, Any], asked: set[str], sources: str | Path) -> dict[str, Any]:
    """Add the described data sets, and empty the parts that nobody asked for.

    Parameters
    ----------
    values
        The config as Snakemake merged it; where this workflow is a module, what its user gave.
    asked
        What ``asked_for`` gives.
    sources
        Path of ``sources.yaml``.

    Raises ``GroundstateError`` where potentials are asked for and no data set is.
    """
    described = yaml.safe_load(Path(sources).read_text(encoding="utf-8"))["sources"]
    own = values.get("sources") or {}
    values = {**values, "sources": {**described, **own} if isinstance(own, dict) else own}
    for part in {*PARTS, SEARCHES} - asked:
        section, key = values.get(part) or {}, "wanted" if part == SEARCHES else "datasets"
        values[part] = {**section, key: []} if isinstance(section, dict) else section
    potentials = values.get("potentials")
    if asked == {"potentials"} and isinstance(potentials, dict) and not potentials.get("datasets"):
        raise GroundstateError(
            "config: potentials.datasets: empty; name a data set of `sources`, such as [three_bpa]"
        )
    return values


def read_config(values: dict[str, Any]) -> Config:
    """Check ``values`` (as Snakemake merged them) and fill in the defaults.

    Raises ``GroundstateError`` with one line a fault: the key and what is allowed.
    """
    for key, value in values.items():
        if _entries(value) > MOST_ENTRIES:
            raise GroundstateError(
                f"config: {key}: more than {MOST_ENTRIES} entries when its YAML aliases are written out; "
                "write what is meant, or put data into a file"
            )
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        text = explain(error, "config", Config)
        raise GroundstateError(text) from None
