"""Fit a sum of rank-one terms to the given entries of tensors: damped least squares (Levenberg-Marquardt).

Every channel is a tensor of its own, except that the factors of the second operand may be shared between
them. Those are then found from a few channels (they are solved for first, by a Schur complement) and kept for
the rest: a fit of all channels at once falls into local minima.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np

STARTS = 60
ITERATIONS = 100
SPREAD = 0.3  # of the random start
CANCELLATION = 100.0  # largest sum of the sizes of the terms, in units of the largest entry
TOGETHER = (1, 2, 4, 5)  # channels that shared factors are found from, in turn

Second = Literal["free", "shared", "fixed"]
Factors = list[np.ndarray]  # of the three axes, each (channels, terms, length)


def fitted_terms(
    places: np.ndarray,
    shape: tuple[int, ...],
    values: np.ndarray,
    count: int,
    shared: bool,
    tolerance: float,
) -> list[tuple[np.ndarray, ...]] | None:
    """Return `count` terms (a, b, c) of shape (irreps, channels) with sum a_i b_j c_k = values, or None.

    Parameters
    ----------
    places
        Indices (i, j, k) of the entries, (entries, 3).
    shape
        Size of the three axes.
    values
        The entries, (entries, channels).
    count
        Number of terms.
    shared
        The factors b are the same for all channels.
    tolerance
        Largest error of an entry, relative to the largest of its channel.
    """
    generator = np.random.default_rng(0)
    size = np.abs(values).max(axis=0)
    used = np.flatnonzero(size > 0)
    target = (values[:, used] / size[used]).T

    def start(channels: int) -> Factors:
        return [generator.normal(size=(channels, count, length)) * SPREAD for length in shape]

    factors = None
    if not shared:
        factors = _by_channel(places, target, start, "free", STARTS, tolerance)
    for attempt in range(STARTS if shared else 0):
        few = target[: TOGETHER[attempt % len(TOGETHER)]]
        begin = start(len(few))
        begin[1][:] = begin[1][0]
        result = _fit(places, few, begin, "shared")
        if not _exact(places, few, result, tolerance).all():
            continue
        second = result[1][0]

        def with_second(n: int, second: np.ndarray = second) -> Factors:
            first, _, third = start(n)
            return [first, np.broadcast_to(second, (n, *second.shape)).copy(), third]

        factors = _by_channel(places, target, with_second, "fixed", STARTS // 4, tolerance)
        if factors is not None:
            break
    if factors is None:
        return None
    whole = [np.zeros((values.shape[1], count, length)) for length in shape]
    for axis, part in enumerate(factors):
        whole[axis][used] = part * (size[used, None, None] if axis == 2 else 1.0)
    if shared:
        whole[1][:] = factors[1][0]
    return [tuple(factor[:, term].T for factor in whole) for term in range(count)]


def _by_channel(
    places: np.ndarray,
    target: np.ndarray,
    start: Callable[[int], Factors],
    second: Second,
    starts: int,
    tolerance: float,
) -> Factors | None:
    """Fit every channel from as many starts as it needs, at most `starts`; None where one is left."""
    factors = start(len(target))
    left = np.arange(len(target))
    for _ in range(starts):
        result = _fit(places, target[left], start(len(left)), second)
        good = _exact(places, target[left], result, tolerance)
        for whole, part in zip(factors, result, strict=True):
            whole[left[good]] = part[good]
        left = left[~good]
        if not left.size:
            return factors
    return None


def _exact(places: np.ndarray, target: np.ndarray, factors: Factors, tolerance: float) -> np.ndarray:
    """Tell which channels are reproduced without heavy cancellation between the terms."""
    parts = _terms_at(places, factors)
    error = np.abs(parts.sum(axis=1) - target).max(axis=1)
    return (error <= tolerance) & (np.abs(parts).sum(axis=1).max(axis=1) <= CANCELLATION)


def _terms_at(places: np.ndarray, factors: Factors) -> np.ndarray:
    """Value of every term at the entries, (channels, terms, entries)."""
    a, b, c = (factor[:, :, index] for factor, index in zip(factors, places.T, strict=True))
    return a * b * c


def _jacobian(places: np.ndarray, factors: Factors) -> list[np.ndarray]:
    """Return the derivatives of the entries by the factors of each axis, (channels, entries, unknowns)."""
    at = [factor[:, :, index] for factor, index in zip(factors, places.T, strict=True)]
    blocks = []
    for axis, factor in enumerate(factors):
        others = np.prod([at[other] for other in range(3) if other != axis], axis=0)
        hot = np.eye(factor.shape[2])[places[:, axis]]
        block = others[:, :, :, None] * hot
        blocks.append(block.transpose(0, 2, 1, 3).reshape(len(factor), len(places), -1))
    return blocks


def _fit(places: np.ndarray, target: np.ndarray, factors: Factors, second: Second) -> Factors:
    """Improve the factors until nothing changes any more; every channel has a damping of its own."""
    damping = np.ones(len(target))
    residual = _terms_at(places, factors).sum(axis=1) - target
    cost = _cost(residual, second)
    for _ in range(ITERATIONS):
        steps = _steps(_jacobian(places, factors), residual, damping, second)
        trial = [factor + step.reshape(factor.shape) for factor, step in zip(factors, steps, strict=True)]
        after = _terms_at(places, trial).sum(axis=1) - target
        trial_cost = _cost(after, second)
        better = trial_cost < cost
        factors = [np.where(better[:, None, None], new, old) for new, old in zip(trial, factors, strict=True)]
        residual = np.where(better[:, None], after, residual)
        damping = np.clip(np.where(better, damping / 3, damping * 4), 1e-14, 1e8)
        cost = np.where(better, trial_cost, cost)
        if ((cost < 1e-30) | (damping >= 1e8)).all():
            break
    return factors


def _cost(residual: np.ndarray, second: Second) -> np.ndarray:
    cost = (residual**2).sum(axis=1)
    return np.full_like(cost, cost.sum()) if second == "shared" else cost


def _steps(
    blocks: list[np.ndarray], residual: np.ndarray, damping: np.ndarray, second: Second
) -> list[np.ndarray]:
    """Solve the damped normal equations for the three axes, each (channels, unknowns)."""
    own = np.concatenate([blocks[0], blocks[2], *([blocks[1]] if second == "free" else [])], axis=2)
    ends = np.cumsum([blocks[0].shape[2], blocks[2].shape[2]])
    gradient = np.einsum("cnp,cn->cp", own, residual)
    normal = own.transpose(0, 2, 1) @ own + damping[:, None, None] * np.eye(own.shape[2])
    if second != "shared":
        step = -np.linalg.solve(normal, gradient[..., None])[..., 0]
        a, c, b = np.split(step, ends, axis=1)
        return [a, b if second == "free" else np.zeros(blocks[1].shape[::2]), c]
    mixed = own.transpose(0, 2, 1) @ blocks[1]
    solved = np.linalg.solve(normal, np.concatenate([mixed, gradient[..., None]], axis=2))
    onto, alone = solved[..., :-1], solved[..., -1]
    outer = (blocks[1].transpose(0, 2, 1) @ blocks[1] - mixed.transpose(0, 2, 1) @ onto).sum(axis=0)
    outer += damping[0] * np.eye(len(outer))
    pull = np.einsum("cnq,cn->q", blocks[1], residual) - np.einsum("cpq,cp->q", mixed, alone)
    b = -np.linalg.solve(outer, pull)
    a, c, _ = np.split(-alone - onto @ b, ends, axis=1)
    return [a, np.broadcast_to(b, (len(a), len(b))), c]
