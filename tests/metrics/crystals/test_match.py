"""Predictions beside their references, and the blind template on perovskites."""

from pymatgen.core import Lattice, Structure

from groundstate.crystals.structures import NamedStructure
from groundstate.metrics.crystals.match import match_cases, pair_up, template_cases
from groundstate.metrics.crystals.score_prediction import summarise_matches

SITES = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0], [0, 0.5, 0.5]]


def perovskite(first: str, second: str, length: float = 3.9, shift: float = 0.0) -> Structure:
    sites = [*SITES[:4], [0, 0.5 + shift, 0.5]]
    return Structure(Lattice.cubic(length), [first, second, "O", "O", "O"], sites)


def named(crystals: dict[str, Structure]) -> list[NamedStructure]:
    return [NamedStructure(name, structure) for name, structure in crystals.items()]


def test_predictions_go_to_the_reference_of_their_id_or_prefix() -> None:
    crystal = perovskite("Sr", "Ti")
    truth = named({"a": crystal, "a_1": crystal, "b": crystal})
    predicted = named({"a": crystal, "a_1": crystal, "a_2": crystal, "b_x_0": crystal, "c": crystal})
    cases, extra = pair_up(predicted, truth)
    assert [len(case.predictions) for case in cases] == [2, 1, 0]
    assert extra == ["b_x_0", "c"]


def test_the_template_places_cations_blindly() -> None:
    train = named({"one": perovskite("Sr", "Ti", 3.8, 0.02), "two": perovskite("Ba", "Zr", 4.2, -0.02)})
    truth = named({f"{index}": perovskite("Ca", "Hf", 4.1) for index in range(12)})
    rows = match_cases(template_cases(train, truth, 1, seed=0), "smact14")
    assert 0 < summarise_matches(rows)["match_rate"] < 1
    rows = match_cases(template_cases(train, truth, 20, seed=0), "smact14")
    assert summarise_matches(rows)["match_rate_k"] == 1.0
    assert template_cases([], truth, 1, seed=0) == []
