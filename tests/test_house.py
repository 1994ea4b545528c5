"""The house: rooms that one can overlook, imports that run one way, a test where the code stands."""

import ast
import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src/groundstate"
MODULES = sorted(PACKAGE.rglob("*.py"))
ROOMS = sorted({path.parent for path in MODULES})

LONGEST_FILE = 300  # lines
MOST_ENTRIES = 16  # files and folders of a room, ``__init__.py`` left out
CROWDED = {
    "": "small helpers that all floors share, beside the rooms themselves",
    "cli": "one file a command",
}
# from the ground up; a room imports from lower floors and from its own room only
FLOORS: list[set[str]] = [
    {"weights"},
    {"gaunt", "diffusion"},
    {"sources", "potentials", "training"},
    {"molecular_potentials"},
    {"interatomic"},
    {"molecules", "crystals"},
    {"ground_states"},
    {"metrics"},
    {"stability"},
    {"report"},
    {"discovery"},
    {"api"},
    {"cli"},
]
GROUND = -1  # the files at the root, which import no room
TOP = {
    "config",
    "config_reading",
    "config_sections",
    "config_texts",
    "__main__",
}  # files at the root that stand above the rooms they gather
# modules without a test of their own, and why
COMMAND = "parses options for a function with tests of its own; run by tests/test_cli.py and tests/workflow"
BY_NAME = "loaded by its name in groundstate.plugins; the tests of its room load it so"
BY_COMMAND = "has no door but its command: run as a whole by tests/cli"
UNTESTED = {
    "": "the version",
    **dict.fromkeys((f"cli.{path.stem}" for path in (PACKAGE / "cli").glob("*_*.py")), COMMAND),
    "cli.discover": COMMAND,
    "cli.fetch": COMMAND,
    "cli.init": COMMAND,
    "cli.ending": "one sentence of the commands; their tests read it",
    "cli.report": COMMAND,
    "crystals.models.compact.model": BY_NAME,
    "crystals.models.embedding": BY_NAME,
    "interatomic.molecular": BY_NAME,
    "molecular_potentials.gfn2": BY_NAME,
    "molecules.models.dagnn.model": BY_NAME,
    "molecules.models.dagnn.distance_geometry": BY_NAME,
    "molecules.models.dagnn.mean_distance": BY_NAME,
    "__main__": "the command line as a module; tests/test_cli.py runs it",
    "metrics.crystals.score": BY_COMMAND,
    "metrics.crystals.score_crystals": BY_COMMAND,
    "metrics.crystals.score_validity": BY_COMMAND,
    "metrics.named_files": BY_COMMAND,
    "metrics.text_table": BY_COMMAND,
    "molecules.dataset.requests": BY_COMMAND,
    "molecules.models.write": BY_COMMAND,
    "stability.dft": BY_COMMAND,
    "stability.evaluation": BY_COMMAND,
    "stability.inputs": BY_COMMAND,
    "stability.relaxation": BY_COMMAND,
    "stability.second": BY_COMMAND,
    "stability.output.write": BY_COMMAND,
    "crystals.crystal": "the type that every test of crystals is written with",
    "crystals.structures": "its readers stand in crystals.dataset; the scores' tests read through it",
    "molecules.distance_table": "tested with what is made of it, molecules.models.dagnn.mean_distance",
    "molecules.equivalence": "tested by metrics.molecules.symmetry",
    "molecules.pairing": "tested by metrics.molecules.score",
    "molecules.stereo": "tested with molecules.soundness, and by tests/molecules/dataset",
    "potentials.formation": "tested by the stage, tests/stability",
    "potentials.gpaw_script": "runs inside GPAW; a stand-in for it in tests/potentials/test_dft.py",
    "records": "what every stage writes and reads",
}


