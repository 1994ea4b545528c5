"""Template substitution: the likest elements first, whole structures, and the shipped file."""

import gzip
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from groundstate.crystals.crystal import Crystal, number_of
from groundstate.crystals.structures import to_structure
from groundstate.crystals.templates.elements import atomic_volumes, dissimilarity, expected_volume
from groundstate.crystals.templates.library import TemplateLibrary, equal_orders
from groundstate.crystals.templates.prototype import prototype
from groundstate.crystals.templates.shipped import (
    PARTS,
    shipped_templates,
    with_own,
    write_templates,
)
from groundstate.crystals.templates.substitute import candidates, substitute

FCC = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
SPLIT = Path(__file__).parents[4] / "shared/data/mp_20_test_ids.txt.gz"


def binary(name: str, first: str, second: str, a: float, place: float = 0.5) -> Crystal:
    """Rock salt, or sphalerite where the second atom is at a quarter."""
    numbers = np.array([number_of(first), number_of(second)])
    return Crystal(name, numbers, np.array([[0.0] * 3, [place] * 3]), FCC * a)


ROCK_SALT, SPHALERITE = binary("rock salt", "Mg", "O", 4.2), binary("sphalerite", "Zn", "S", 5.4, 0.25)


def counts(formula: dict[str, int]) -> dict[int, int]:
    return {number_of(symbol): count for symbol, count in formula.items()}


def test_dissimilarity_is_a_distance_in_which_neighbours_are_near() -> None:
    distance = dissimilarity()
    assert np.allclose(distance, distance.T) and np.all(np.diag(distance) == 0)
    na, k, cl, o = (number_of(s) for s in ("Na", "K", "Cl", "O"))
    assert distance[na, k] < distance[na, cl] and distance[na, k] < distance[na, o]


@pytest.mark.parametrize(("symbol", "low", "high"), [("O", 7, 13), ("Cs", 40, 80), ("Na", 13, 26)])
def test_atoms_have_the_volume_that_they_take_in_salts(symbol: str, low: float, high: float) -> None:
    assert low < atomic_volumes()[1, number_of(symbol)] < high


def test_prototypes_are_space_group_and_orbits() -> None:
    assert prototype(ROCK_SALT) == "225 1m-3m 1m-3m"
    assert prototype(SPHALERITE) == "216 1-43m 1-43m"


def test_orders_keep_the_numbers_of_atoms() -> None:
    assert sorted(map(tuple, equal_orders((1, 1, 3)))) == [(0, 1, 2), (1, 0, 2)]
    assert len(equal_orders((2, 2, 2, 2))) == 24


def test_the_likest_template_comes_first_and_cations_go_to_cations() -> None:
    library = TemplateLibrary([ROCK_SALT, SPHALERITE])
    first, second = candidates(library, counts({"Ca": 1, "O": 1}), 5)
    assert (first.template, second.template) == ("rock salt", "sphalerite")
    assert first.crystal.atomic_numbers.tolist() == [number_of("Ca"), number_of("O")]
    assert candidates(library, counts({"Ca": 1, "F": 2}), 5) == []


def test_what_is_asked_to_be_left_out_lends_nothing() -> None:
    library = TemplateLibrary([ROCK_SALT, SPHALERITE])
    asked = counts({"Mg": 1, "O": 1})
    assert [one.template for one in candidates(library, asked, 5, own_formula=False)] == ["sphalerite"]
    assert [one.template for one in candidates(library, asked, 5, {"sphalerite"})] == ["rock salt"]


def test_equivalent_candidates_are_given_once() -> None:
    moved = SPHALERITE._replace(id="moved", frac_coords=SPHALERITE.frac_coords + 0.3)
    assert len(candidates(TemplateLibrary([SPHALERITE, moved]), counts({"Ga": 1, "As": 1}), 5)) == 1


