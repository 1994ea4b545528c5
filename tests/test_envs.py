"""The pins: one truth, the conda file made from it, what is installed, what the package asks for."""

import importlib.metadata
import re
import runpy
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PINS = [line for line in (ROOT / "envs/requirements.txt").read_text().splitlines() if line]


def test_pins_are_exact_and_portable() -> None:
    for pin in PINS:
        assert re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9a-z.]+", pin), pin  # no address, no hash, no local build


def test_conda_file_is_made_from_the_pins() -> None:
    make = runpy.run_path(str(ROOT / "envs/make_conda.py"))["conda_text"]
    text = (ROOT / "envs/requirements.txt").read_text()
    assert (ROOT / "envs/groundstate.yaml").read_text() == make(text), "run `python envs/make_conda.py`"


@pytest.mark.parametrize("pin", PINS)
def test_installed_versions_are_the_pins(pin: str) -> None:
    name, _, version = pin.partition("==")
    assert importlib.metadata.version(name).split("+")[0] == version


def test_the_package_accepts_the_pins() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    versions = {re.sub(r"[-_.]+", "-", n).lower(): v for n, _, v in (pin.partition("==") for pin in PINS)}
    wanted = [*project["dependencies"], *(r for rs in project["optional-dependencies"].values() for r in rs)]
    for requirement in map(Requirement, wanted):
        assert versions[re.sub(r"[-_.]+", "-", requirement.name).lower()] in requirement.specifier, (
            requirement
        )
