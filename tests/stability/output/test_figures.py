"""Figures are written for what is there, hold the names, and are the same bytes twice."""

import hashlib
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from pymatgen.core import Composition

from groundstate.stability.output.figures import MOST_HULLS, write_figures
from groundstate.stability.references.hull import Phase, ReferenceHull
from groundstate.stability.rows import StabilityRow

HULL = ReferenceHull(
    [Phase(f, Composition(f), e) for f, e in {"SrO": -3.0, "TiO2": -3.3, "SrTiO3": -3.6}.items()]
)


def row(formula, system, energy, above):
    return StabilityRow(
        formula,
        formula,
        system=system,
        outcome="converged",
        formation_energy_per_atom=energy,
        initial_formation_energy_per_atom=energy + 0.3,
        energy_above_hull=above,
    )


ROWS = [row("Sr2TiO4", "O-Sr-Ti", -3.4, 0.02), row("SrO2", "O-Sr", -2.0, 0.1), row("SrO", "O-Sr", -2.9, 0.1)]


def test_each_figure_is_drawn_and_reproducible(tmp_path):
    sets = {"generated": ROWS, "random_search": ROWS[:1]}
    written = write_figures(tmp_path / "a", sets, HULL)
    assert [path.name for path in written] == [
        "energy_above_hull.svg",
        "before_and_after.svg",
        "hull_O-Sr.svg",
        "hull_O-Sr-Ti.svg",
    ]
    again = write_figures(tmp_path / "b", sets, HULL)
    for one, other in zip(written, again, strict=True):
        assert one.read_bytes() == other.read_bytes()
        ElementTree.parse(one)


def test_hulls_are_the_same_in_every_process(tmp_path):
    """pymatgen keeps phases in sets, whose order changes with the seed of Python's hashes."""
    program = (
        "import pathlib, sys; from stability.output.test_figures import HULL, ROWS, write_figures;"
        "from pymatgen.core import Composition;"
        "write_figures(pathlib.Path(sys.argv[1]), {'generated': ROWS}, HULL);"
        "print(HULL.place(Composition('Sr2TiO4'), -3.4), HULL.place(Composition('SrTi2O5'), -3.2))"
    )
    found = set()
    for seed in ("0", "1"):
        paths = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / seed)],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": paths},
        )
        digests = (hashlib.sha256(p.read_bytes()).digest() for p in sorted((tmp_path / seed).iterdir()))
        found.add((done.stdout, *digests))
    assert len(found) == 1


def test_nothing_converged_gives_no_figure(tmp_path):
    assert write_figures(tmp_path, {"generated": [StabilityRow("a", outcome="failed")]}, HULL) == []


def test_at_most_twelve_hulls(tmp_path):
    metals = ("Li", "Na", "K", "Rb", "Cs", "Be", "Mg", "Ca", "Ba", "Al", "Ga", "In", "Sc", "Y", "La")
    rows = [row(f"{m}O", f"{m}-O" if m < "O" else f"O-{m}", -1.0, 0.0) for m in metals]
    hull = ReferenceHull([Phase(r.id, Composition(r.formula), -1.0) for r in rows])
    names = [path.name for path in write_figures(tmp_path, {"generated": rows}, hull)]
    assert sum(name.startswith("hull_") for name in names) == MOST_HULLS
