"""The GPAW subprocess, with a stand-in module of that name: what goes in and comes out."""

import os
import sys

import pytest
from ase.build import bulk
from ase.calculators.emt import EMT

from groundstate.errors import GroundstateError
from groundstate.potentials.dft import require_gpaw, single_point

STAND_IN = """
from ase.calculators.emt import EMT
__version__ = "22.8.0"
def PW(cutoff):
    return cutoff
def GPAW(mode, xc, kpts, spinpol, txt):
    assert (mode, xc, txt) == (400.0, "PBE", None) and kpts["density"] > 0
    return EMT()
"""


@pytest.fixture
def gpaw(tmp_path, monkeypatch):
    (tmp_path / "gpaw.py").write_text(STAND_IN)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")


def test_the_energy_comes_back(gpaw):
    atoms = bulk("Cu", a=3.7)
    assert require_gpaw(sys.executable) == "22.8.0"
    found = single_point(atoms, sys.executable)
    atoms.calc = EMT()
    assert found == pytest.approx(atoms.get_potential_energy())


def test_what_gpaw_says_is_the_reason(gpaw):
    with pytest.raises(RuntimeError, match="No EMT-potential for W"):
        single_point(bulk("W"), sys.executable)


def test_without_gpaw_there_is_one_sentence():
    with pytest.raises(GroundstateError, match=r"has no GPAW; install it"):
        require_gpaw(sys.executable)
    with pytest.raises(GroundstateError, match="no program"):
        require_gpaw("python-nowhere")