def test_substitution_keeps_the_places_and_scales_the_volume() -> None:
    new = substitute(ROCK_SALT, {number_of("Mg"): number_of("Ba"), number_of("O"): number_of("O")})
    assert np.array_equal(new.frac_coords, ROCK_SALT.frac_coords)
    expected = expected_volume(new.atomic_numbers) / expected_volume(ROCK_SALT.atomic_numbers)
    ratio = np.linalg.det(new.lattice) / np.linalg.det(ROCK_SALT.lattice)
    assert ratio == pytest.approx(expected)
    assert 5.1 < new.lattice.max() * 2 < 6.0  # BaO: 5.54 angstrom


def test_a_file_of_templates_gives_the_crystals_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    third = ROCK_SALT._replace(
        id="third", frac_coords=np.array([[1 / 3, 2 / 3, 0.123456], [0.9999999, 0.5, -0.25]])
    )
    write_templates(tmp_path / "data/templates.parquet", [ROCK_SALT, third], ["mp-20 train", "mpts-52"])
    monkeypatch.setattr("groundstate.crystals.templates.shipped.files", lambda _: tmp_path)
    shipped_templates.cache_clear()
    library = shipped_templates()
    assert [one.id for one in shipped_templates(("mpts-52",)).crystals] == ["third"]
    shipped_templates.cache_clear()
    assert library.prototype(0) == "225 1m-3m 1m-3m"
    for read, written in zip(library.crystals, [ROCK_SALT, third], strict=True):
        assert to_structure(read).matches(to_structure(written))
        difference = (read.frac_coords - written.frac_coords + 0.5) % 1 - 0.5
        assert np.abs(difference).max() < 1e-5
    assert library.crystals[1].frac_coords[0, 0] == 1 / 3


def test_templates_of_a_user_stand_before_the_others() -> None:
    own = SPHALERITE._replace(id="rock salt")
    library = with_own(TemplateLibrary([ROCK_SALT, SPHALERITE]), [own])
    assert [one.id for one in library.crystals] == ["rock salt", "sphalerite"]
    assert library.prototype(0) == "216 1-43m 1-43m"


def test_the_kinds_of_a_users_templates_are_kept_by_content(tmp_path, monkeypatch) -> None:
    def counted(crystal: Crystal) -> str:
        seen.append(crystal.id)
        return prototype(crystal)

    seen: list[str] = []
    monkeypatch.setattr("groundstate.crystals.templates.shipped.prototype", counted)
    nothing = TemplateLibrary([])
    first = with_own(nothing, [ROCK_SALT, SPHALERITE], tmp_path)
    again = with_own(nothing, [ROCK_SALT._replace(id="other name"), SPHALERITE], tmp_path)
    assert len(seen) == 2
    assert [again.prototype(i) for i in (0, 1)] == [first.prototype(i) for i in (0, 1)]
    with_own(nothing, [ROCK_SALT._replace(lattice=ROCK_SALT.lattice * 1.01), SPHALERITE], tmp_path)
    assert len(seen) == 4  # another crystal
    for path in (tmp_path / "prototypes").iterdir():
        path.write_text("[")  # a file that was cut
    assert with_own(nothing, [ROCK_SALT, SPHALERITE], tmp_path).prototype(1) == first.prototype(1)


def test_shipped_templates_hold_no_crystal_of_the_test_part() -> None:
    library = shipped_templates()
    names = [crystal.id for crystal in library.crystals]
    assert len(set(names)) == len(names) > 20_000
    without = shipped_templates(("mp-20 train", "mpts-52"))
    assert len(without) < len(library)
    assert max(len(crystal.atomic_numbers) for crystal in without.crystals) > 28
    if SPLIT.exists():
        assert not set(names) & set(gzip.decompress(SPLIT.read_bytes()).decode().split())


def test_olivine_is_found_among_the_shipped_templates() -> None:
    asked = counts({"Li": 4, "Fe": 4, "P": 4, "O": 16})
    found = candidates(shipped_templates(), asked, 8, own_formula=False)
    assert any(prototype(one.crystal).startswith("62 ") for one in found)
    assert all(Counter(one.crystal.atomic_numbers.tolist()) == asked for one in found)
    assert set(PARTS) == {"mp-20 train", "mp-20 validation", "mpts-52"}
