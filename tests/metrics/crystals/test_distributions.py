"""Earth mover's distances of seeded draws, against scipy on the sets that they must be."""

import numpy as np
from scipy.stats import wasserstein_distance

from groundstate.metrics.crystals.distributions import drawn_distances


def test_draws_are_seeded_without_replacement_and_against_the_whole_reference() -> None:
    generator = np.random.default_rng(0)
    values, reference = generator.normal(size=50), generator.normal(1.0, size=30)
    few = drawn_distances(values, reference, seed=0, draw=50)
    assert few.tolist() == [wasserstein_distance(values, reference)]
    draws = drawn_distances(values, reference, seed=0, draw=20, draws=5)
    assert draws.tolist() == drawn_distances(values, reference, seed=0, draw=20, draws=5).tolist()
    assert len(set(draws.tolist())) == 5
    # all but one of the values: each draw leaves one out
    left_out = {wasserstein_distance(np.delete(values, i), reference) for i in range(50)}
    for distance in drawn_distances(values, reference, seed=1, draw=49, draws=3):
        assert min(abs(distance - other) for other in left_out) < 1e-12
    assert np.isnan(drawn_distances(values[:0], reference, seed=0)).all()
