"""Write a table of path weights as a sum of few terms a_i b_j c_k for every channel.

One term is found from logarithms and signs. More terms are a decomposition of a tensor of which only some
entries are given; it is fitted (`fitting`), with the number of terms raised until it is exact. Where that
fails, one term for each row of the table always serves.
"""

import numpy as np

from groundstate.gaunt.conversion.fitting import fitted_terms

MOST_FITTED = 8
Term = tuple[np.ndarray, ...]  # (irreps, channels) of the three operands


def factorised(table: np.ndarray, exists: np.ndarray, single: bool, tolerance: float) -> list[Term]:
    """Return terms (a, b, c) whose sum is the table wherever a path exists.

    Parameters
    ----------
    table
        Weights (first, second, third irreps, channels).
    exists
        Which entries count, (first, second, third irreps).
    single
        The second operand has one copy: its factors are the same for all channels.
    tolerance
        Largest error, relative to the largest weight of a channel.
    """
    term = _single_term(table, exists, single, tolerance)
    if term is not None:
        return [term]
    rows = _rows(table, single)
    values = table[exists]
    for count in range(2, min(len(rows), MOST_FITTED + 1)):
        terms = fitted_terms(np.argwhere(exists), table.shape[:3], values, count, single, tolerance)
        if terms is not None:
            return terms
    return rows


def _rows(table: np.ndarray, single: bool) -> list[Term]:
    """One term for each pair of irreps that the table uses, of those two operands that make the fewest."""
    channels = table.shape[3]
    best: list[Term] | None = None
    for free in (2, 0) if single else (2, 0, 1):  # the operand that carries the weights
        used = np.argwhere(np.abs(table).max(axis=(free, 3)) > 0)
        if best is not None and len(used) >= len(best):
            continue
        fixed = [axis for axis in range(3) if axis != free]
        best = []
        for pair in used:
            factors = [np.zeros((size, channels)) for size in table.shape[:3]]
            for axis, index in zip(fixed, pair, strict=True):
                factors[axis][index] = 1.0
            factors[free][:] = np.moveaxis(table, free, 2)[tuple(pair)]
            best.append(tuple(factors))
    return best or []


def _single_term(table: np.ndarray, exists: np.ndarray, single: bool, tolerance: float) -> Term | None:
    """Find the one term that gives the table, from logarithms and signs; None where there is none.

    With `single` the factors of the second operand must be the same for all channels: those of the first
    channel serve, the freedom that is left being absorbed by the other two.
    """
    values = table[exists]
    if not exists.any() or (values == 0).any():
        return None
    incidence = [np.eye(size)[index] for size, index in zip(exists.shape, np.nonzero(exists), strict=True)]
    if single:
        first = _solved(incidence, values[:, :1])
        a, c = _solved([incidence[0], incidence[2]], values / (incidence[1] @ first[1]))
        b = np.broadcast_to(first[1], (first[1].shape[0], values.shape[1]))
    else:
        a, b, c = _solved(incidence, values)
    rebuilt = (incidence[0] @ a) * (incidence[1] @ b) * (incidence[2] @ c)
    return (a, b, c) if np.allclose(rebuilt, values, rtol=tolerance, atol=0) else None


def _solved(incidence: list[np.ndarray], values: np.ndarray) -> list[np.ndarray]:
    """Find the factors whose products along the incidence come closest to the values, in logarithms.

    One column per channel.
    """
    design = np.concatenate(incidence, axis=1)
    logs = np.linalg.lstsq(design, np.log(np.abs(values)), rcond=None)[0]
    signs = np.stack([_signs(design.astype(bool), column < 0) for column in values.T], axis=1)
    factors = np.exp(logs) * np.where(signs, -1.0, 1.0)
    return np.split(factors, np.cumsum([part.shape[1] for part in incidence])[:-1])


def _signs(design: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """Solve for the signs of the factors: elimination over the field of two elements."""
    system = np.concatenate([design, negative[:, None]], axis=1)
    pivots, row = [], 0
    for column in range(design.shape[1]):
        candidates = np.flatnonzero(system[row:, column])
        if not candidates.size:
            continue
        system[[row, row + candidates[0]]] = system[[row + candidates[0], row]]
        for other in np.flatnonzero(system[:, column]):
            if other != row:
                system[other] ^= system[row]
        pivots.append(column)
        row += 1
        if row == len(system):
            break
    solution = np.zeros(design.shape[1], dtype=bool)
    solution[pivots] = system[: len(pivots), -1]
    return solution
