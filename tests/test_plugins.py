"""Names to objects: the tables hold what is there, a user's module is imported or refused by a sentence."""

import importlib
import sys
from pathlib import Path

import pytest

from groundstate.errors import GroundstateError
from groundstate.plugins import TABLES, load, load_class, resolve


class Kind:
    """What the plug-ins of these tests are."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder whose modules are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    importlib.invalidate_caches()
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"from {__name__} import Kind\n{text}")
    importlib.invalidate_caches()


@pytest.mark.parametrize("reference", [text for table in TABLES.values() for text in table.values()])
def test_every_built_in_name_leads_to_an_object(reference: str) -> None:
    module, _, name = reference.partition(":")
    assert hasattr(importlib.import_module(module), name)


def test_the_tables_import_nothing() -> None:
    module = Path(importlib.import_module("groundstate.plugins").__file__)
    assert not any(
        line.startswith(("from groundstate.mol", "from groundstate.cry")) for line in module.open()
    )


def test_a_class_and_an_instance_of_the_working_folder_are_loaded(folder: Path) -> None:
    write(folder, "mine_a.py", "class Scale(Kind): pass\nONE = Kind()\n")
    sys.modules[__name__] = sys.modules.get(__name__) or importlib.import_module(__name__)
    assert load("mine_a:Scale", Kind, "geometry model").__name__ == "Scale"
    assert isinstance(load("mine_a:ONE", Kind, "geometry metric"), Kind)
    assert load_class("mine_a:Scale", Kind, "geometry model").__name__ == "Scale"
    with pytest.raises(GroundstateError, match="mine_a:ONE: is an object; name the subclass of Kind itself"):
        load_class("mine_a:ONE", Kind, "geometry model")


def test_a_module_in_a_package_of_the_working_folder_is_loaded(folder: Path) -> None:
    (folder / "mine_b").mkdir()
    write(folder, "mine_b/__init__.py", "")
    write(folder, "mine_b/inner.py", "class Scale(Kind): pass\n")
    assert load("mine_b.inner:Scale", Kind, "crystal model").__name__ == "Scale"


@pytest.mark.parametrize(
    ("reference", "sentence"),
    [
        ("gauss", r"unknown geometry model 'gauss'; allowed: gaunt, .*package.module:Object"),
        (
            "no_such_module:Scale",
            r"geometry model no_such_module:Scale: there is no module 'no_such_module' in",
        ),
        ("mine:Scale:Two", r"is not package.module:Object"),
        ("../mine:Scale", r"is not package.module:Object"),
        ("mine.py:Scale", r"no module 'mine.py'"),
        ("mine:Other", r"mine.py has no 'Other'; its objects of this kind: Kind, Scale$"),
        ("mine:Wrong", r"is neither a subclass nor an instance of .*Kind; derive it from Kind"),
        ("faulty:Scale", r"faulty.py, line 2: ZeroDivisionError: division by zero; mend it"),
        ("unparsable:Scale", r"unparsable.py, line 2: SyntaxError: "),
        ("needy:Scale", r"it imports 'not_installed_at_all', which is not installed"),
    ],
)
def test_what_cannot_be_loaded_is_a_sentence(folder: Path, reference: str, sentence: str) -> None:
    write(folder, "mine.py", "class Scale(Kind): pass\nclass Wrong: pass\n")
    write(folder, "faulty.py", "1 / 0\n")
    write(folder, "unparsable.py", "class Scale(:\n")
    write(folder, "needy.py", "import not_installed_at_all\n")
    with pytest.raises(GroundstateError, match=sentence) as caught:
        load(reference, Kind, "geometry model")
    assert "\n" not in str(caught.value)


def test_names_of_the_config_come_after_built_in_ones_and_before_references() -> None:
    plugins = {"scale": "my_models:Scale", "gaunt": "my_models:Gaunt"}
    assert resolve("scale", "geometry model", plugins) == "my_models:Scale"
    assert resolve("gaunt", "geometry model", plugins) == TABLES["geometry model"]["gaunt"]
    assert resolve("my_models:Other", "geometry model", plugins) == "my_models:Other"
    with pytest.raises(GroundstateError, match=r"allowed: gaunt, .*, scale, "):
        resolve("scales", "geometry model", plugins)


def test_an_entry_point_of_an_installed_package_gives_a_name(folder: Path) -> None:
    about = folder / "thirdparty-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: thirdparty\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[groundstate.plugins]\nthird = mine_c:Scale\n")
    write(folder, "mine_c.py", "class Scale(Kind): pass\n")
    sys.path.append(str(folder))
    assert load("third", Kind, "geometry model").__name__ == "Scale"