def name_of(path: Path) -> str:
    """``molecules/sdf.py`` -> ``molecules.sdf``; a package by its folder."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(path): path for path in MODULES}


@cache
def imported(path: Path) -> frozenset[str]:
    """Modules of the package that a file imports when it runs, inside functions too; types left out."""
    names: set[str] = set()
    for node in running_nodes(ast.parse(path.read_text(encoding="utf-8"))):
        candidates: list[str] = []
        if isinstance(node, ast.Import):
            candidates = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            candidates = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in candidates:
            head, _, rest = name.partition(".")
            if head == "groundstate":
                names.add(rest if rest in NAMES else rest.rpartition(".")[0])
    return frozenset(names - {""})


def running_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a module without what stands under ``if TYPE_CHECKING``."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)):
            yield node
            yield from running_nodes(node)


def circles(edges: Mapping[Hashable, Iterable[Hashable]]) -> list[list[Hashable]]:
    """Every way round that a walk along the edges finds."""
    state: dict[Hashable, int] = defaultdict(int)
    found, path = [], []

    def walk(node: Hashable) -> None:
        state[node] = 1
        path.append(node)
        for other in edges.get(node, ()):
            if state[other] == 1:
                found.append([*path[path.index(other) :], other])
            elif state[other] == 0:
                walk(other)
        path.pop()
        state[node] = 2

    for node in list(edges):
        if state[node] == 0:
            walk(node)
    return found


def floor_of(name: str) -> int:
    room = name.partition(".")[0]
    if name in TOP:
        return len(FLOORS) - 1
    return next((floor for floor, rooms in enumerate(FLOORS) if room in rooms), GROUND)


def test_every_room_has_a_floor() -> None:
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert rooms <= set.union(*FLOORS)


def test_no_file_is_too_long() -> None:
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in MODULES}
    assert not {name: length for name, length in lengths.items() if length > LONGEST_FILE}


def test_no_room_is_crowded() -> None:
    crowded = {}
    for room in ROOMS:
        entries = [one for one in room.iterdir() if one.name not in ("__init__.py", "__pycache__")]
        name = room.relative_to(PACKAGE).as_posix().removeprefix(".")
        if len(entries) > MOST_ENTRIES and name not in CROWDED:
            crowded[name] = len(entries)
    assert not crowded


def test_imports_run_one_way() -> None:
    against = [
        f"{name} imports {other}"
        for name, path in NAMES.items()
        for other in imported(path)
        if floor_of(other) > floor_of(name)
        or (floor_of(other) == floor_of(name) != GROUND and siblings(name, other))
    ]
    assert not against


def siblings(name: str, other: str) -> bool:
    """Whether two modules stand in different rooms."""
    rooms = {name.partition(".")[0], other.partition(".")[0]} - TOP
    return len(rooms) == 2 and "cli" not in rooms


def test_no_module_and_no_room_is_in_a_circle() -> None:
    modules = {name: imported(path) for name, path in NAMES.items()}
    assert not circles(modules)
    rooms: dict[str, set[str]] = defaultdict(set)
    for name, others in modules.items():
        for other in others:
            here, there = name.rpartition(".")[0], other.rpartition(".")[0]
            inside = f"{here}.".startswith(f"{there}.") or f"{there}.".startswith(f"{here}.")
            if not inside and here and there:
                rooms[here].add(there)
    assert not circles(rooms)


def test_every_module_has_a_test_at_its_rooms_path() -> None:
    without = {name for name in NAMES if not is_empty(name) and not is_tested(name)}
    assert without <= UNTESTED.keys(), sorted(without - UNTESTED.keys())


def is_empty(name: str) -> bool:
    """Whether a file holds no more than its docstring."""
    return len(ast.parse(NAMES[name].read_text()).body) <= 1


def is_tested(name: str) -> bool:
    """Whether a test at the path of its room, or of a room around it, is named after it or reaches it."""
    room = NAMES[name].parent
    while room.is_relative_to(PACKAGE):
        for test in (ROOT / "tests" / room.relative_to(PACKAGE)).glob("test_*.py"):
            last = name.rpartition(".")[2]
            if test.stem == f"test_{last}" or name in reached(test, name.partition(".")[0]):
                return True
        room = room.parent
    return False


@cache
def reached(test: Path, room: str) -> frozenset[str]:
    """Modules of a room of the ground plan that a test imports, directly or through others of that room."""
    waiting, seen = [*imported(test)], set()
    while waiting:
        name = waiting.pop()
        if name not in seen and name.partition(".")[0] == room:
            seen.add(name)
            waiting.extend(imported(NAMES[name]))
    return frozenset(seen)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_code_asks_for_the_kind_of_a_model(path: Path) -> None:
    assert not re.search(r"isinstance\([^()]*\b(?!Base)[A-Z]\w*Model\b", path.read_text())
