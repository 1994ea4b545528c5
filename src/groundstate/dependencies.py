"""Which source files a stage depends on, read from its imports: Snakemake reruns it when one changes."""

import ast
import re
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent
FILE_NAME = re.compile(r"[\w.-]+(/[\w.-]+)*")


def _file(module: str) -> Path | None:
    """Source file of a module of this package, or None where the name is not one."""
    path = PACKAGE.joinpath(*module.split(".")[1:])
    for candidate in (path / "__init__.py", path.with_suffix(".py")):
        if candidate.is_file():
            return candidate
    return None


@cache
def _imports(path: Path) -> frozenset[str]:
    """Modules of this package that ``path`` imports anywhere, inside functions too."""
    found = set()
    package = [PACKAGE.name, *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parent = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*parent, *([node.module] if node.module else [])])
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        found.update(name for name in names if name.split(".")[0] == PACKAGE.name)
    return frozenset(found)


@cache
def _named_files(path: Path) -> frozenset[Path]:
    """Files that a module names in a text, relative to its own folder: tables, scripts, folders of assets."""
    named: set[Path] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and FILE_NAME.fullmatch(node.value):
            other = path.parent / node.value
            if other.is_dir() and not any(other.rglob("*.py")):
                named.update(p for p in other.rglob("*") if p.is_file())
            elif other.is_file():
                named.add(other)
    return frozenset(named)


def stage_sources(command: str) -> list[str]:
    """Every source file that a command's module imports, directly or not, as sorted absolute paths.

    Parameters
    ----------
    command : module name under ``groundstate.cli``, such as ``train_geometry``.

    Files that a module names (``_named_files``) count too; ``groundstate/cli/__init__.py`` does not, since
    every command passes through it.
    """
    waiting, seen = [f"{PACKAGE.name}.cli.{command}"], set()
    files: set[Path] = set()
    while waiting:
        module = waiting.pop()
        parents = module.rpartition(".")[0]
        if module in seen or module in (PACKAGE.name, f"{PACKAGE.name}.cli"):
            continue
        seen.add(module)
        if parents:
            waiting.append(parents)
        path = _file(module)
        if path is not None:
            files.add(path)
            waiting.extend(_imports(path))
    named = {name for path in files for name in _named_files(path)}
    return sorted(str(path) for path in files | named)
