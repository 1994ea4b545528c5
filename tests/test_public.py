"""The package as people import it."""

import subprocess
import sys

import pytest

import groundstate


def test_importing_loads_nothing_heavy() -> None:
    script = "import sys, groundstate; dir(groundstate); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"torch", "rdkit", "numpy", "pandas", "pymatgen", "ase"} & set(done.stdout.split())


def test_public_functions_are_there_with_documentation() -> None:
    assert set(groundstate.__all__) <= set(dir(groundstate))
    for name in groundstate.__all__:
        if name != "__version__":
            function = getattr(groundstate, name)
            assert function.__name__ == name
            assert all(part in function.__doc__ for part in ("Parameters", "Returns", "Raises", "Examples"))
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        groundstate.nothing  # noqa: B018
