"""Which source files a stage depends on, read from its imports: Snakemake reruns it when one changes."""

import ast
import importlib.util
import re
from collections.abc import Sequence
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from groundstate.errors import GroundstateError

PACKAGE = Path(__file__).parent
# of the package itself, and of what every command passes through to names that it does not use
UNCOUNTED = (PACKAGE.name, *(f"{PACKAGE.name}.{name}" for name in ("cli", "cli.guard", "plugins")))
FILE_NAME = re.compile(r"[\w.-]+(/[\w.-]+)*")


def _root(package: str) -> Path | None:
    """Find the folder that holds a top-level package or module: installed, or in the working folder."""
    if package == PACKAGE.name:
        return PACKAGE.parent
    spec: ModuleSpec | None
    try:
        spec = importlib.util.find_spec(package) or PathFinder.find_spec(package, [str(Path.cwd())])
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))).parent
    return Path(spec.origin).parent if spec.has_location and spec.origin else None


def _file(module: str, root: Path) -> Path | None:
    """Source file of a module below ``root``, or None where the name is not one."""
    path = root.joinpath(*module.split("."))
    for candidate in (path / "__init__.py", path.with_name(f"{path.name}.py")):
        if candidate.is_file():
            return candidate
    return None


@cache
def _imports(path: Path, root: Path) -> frozenset[str]:
    """Modules that ``path`` imports anywhere, inside functions too, by their full names."""
    imported: set[str] = set()
    package = path.relative_to(root).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parent = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*parent, *([node.module] if node.module else [])])
            imported.update([base, *(f"{base}.{alias.name}" for alias in node.names)])
    return frozenset(imported)


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


def stage_sources(command: str, modules: Sequence[str] = ()) -> list[str]:
    """List every source file that a stage imports, directly or not, as sorted absolute paths.

    Parameters
    ----------
    command
        Module name under ``groundstate.cli``, such as ``train_geometry``.
    modules
        Further modules that the stage loads by name: those of its model and metrics, built in or of a user's.
        What a user's module imports from its own folder or package counts, too.

    Files that a module of this package names (``_named_files``) count. The tables of names in
    ``groundstate/cli/__init__.py`` and ``groundstate/plugins.py`` do not: a further name changes no stage.
    Raises ``GroundstateError`` where a module of ``modules`` is not there or is not Python.
    """
    waiting = [(f"{PACKAGE.name}.cli.{command}", PACKAGE.parent)]
    for module in modules:
        root = _root(module.partition(".")[0])
        if root is None or _file(module, root) is None:
            raise GroundstateError(
                f"plug-in {module}: no such module in {Path.cwd()} or among the installed packages; "
                "work in the folder that holds it, or install it"
            )
        waiting.append((module, root))
    seen: set[str] = set()
    files: set[Path] = set()
    while waiting:
        module, root = waiting.pop()
        if module in seen or module in ("", *UNCOUNTED):
            continue
        seen.add(module)
        waiting.append((module.rpartition(".")[0], root))
        path = _file(module, root)
        if path is None:
            continue
        files.add(path)
        try:
            imported = _imports(path, root)
        except (SyntaxError, UnicodeDecodeError) as error:
            raise GroundstateError(f"{path}: not Python ({error}); mend it") from None
        for name in imported:
            package = name.partition(".")[0]
            if package == PACKAGE.name:
                waiting.append((name, PACKAGE.parent))
            elif root != PACKAGE.parent and (package == module.partition(".")[0] or root == Path.cwd()):
                waiting.append((name, root))
    named = {name for path in files if path.is_relative_to(PACKAGE) for name in _named_files(path)}
    return sorted(str(path) for path in files | named)
