"""Rates by the conventions of several works, counted by hand."""

from dataclasses import replace

import pytest

from groundstate.stability.rows import StabilityRow
from groundstate.stability.summaries.protocols import protocols, summarise_protocols


def crystal(name, above, alone, formula="NaCl", outcome="converged", **more):
    """``above`` the hull with the set, ``alone`` above that of the references; new in every respect."""
    new = dict.fromkeys(("unique", "novel", "novel_to_training", "novel_to_training_before"), True)
    system = {"NaCl": "Cl-Na", "Cu": "Cu"}[formula]
    return StabilityRow(
        name,
        formula,
        2,
        system,
        outcome,
        energy_above_hull=above,
        energy_above_references=alone,
        **{"hull": "complete", **new, **more},
    )


BOUND = {"hull": "lower bound: 1 stable phase without energy (Na2Cl)", "hull_incomplete": True}
ROWS = [
    crystal("a", 0.03, -0.02, unique=True),  # below the references, but the set has a lower one
    crystal("b", 0.0, -0.05, unique=False, equivalent_to="a", equivalent_to_before="a"),
    crystal("c", 0.0, 0.0, novel=False),  # on the hull of the references, a reference itself
    crystal("d", 0.0, -0.3, formula="Cu"),  # an element
    crystal("e", 0.08, 0.08, novel_to_training=False, novel_to_training_before=False, novel=False),
    crystal("f", 0.0, -0.1, **BOUND),
    crystal("g", 0.0, -0.1, outcome="not_converged", equivalent_to="", novel_to_training_before=False),
    crystal("h", None, None, outcome="failed", equivalent_to="a", unique=False),
    StabilityRow("i", outcome="rejected_geometry"),  # could not be read
    StabilityRow("j", outcome="not_scored"),
]


def found(key, rows=ROWS, whole=False):
    values = summarise_protocols(rows, (0.0, 0.1))[key]
    values = values["complete_hulls"] if whole else values
    return values["n"], *(values[name] for name in ("stable", "unique", "novel", "sun"))


def test_ours_is_over_all_scored_with_the_set_on_the_hull():
    # stable b c d; unique all but b, h, i; novel all but c, e, i; all three: d
    assert found("groundstate_0mev") == (9, 3 / 9, 6 / 9, 6 / 9, 1 / 9)
    assert found("groundstate_100mev") == (9, 5 / 9, 6 / 9, 6 / 9, 2 / 9)  # a, d


def test_flowmm_is_below_the_references_alone_with_two_elements():
    # stable a b (c is not below zero, d an element, f a lower bound, g not converged); kinds: a = b
    assert found("flowmm") == (9, 2 / 9, 6 / 9, 7 / 9, 1 / 9)
    assert found("flowmm", whole=True) == (7, 2 / 7, 5 / 7, 6 / 7, 1 / 7)  # without f, and i without a hull
    # the first of a kind that is not stable itself does not take the place of the second
    above = crystal("a", 0.03, 0.01)
    assert found("flowmm", [above, *ROWS[1:]])[4] == 1 / 9
    assert found("groundstate_0mev", [above, *ROWS[1:]])[4] == 1 / 9


def test_mattergen_is_of_the_converged_at_a_tenth():
    # converged a to f; stable a b c d e; unique all but b; novel a b d f
    assert found("mattergen") == (6, 5 / 6, 5 / 6, 4 / 6, 2 / 6)
    assert found("mattergen", whole=True) == (5, 1.0, 4 / 5, 3 / 5, 2 / 5)
    # where the first of a kind is not evaluated, the second one is the first
    failed = crystal("a", None, None, outcome="failed")
    assert found("mattergen", [failed, *ROWS[1:]])[2] == 1.0


def test_crystalite_is_of_the_relaxed_and_of_all_before_relaxing():
    # stable alone a b c d; as generated b is a; novel to training all but e, g, i
    assert found("crystalite_stable") == (6, 4 / 6, 5 / 6, 5 / 6, 3 / 6)
    assert found("crystalite_stable_of_all") == (9, 4 / 9, 7 / 9, 6 / 9, 3 / 9)
    assert found("crystalite_metastable")[1] == 5 / 6
    assert found("crystalite_metastable_of_all") == (9, 5 / 9, 7 / 9, 6 / 9, 3 / 9)


def test_without_training_crystals_there_is_no_novelty_against_them():
    rows = [replace(row, novel_to_training=None, novel_to_training_before=None) for row in ROWS]
    tables = summarise_protocols(rows, (0.0,))
    for key in ("flowmm", "crystalite_stable"):
        assert "unique" in tables[key] and not {"novel", "sun"} & tables[key].keys()
    assert tables["mattergen"]["sun"] == pytest.approx(2 / 6)


def test_intervals_hold_the_share_and_nothing_scored_has_none():
    for table in summarise_protocols(ROWS, (0.0,)).values():
        for key, (low, high) in table["intervals"].items():
            assert low <= table[key] <= high
    for table in summarise_protocols(ROWS[-1:], (0.0,)).values():
        assert table == {"n": 0, "intervals": {}, "complete_hulls": {"n": 0, "intervals": {}}}


def test_every_convention_is_told():
    told = {one.key: one.define("relaxed so") for one in protocols((0.0, 0.1))}
    assert list(told) == [
        *("groundstate_0mev", "groundstate_100mev", "flowmm", "mattergen", "crystalite_stable"),
        *("crystalite_stable_of_all", "crystalite_metastable", "crystalite_metastable_of_all"),
    ]
    flowmm, mattergen = told["flowmm"], told["mattergen"]
    assert "energy above hull < 0 eV/atom, at least 2 elements" in flowmm["text"]
    assert (flowmm["hull"], flowmm["threshold"]) == ("references alone", 0.0)
    assert "training crystals alone" in flowmm["novelty_set"]
    assert "≤ 0.1 eV/atom" in mattergen["text"] and mattergen["denominator"] == "all converged crystals"
    assert "disordered" in mattergen["differs"]
    assert told["groundstate_0mev"]["hull"] == "references and the converged crystals of the set"
    assert all(one["relaxation"] == "relaxed so" and one["matcher"] for one in told.values())
