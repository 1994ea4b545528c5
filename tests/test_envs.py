"""Dependencies: what is imported is declared, and the other way round; pins are made from that."""

import ast
import importlib.metadata
import re
import runpy
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PINS = [line for line in (ROOT / "envs/requirements.txt").read_text().splitlines() if line]


def test_pins_are_exact_and_portable() -> None:
    for pin in PINS:
        assert re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9a-z.]+", pin), pin  # no address, no hash, no local build


PINNING = runpy.run_path(str(ROOT / "envs/make_pins.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
# imported, but no requirement: GPAW is a program of the user's, cuEquivariance is a rival in a benchmark
NOT_DECLARED = {"gpaw", "cuequivariance", "cuequivariance-torch"}
# not imported: the workflow's engine and its plug-in, and a package of which one data file is read
NOT_IMPORTED = {"snakemake", "snakemake-executor-plugin-slurm", "matminer"}
# called as programs, or read by one
TOOLS = {"coverage", "mypy", "pre-commit", "pytest", "pytest-xdist", "ruff", "snakefmt", "types-pyyaml"}


def names(requirements: list[str]) -> set[str]:
    return {PINNING["canonical"](Requirement(text).name) for text in requirements}


def imported(*folders: str) -> set[str]:
    """Distributions behind the packages that the Python files of folders import."""
    own = {path.stem for folder in folders for path in (ROOT / folder).rglob("*")} | {"groundstate"}
    packages: set[str] = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in running_nodes(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                packages.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                packages.add(node.module.partition(".")[0])
    behind = importlib.metadata.packages_distributions()
    foreign = packages - own - sys.stdlib_module_names
    found = {
        PINNING["canonical"](behind[package][0] if package in behind else package) for package in foreign
    }
    return {"pymatgen" if name == "pymatgen-core" else name for name in found} - NOT_DECLARED


def running_nodes(tree: ast.AST) -> list[ast.AST]:
    """The nodes of a module without what stands under ``if TYPE_CHECKING``."""
    children = [
        node
        for node in ast.iter_child_nodes(tree)
        if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test))
    ]
    return [*children, *(one for child in children for one in running_nodes(child))]


def test_what_the_package_imports_is_what_it_declares() -> None:
    extras = (requirement for name in ("stability", "phonons", "slurm") for requirement in EXTRAS[name])
    declared = names(PROJECT["dependencies"]) | names(list(extras))
    assert imported("src") == declared - NOT_IMPORTED


def test_what_tests_and_benchmarks_import_besides_is_what_dev_declares() -> None:
    assert imported("tests", "benchmarks", "envs") - imported("src") - NOT_IMPORTED == names(
        EXTRAS["dev"]
    ) - TOOLS | {"pytest"}


def test_pins_are_what_is_required_and_installed_and_no_more() -> None:
    pins = PINNING["requirements_text"](PINNING["closure"](PINNING["direct"]()))
    assert (ROOT / "envs/requirements.txt").read_text() == pins, "run `python envs/make_pins.py`"


def test_conda_file_is_made_from_the_pins() -> None:
    text = (ROOT / "envs/requirements.txt").read_text()
    assert (ROOT / "envs/groundstate.yaml").read_text() == PINNING["conda_text"](text)


def test_the_package_accepts_the_pins() -> None:
    versions = {re.sub(r"[-_.]+", "-", n).lower(): v for n, _, v in (pin.partition("==") for pin in PINS)}
    wanted = [*PROJECT["dependencies"], *(r for rs in EXTRAS.values() for r in rs)]
    for requirement in map(Requirement, wanted):
        assert versions[re.sub(r"[-_.]+", "-", requirement.name).lower()] in requirement.specifier, (
            requirement
        )
