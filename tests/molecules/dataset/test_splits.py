"""Splits: sizes, groups that stay whole, the greedy scaffold rule on a case worked by hand."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundstate.molecules.dataset.splits import (
    merge_groups,
    molecule3d_random_split,
    murcko_scaffold,
    random_group_key,
    random_split,
    scaffold_split,
    within_test,
)

FRACTIONS = (0.6, 0.2)
LABELS = st.lists(st.integers(0, 30), min_size=1, max_size=80)


def keys(inchis, seed=0):
    return [random_group_key(seed, str(inchi)) for inchi in inchis]


def assert_groups_whole(labels, parts):
    for label in set(labels):
        assert len({part for other, part in zip(labels, parts, strict=True) if other == label}) == 1


@given(LABELS)
@settings(max_examples=50, deadline=None)
def test_random_groups_stay_whole_and_parts_have_their_size(labels):
    parts = random_split(keys(labels), FRACTIONS)
    assert_groups_whole(labels, parts.tolist())
    biggest = max(Counter(labels).values())
    counts = Counter(parts.tolist())
    for part, share in (("train", 0.6), ("validation", 0.2), ("test", 0.2)):
        assert abs(counts[part] - share * len(labels)) <= biggest + 1


def test_random_split_is_exact_without_groups_and_does_not_depend_on_order():
    names = [f"InChI={i}" for i in range(1000)]
    parts = dict(zip(names, random_split(keys(names), FRACTIONS), strict=True))
    assert Counter(parts.values()) == {"train": 600, "validation": 200, "test": 200}
    shuffled = np.random.default_rng(0).permutation(names).tolist()
    assert parts == dict(zip(shuffled, random_split(keys(shuffled), FRACTIONS), strict=True))
    other = random_split(keys(names, seed=1), FRACTIONS)
    assert np.mean(other == np.array([parts[name] for name in names])) < 0.6


@given(LABELS)
@settings(max_examples=50, deadline=None)
def test_scaffold_groups_stay_whole_and_train_does_not_overflow(labels):
    parts = scaffold_split(labels, FRACTIONS)
    assert_groups_whole(labels, parts.tolist())
    counts = Counter(parts.tolist())
    assert counts["train"] <= 0.6 * len(labels) + 1e-9


def test_greedy_scaffold_rule_by_hand():
    # Ten molecules: a four times, b three times, c twice, d once. Train may hold 6, train and validation 8.
    # a: 4 <= 6, train. b: 4 + 3 > 6 but <= 8, validation. c: 4 + 2 <= 6, train. d: 7 > 6, 10 > 8, test.
    parts = scaffold_split(list("abacabadbc"), FRACTIONS).tolist()
    expected = {"a": "train", "b": "validation", "c": "train", "d": "test"}
    assert parts == [expected[label] for label in "abacabadbc"]


def test_equal_sizes_go_by_the_last_first_member():
    # Sets of one: sorted by (1, index) descending, so the last molecule is placed first.
    assert scaffold_split(list("abcde"), FRACTIONS).tolist() == ["test", "validation", *["train"] * 3]


def test_merging_joins_chains():
    labels = merge_groups([0, 0, 1, 2, 3], ["x", "y", "y", "z", "w"])
    assert labels[0] == labels[1] == labels[2]
    assert len({labels[0], labels[3], labels[4]}) == 3
    assert merge_groups([], []).tolist() == []


def test_scaffold_drops_chirality_and_is_empty_for_chains():
    assert murcko_scaffold("CCO") == ""
    assert murcko_scaffold("C[C@H]1CC[C@@H](O)C1") == murcko_scaffold("O[C@H]1CCCC1C") == "C1CCCC1"


def test_molecule3d_random_split_is_the_published_one():
    shuffle = pytest.importorskip("sklearn.utils").shuffle
    for count in (1, 7, 1000):
        order = shuffle(range(count), random_state=42)
        parts = molecule3d_random_split(count, FRACTIONS)
        first, second = int(0.6 * count), int(0.8 * count)
        for part, members in (
            ("train", order[:first]),
            ("validation", order[first:second]),
            ("test", order[second:]),
        ):
            assert np.flatnonzero(parts == part).tolist() == sorted(members)
    counts = Counter(molecule3d_random_split(3_899_647, FRACTIONS).tolist())
    assert counts == {"train": 2_339_788, "validation": 779_929, "test": 779_930}


def test_the_test_part_is_cut_again_and_the_rest_stays_out():
    parts = molecule3d_random_split(1000, FRACTIONS)
    inner = within_test(parts, lambda test: molecule3d_random_split(len(test), (0.8, 0.1)))
    assert Counter(inner.tolist()) == {"": 800, "train": 160, "validation": 20, "test": 20}
    assert set(np.flatnonzero(inner != "")) == set(np.flatnonzero(parts == "test"))
