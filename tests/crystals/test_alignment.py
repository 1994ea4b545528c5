import numpy as np
import pytest

from groundstate.crystals.alignment import align
from groundstate.crystals.lattice import niggli

NUMBERS = np.array([38, 22, 8, 8, 8, 22])
CELL = np.array([[4.1, 0.2, 0.0], [0.3, 5.2, 0.4], [-0.5, 0.1, 6.3]])


def crystal(seed: int) -> tuple[np.ndarray, np.ndarray]:
    points = np.random.default_rng(seed).random((len(NUMBERS), 3))
    return niggli(CELL, points)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("hand", [1.0, -1.0])
def test_a_disguised_copy_lies_on_the_original(seed: int, hand: float) -> None:
    generator = np.random.default_rng(100 + seed)
    cell, points = crystal(seed)
    order = generator.permutation(len(NUMBERS))
    turn, _ = np.linalg.qr(generator.normal(size=(3, 3)))
    change = np.array([[1, 1, 0], [0, 1, 0], [0, -1, 1]])
    moved = ((points + generator.random(3)) @ np.linalg.inv(change))[order] % 1.0
    lattice, moved = niggli(change @ cell @ turn * hand, moved)
    result = align(NUMBERS[order], lattice, moved, cell, points, NUMBERS)
    assert result.distance < 1e-6
    assert result.strain < 1e-6
    difference = result.frac_coords - points
    assert np.allclose(difference, difference[0], atol=1e-6)
    assert np.allclose(result.lattice @ result.lattice.T, cell @ cell.T, atol=1e-6)


def test_the_aligned_crystal_is_the_crystal() -> None:
    cell, points = crystal(0)
    other, places = niggli(CELL * [1.1, 1.0, 0.95], crystal(1)[1])
    result = align(NUMBERS, cell, points, other, places, NUMBERS[::-1].copy())
    assert np.isclose(abs(np.linalg.det(result.lattice)), abs(np.linalg.det(cell)))
    assert np.allclose(
        distances(result.lattice, result.frac_coords, NUMBERS[::-1]),
        distances(cell, points, NUMBERS),
        atol=1e-6,
    )


def distances(cell: np.ndarray, points: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Shortest distances between atoms, labelled by their elements, in order."""
    shifts = np.stack(np.meshgrid(*[np.arange(-3, 4)] * 3), -1).reshape(-1, 3)
    rows = []
    for i in range(len(points)):
        for j in range(len(points)):
            vectors = (points[j] - points[i] + shifts) @ cell
            lengths = np.sort(np.linalg.norm(vectors, axis=1))[:6]
            rows.append([numbers[i] * 1000 + numbers[j], *lengths])
    return np.array(sorted(map(tuple, np.round(rows, 6).tolist())))


def test_small_displacements_are_measured() -> None:
    cell, points = crystal(2)
    shift = np.zeros_like(points)
    shift[0] = 0.01
    result = align(NUMBERS, cell, (points + shift) % 1.0, cell, points, NUMBERS)
    moved = (shift - shift.mean(0)) @ cell
    expected = np.sqrt(np.square(moved).sum(1).mean()) / (np.linalg.det(cell) / len(NUMBERS)) ** (1 / 3)
    assert result.distance == pytest.approx(expected, rel=1e-6)


def test_another_content_is_refused() -> None:
    cell, points = crystal(0)
    with pytest.raises(ValueError, match="other atoms"):
        align(NUMBERS, cell, points, cell, points, np.array([38, 22, 8, 8, 22, 22]))
