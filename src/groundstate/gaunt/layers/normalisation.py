"""Output scales that keep the variance of features, with the meaning of e3nn's two normalisation keywords."""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from groundstate.gaunt.basis.strengths import path_strengths
from groundstate.gaunt.basis.tables import Degrees
from groundstate.gaunt.choices import check_choice

IRREP = ("component", "norm", "none")
PATH = ("element", "path", "none")
Slot = tuple[bool, int]  # odd part or even part, sign of the output signal
Triple = tuple[Degrees, Degrees, Degrees]


def check_normalisation(irrep: str | None, path: str | None) -> tuple[str, str]:
    """Return the two keywords with e3nn's defaults.

    Raises
    ------
    ValueError
        For a word that neither knows.
    """
    irrep, path = irrep or "component", path or "element"
    check_choice("irrep_normalization", irrep, IRREP)
    check_choice("path_normalization", path, PATH)
    return irrep, path


def output_scales(
    paths: Mapping[Slot, Sequence[Triple]], irrep: str, path: str, terms: int
) -> dict[Slot, dict[int, float]]:
    """Return the scale of every output degree, without an entry for a degree that no path reaches.

    With "component" every component has unit variance when those of the inputs have, with "norm" every irrep;
    the weights count as independent with unit variance. Paths of one degree share the variance by their
    strengths, since a factorised product has no free factor per path.

    Parameters
    ----------
    paths
        For each output signal (odd, sign) the degrees of the pairs of signals that feed it, and its own.
    irrep, path
        As `check_normalisation` returns them.
    terms
        Number of rank-one weight terms.
    """
    strength: dict[tuple[bool, int, int], float] = {}
    count: dict[tuple[int, int], int] = {}
    own: dict[tuple[bool, int, int], int] = {}
    for (odd, sign), sources in paths.items():
        for first, second, third in sources:
            strengths = path_strengths(first, second, third, odd)
            dims1, dims2, dims3 = (2 * np.array(degrees) + 1 for degrees in (first, second, third))
            inputs = dims1[:, None, None] * dims2[:, None]
            power = strengths / (dims3 if irrep == "component" else inputs)
            for k, degree in enumerate(third):
                reached = int((strengths[..., k] > 1e-20).sum())
                if reached:
                    key = (odd, sign, degree)
                    strength[key] = strength.get(key, 0.0) + float(power[..., k].sum())
                    own[key] = own.get(key, 0) + reached
                    count[sign, degree] = count.get((sign, degree), 0) + reached
    scales: dict[Slot, dict[int, float]] = {key: {} for key in paths}
    for (odd, sign, degree), total in strength.items():
        factor = 1.0 if irrep == "none" else math.sqrt(own[odd, sign, degree] / total)
        if path != "none":
            factor /= math.sqrt(count[sign, degree] * terms)
        scales[odd, sign][degree] = factor
    return scales


@lru_cache(maxsize=1024)
def power_variances(true: Degrees, pseudo: Degrees, nu: int, out: Degrees) -> dict[int, dict[int, float]]:
    """Return the variance of a component of the product of nu independent signals of unit variance.

    The covariance of a signal on the sphere is sum_l (2l+1)/4pi P_l(cos g); covariances of a product
    multiply. A factor is the sum of a true and a pseudo signal; an even number of pseudo factors makes a true
    product.

    Parameters
    ----------
    true, pseudo
        Degrees of the two signals of a factor; either may be empty.
    nu
        Number of factors.
    out
        Degrees of the product that are asked for.

    Returns
    -------
    For the signs +1 (true) and -1 (pseudo) the variance by degree; no entry for a sign that does not occur.
    """
    exact = nu * max((*true, *pseudo)) + max(out)
    cosine, weight = np.polynomial.legendre.leggauss(exact // 2 + 1)

    def legendre(degree: int) -> np.ndarray:
        return np.polynomial.legendre.Legendre.basis(degree)(cosine)

    def covariance(degrees: Degrees) -> np.ndarray:
        parts = ((2 * degree + 1) / (4 * math.pi) * legendre(degree) for degree in degrees)
        return sum(parts, np.zeros(cosine.size))

    if true and pseudo:
        total, difference = (covariance(true) + sign * covariance(pseudo) for sign in (1, -1))
        powers = {sign: (total**nu + sign * difference**nu) / 2 for sign in (1, -1)}
    else:
        powers = {1 if true or nu % 2 == 0 else -1: covariance(true or pseudo) ** nu}
    return {
        sign: {degree: float(2 * math.pi * (weight * power * legendre(degree)).sum()) for degree in out}
        for sign, power in powers.items()
    }
