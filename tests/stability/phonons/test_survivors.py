"""Which crystals get phonons, what becomes of each, and that an interrupted run goes on from the cache."""

import pytest
from ase import Atoms
from ase.build import bulk

from groundstate.potentials.cache import Cache
from groundstate.potentials.calculations import Calculations
from groundstate.potentials.interface import find_potential
from groundstate.stability.output.text_table import phonon_table
from groundstate.stability.phonons.survivors import add_phonons
from groundstate.stability.relaxation import StabilityScore
from groundstate.stability.rows import StabilityRow
from groundstate.stability.settings import ScoreStability

SETTINGS = ScoreStability(
    potential="ase.calculators.emt:EMT", workers=0, phonons=True, phonon_max_atoms=70, max_steps=50
)
CRYSTALS = {
    "fcc": bulk("Cu", a=3.59, cubic=True),
    "bcc": bulk("Cu", "bcc", a=2.86),  # a saddle point, kept by its symmetry
    "copy": bulk("Cu", a=3.59),
    "high": bulk("Cu", a=3.59),
    "wide": Atoms("Cu2", cell=[2.6, 2.6, 2.6 * 2], scaled_positions=[[0] * 3, [0.5, 0.5, 0.4]], pbc=True),
    "lost": bulk("Fe", a=3.6),  # EMT has no iron
    "ran": bulk("Cu", a=3.7),
}
UNIQUE = {"unique": True, "novel": True}
MORE = {
    "copy": {"unique": False, "novel": True, "equivalent_to": "fcc"},
    "high": {"energy_above_hull": 0.2},
    "ran": {"outcome": "not_converged"},
}


def score():
    rows = [
        StabilityRow(
            **{"id": name, "formula": "Cu", "system": "Cu", "outcome": "converged", "hull": "complete"}
            | {"energy_above_hull": 0.0, **UNIQUE, **MORE.get(name, {})}
        )
        for name in CRYSTALS
    ]
    return StabilityScore(rows, dict(CRYSTALS))


def calculations(folder):
    return Calculations(find_potential(SETTINGS.potential), Cache(folder), SETTINGS, 0)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    return folder, *add_phonons(score(), calculations(folder), SETTINGS)


def test_every_crystal_is_told(done):
    rows = {row.id: row for row in done[1].rows}
    assert {name: row.dynamics for name, row in rows.items()} == {
        "fcc": "stable",
        "bcc": "imaginary",
        "copy": "not_computed",
        "high": "not_computed",
        "wide": "failed",
        "lost": "failed",
        "ran": "not_computed",
    }
    assert rows["bcc"].lowest_frequency < -0.5 and rows["bcc"].imaginary_modes > 0
    assert abs(rows["fcc"].lowest_frequency) < 1e-3 and rows["fcc"].imaginary_modes == 0
    assert (rows["fcc"].phonon_supercell, rows["fcc"].phonon_displacements) == ("4x4x4", 1)
    assert rows["copy"].dynamics_reason == "equivalent to fcc"
    assert rows["high"].dynamics_reason == "0.200 eV/atom above the hull, more than 0.1"
    assert rows["ran"].dynamics_reason == "did not converge"
    assert "NotImplementedError" in rows["lost"].dynamics_reason


def test_the_cost_counts_every_evaluation_and_the_cache_is_read(done, monkeypatch):
    folder, first, cost = done
    monkeypatch.setattr("groundstate.potentials.pool.calculate", None)  # nothing is computed again
    again, cost_again = add_phonons(score(), calculations(folder), SETTINGS)
    assert again.rows == first.rows
    assert cost_again.force_calls == cost.force_calls > 2


def test_large_supercells_and_known_crystals_are_left_out_where_asked(tmp_path, done):
    few = SETTINGS.model_copy(update={"phonon_max_atoms": 60, "phonon_novel": True})
    known = score()
    rows = [row for row in known.rows if row.id in ("fcc", "bcc")]
    rows[1] = StabilityRow(**{**vars(rows[1]), "novel": False})
    found = add_phonons(StabilityScore(rows, known.relaxed), calculations(done[0]), few)[0].rows
    assert [row.dynamics_reason for row in found] == ["a supercell of 64 atoms, more than 60", "not novel"]


def test_the_table_has_the_softest_first_and_the_cost(done):
    _, found, cost = done
    head, *lines, last = phonon_table(found.rows, cost).splitlines()
    assert head.startswith("id") and [line.split()[0] for line in lines] == ["bcc", "fcc", "wide", "lost"]
    assert f"{cost.force_calls} evaluations of the potential" in last and "1 of 2" in last
