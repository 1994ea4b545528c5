"""Which source files a stage depends on, read from its imports: Snakemake reruns it when one changes."""

import ast
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent


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


def stage_sources(command: str) -> list[str]:
    """Every source file that a command's module imports, directly or not, as sorted absolute paths.

    Parameters
    ----------
    command : module name under ``groundstate.cli``, such as ``train_geometry``.

    Data files beside the modules count too; ``groundstate/cli/__init__.py`` does not, since every command
    passes through it.
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
    for folder in {path.parent for path in files}:
        for sub in ("data", "assets"):
            files.update(p for p in folder.glob(f"{sub}/**/*") if p.is_file())
    return sorted(str(path) for path in files)
