"""Seeds of what is drawn; a fixed few of many."""

from groundstate.seeds import derive_seed
from groundstate.subset import fixed_subset


def test_a_seed_depends_on_every_part_and_their_order() -> None:
    seeds = [
        derive_seed(*parts) for parts in ((0,), (1,), (0, "a"), ("a", 0), (0, "a", 1), ("0a",), (0, "a1"))
    ]
    assert len({*seeds}) == len(seeds)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_seeds_are_the_same_on_every_machine() -> None:
    assert derive_seed(0, "sample", 17) == 654675744941604622


def test_a_subset_does_not_depend_on_order_and_grows() -> None:
    names = [f"molecule{number}" for number in range(50)]
    assert fixed_subset(names, 5) == fixed_subset(reversed(names), 5) < fixed_subset(names, 10)
    assert fixed_subset(names, 99) == {*names}
