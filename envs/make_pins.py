"""Write the pins from what is installed: ``requirements.txt`` (pip) and ``groundstate.yaml`` (conda).

The direct dependencies stand in ``pyproject.toml``; ``README.md`` beside this file says how to change one.
Nothing is resolved anew: the pins are what the tests ran with.
"""

import importlib.metadata
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement

HERE = Path(__file__).parent


def direct() -> list[Requirement]:
    """What ``pyproject.toml`` asks for, with all extras."""
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    return [
        Requirement(text) for text in [*project["dependencies"], *(one for some in extras for one in some)]
    ]


def canonical(name: str) -> str:
    """A name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(requirements: Iterable[Requirement]) -> dict[str, str]:
    """Installed name -> version of the requirements and all that they require here."""
    waiting = [(one, frozenset(one.extras)) for one in requirements]
    pins: dict[str, str] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        requirement, extras = waiting.pop()
        key = canonical(requirement.name), extras
        if key in seen:
            continue
        seen.add(key)
        found = importlib.metadata.distribution(requirement.name)
        pins[found.metadata["Name"]] = found.version.split("+")[0]  # a local build such as +cpu is no pin
        for text in found.requires or ():
            other = Requirement(text)
            if other.marker is None or any(
                other.marker.evaluate({"extra": extra}) for extra in extras | {""}
            ):
                waiting.append((other, frozenset(other.extras)))
    return pins


def requirements_text(pins: dict[str, str]) -> str:
    """The pins, one a line."""
    return "".join(
        f"{name}=={version}\n" for name, version in sorted(pins.items(), key=lambda p: p[0].lower())
    )


def version() -> str:
    """The version of the package itself."""
    text = (HERE.parent / "src/groundstate/__init__.py").read_text(encoding="utf-8")
    return re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)[1]


def conda_text(requirements: str) -> str:
    """A conda environment that installs this release and exactly the pins of ``requirements`` with pip."""
    pins = [line.strip() for line in requirements.splitlines() if line.strip() and not line.startswith("#")]
    lines = [
        "name: groundstate",
        "channels:",
        "  - conda-forge",
        "dependencies:",
        "  - python =3.11",
        "  - pip",
        "  - pip:",
        f"      - groundstate=={version()}",
        *(f"      - {pin}" for pin in pins),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    text = requirements_text(closure(direct()))
    (HERE / "requirements.txt").write_text(text, encoding="utf-8")
    (HERE / "groundstate.yaml").write_text(conda_text(text), encoding="utf-8")
