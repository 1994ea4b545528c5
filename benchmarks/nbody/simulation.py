"""Charged particles: trajectories of the N-body experiment, integrated many at a time.

The published set (Kipf et al. 2018, "Neural Relational Inference"; Satorras, Hoogeboom, Welling 2021, "E(n)
Equivariant Graph Neural Networks", section 5.1), written anew from its description: five particles of mass 1
and charge +1 or -1 with equal odds, in open space. Positions begin normal with deviation 1, velocities with
norm 0.5 in a random direction. The force is q_i q_j r / |r|^3; each component of the sum on a particle is at
most 100. Leap-frog with steps of 0.001; velocities are given at the times of the positions.
"""

from typing import NamedTuple

import numpy as np

STEP = 0.001
LARGEST_FORCE = 100.0  # of a component
SPREAD, SPEED = 1.0, 0.5
BEGIN, END = (
    3100,
    4100,
)  # steps at which the input and the target are taken: frames 30 and 40 of every hundredth
PARTS = {"train": 3000, "validation": 2000, "test": 2000}
CHUNK = 250  # trajectories at a time, small enough for the cache


class State(NamedTuple):
    """Particles of many systems: (n, particles, 3), (n, particles, 3), (n, particles)."""

    positions: np.ndarray
    velocities: np.ndarray
    charges: np.ndarray


def initial(rng: np.random.Generator, count: int, particles: int = 5) -> State:
    """Draw so many systems."""
    charges = rng.choice([-1.0, 1.0], size=(count, particles))
    positions = SPREAD * rng.normal(size=(count, particles, 3))
    velocities = rng.normal(size=(count, particles, 3))
    velocities *= SPEED / np.linalg.norm(velocities, axis=-1, keepdims=True)
    return State(positions, velocities, charges)


def forces(positions: np.ndarray, products: np.ndarray) -> np.ndarray:
    """Coulomb forces (3, particles, n) of positions (3, particles, n), cut off as published.

    ``products`` of charges (particles, particles, n), zero on the diagonal.
    """
    apart = positions[:, :, None] - positions[:, None]
    squared = np.einsum("kijn,kijn->ijn", apart, apart)
    np.einsum("iin->in", squared)[:] = 1.0
    total = np.einsum("kijn,ijn->kin", apart, products / (squared * np.sqrt(squared)))
    return np.clip(total, -LARGEST_FORCE, LARGEST_FORCE)


def integrate(state: State, steps: int, step: float = STEP) -> State:
    """Return the systems so many steps later."""
    parts = [
        _integrate(*(value[start : start + CHUNK] for value in state), steps, step)
        for start in range(0, len(state.charges), CHUNK)
    ]
    positions, velocities = (np.concatenate(column) for column in zip(*parts, strict=True))
    return State(positions, velocities, state.charges)


def _integrate(
    x: np.ndarray, v: np.ndarray, q: np.ndarray, steps: int, step: float
) -> tuple[np.ndarray, ...]:
    # trajectories last, so that numpy runs along memory
    x, v, q = (np.ascontiguousarray(np.moveaxis(value, 0, -1)) for value in (x, v, q))
    x, v = (np.ascontiguousarray(np.moveaxis(value, 1, 0)) for value in (x, v))
    products = q[:, None] * q[None]
    np.einsum("iin->in", products)[:] = 0.0
    force = forces(x, products)
    for _ in range(steps):
        v = v + 0.5 * step * force
        x = x + step * v
        force = forces(x, products)
        v = v + 0.5 * step * force
    return np.moveaxis(x, (0, 1), (2, 1)), np.moveaxis(v, (0, 1), (2, 1))


def energies(state: State) -> np.ndarray:
    """Kinetic and Coulomb energy of every system, (n,)."""
    first, second = np.triu_indices(state.charges.shape[1], 1)
    apart = np.linalg.norm(state.positions[:, first] - state.positions[:, second], axis=-1)
    potential = (state.charges[:, first] * state.charges[:, second] / apart).sum(1)
    return 0.5 * (state.velocities**2).sum((1, 2)) + potential


def dataset(seed: int) -> dict[str, np.ndarray]:
    """Return the three parts of the experiment as ``part_array``.

    Positions, velocities and charges at the 3,100th step and the positions (``targets``) at the 4,100th.
    """
    rng = np.random.default_rng(seed)
    begin = integrate(initial(rng, sum(PARTS.values())), BEGIN)
    arrays = begin._asdict() | {"targets": integrate(begin, END - BEGIN).positions}
    ends = np.cumsum([0, *PARTS.values()])
    return {
        f"{part}_{name}": array[ends[k] : ends[k + 1]].astype(np.float32)
        for k, part in enumerate(PARTS)
        for name, array in arrays.items()
    }
