"""Output scales that keep the variance of features, with the meaning of e3nn's two normalisation keywords."""

import math

import numpy as np

from groundstate.gaunt.choices import check_choice
from groundstate.gaunt.tables import Degrees, coupling

IRREP = ("component", "norm", "none")
PATH = ("element", "path", "none")


def check_normalisation(irrep: str | None, path: str | None) -> tuple[str, str]:
    """The two keywords with e3nn's defaults, refused by name where unknown."""
    irrep, path = irrep or "component", path or "element"
    check_choice("irrep_normalization", irrep, IRREP)
    check_choice("path_normalization", path, PATH)
    return irrep, path


def path_strengths(first: Degrees, second: Degrees, third: Degrees, odd: bool) -> np.ndarray:
    """Squared norm of the coupling block of every path, shape (len(first), len(second), len(third))."""
    squared = coupling.__wrapped__(first, second, third, odd) ** 2
    for axis, degrees in enumerate((first, second, third)):
        starts = np.flatnonzero(np.diff(np.concatenate([[-1], _positions(degrees)])))
        squared = np.add.reduceat(squared, starts, axis=axis)
    return squared


def _positions(degrees: Degrees) -> np.ndarray:
    return np.repeat(np.arange(len(degrees)), [2 * degree + 1 for degree in degrees])


def output_scales(
    paths: dict[tuple[bool, int], list[tuple[Degrees, Degrees, Degrees]]], irrep: str, path: str, terms: int
) -> dict[tuple[bool, int], dict[int, float]]:
    """Scale of every output degree for each (odd, sign), and no entry for a degree that no path reaches.

    `paths` lists the pairs of signals that feed each output signal; `terms` counts the rank-one weight terms.
    With "component" every component has unit variance when those of the inputs have, with "norm" every
    irrep; the
    weights count as independent with unit variance. Paths of one degree share the variance by their
    strengths, since
    a factorised product has no free factor per path.
    """
    strength: dict[tuple[bool, int, int], float] = {}
    count: dict[tuple[int, int], int] = {}
    own: dict[tuple[bool, int, int], int] = {}
    for (odd, sign), sources in paths.items():
        for first, second, third in sources:
            found = path_strengths(first, second, third, odd)
            dims1, dims2, dims3 = (2 * np.array(degrees) + 1 for degrees in (first, second, third))
            inputs = dims1[:, None, None] * dims2[:, None]
            power = found / (dims3 if irrep == "component" else inputs)
            for k, degree in enumerate(third):
                reached = int((found[..., k] > 1e-20).sum())
                if reached:
                    key = (odd, sign, degree)
                    strength[key] = strength.get(key, 0.0) + float(power[..., k].sum())
                    own[key] = own.get(key, 0) + reached
                    count[sign, degree] = count.get((sign, degree), 0) + reached
    scales: dict[tuple[bool, int], dict[int, float]] = {key: {} for key in paths}
    for (odd, sign, degree), total in strength.items():
        factor = 1.0 if irrep == "none" else math.sqrt(own[odd, sign, degree] / total)
        if path != "none":
            factor /= math.sqrt(count[sign, degree] * terms)
        scales[odd, sign][degree] = factor
    return scales


def power_variances(degrees: Degrees, nu: int, out: Degrees) -> dict[int, float]:
    """Variance of a component of the product of nu independent signals whose components have unit variance.

    The covariance of such a signal on the sphere is sum_l (2l+1)/4pi P_l(cos g); covariances of a product
    multiply.
    """
    exact = nu * max(degrees) + max(out)
    cosine, weight = np.polynomial.legendre.leggauss(exact // 2 + 1)

    def legendre(degree: int) -> np.ndarray:
        return np.polynomial.legendre.Legendre.basis(degree)(cosine)

    covariance = sum((2 * degree + 1) / (4 * math.pi) * legendre(degree) for degree in degrees) ** nu
    return {degree: float(2 * math.pi * (weight * covariance * legendre(degree)).sum()) for degree in out}
