"""The example of the documentation runs, and the library stands alone."""

import doctest
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_documented_example_runs():
    result = doctest.testfile(str(ROOT / "docs" / "gaunt.md"), module_relative=False)
    assert result.attempted >= 8
    assert result.failed == 0


def test_import_needs_neither_lightning_nor_chemistry():
    heavy = ("lightning", "torch_geometric", "rdkit", "pymatgen", "pandas")
    code = f"import sys, groundstate.gaunt; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
