"""Real spherical harmonics and their surface gradients in float64, in e3nn's convention.

Polar axis y, azimuth from z towards x, components ordered m = -l..l inside each degree, no Condon-Shortley
phase, orthonormal on the sphere ("integral" normalisation).
"""

import math

import numpy as np


def components(degrees: tuple[int, ...]) -> np.ndarray:
    """Return the degree of every component of a signal that holds `degrees` in order: (sum of 2l+1,)."""
    return np.repeat(np.asarray(degrees, dtype=int), [2 * degree + 1 for degree in degrees])


def _reduced_legendre(lmax: int, cosine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Orthonormal associated Legendre functions divided by sin^m, and their derivative in the cosine.

    Without the factor sin^m these are polynomials, so gradients stay finite at the poles.
    Three-term recursion in l at fixed m; shapes (lmax+1, lmax+1, points), indexed [l, m].
    """
    value = np.zeros((lmax + 1, lmax + 1, cosine.size))
    slope = np.zeros_like(value)
    value[0, 0] = math.sqrt(1 / (4 * math.pi))
    for m in range(1, lmax + 1):
        value[m, m] = math.sqrt((2 * m + 1) / (2 * m)) * value[m - 1, m - 1]
    for m in range(lmax + 1):
        for degree in range(m + 1, lmax + 1):
            a = math.sqrt((4 * degree**2 - 1) / (degree**2 - m**2))
            value[degree, m] = a * cosine * value[degree - 1, m]
            slope[degree, m] = a * (value[degree - 1, m] + cosine * slope[degree - 1, m])
            if degree > m + 1:
                b = a * math.sqrt(((degree - 1) ** 2 - m**2) / (4 * (degree - 1) ** 2 - 1))
                value[degree, m] -= b * value[degree - 2, m]
                slope[degree, m] -= b * slope[degree - 2, m]
    return value, slope


def associated_legendre(lmax: int, cosine: np.ndarray, sine: np.ndarray) -> np.ndarray:
    """Return the orthonormal associated Legendre functions, (lmax+1, lmax+1, points) indexed [l, m].

    With a signed sine they continue to the whole circle of the polar angle.
    """
    reduced, _ = _reduced_legendre(lmax, cosine)
    return reduced * sine ** np.arange(lmax + 1)[:, None]


def _angles(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cosine and sine of the polar angle, and the azimuth, of unit vectors (points, 3)."""
    x, y, z = points.T
    return y, np.hypot(x, z), np.arctan2(x, z)


def real_harmonics(degrees: tuple[int, ...], points: np.ndarray) -> np.ndarray:
    """Return the real spherical harmonics of `degrees` at unit vectors.

    Parameters
    ----------
    degrees
        Degrees to evaluate, in the order in which they are stored.
    points
        Unit vectors, shape (points, 3).

    Returns
    -------
    Array of shape (sum of 2l+1, points).
    """
    cosine, sine, azimuth = _angles(points)
    polar = associated_legendre(max(degrees), cosine, sine)
    return np.stack(
        [polar[l, abs(m)] * _azimuthal(m, azimuth) for l in degrees for m in range(-l, l + 1)]  # noqa: E741
    )


def surface_gradient(degrees: tuple[int, ...], points: np.ndarray) -> np.ndarray:
    """Return the tangential gradient of every harmonic in the right-handed frame (e_theta, e_phi, r).

    At a pole the frame is the limit along azimuth 0, where the expressions stay finite. Parameters as in
    `real_harmonics`.

    Returns
    -------
    Array of shape (2, sum of 2l+1, points): the theta and the phi component.
    """
    cosine, sine, azimuth = _angles(points)
    reduced, slope = _reduced_legendre(max(degrees), cosine)
    theta, phi = [], []
    for degree in degrees:
        for m in range(-degree, degree + 1):
            k = abs(m)
            lowered = sine ** max(k - 1, 0)
            polar = k * lowered * cosine * reduced[degree, k] - sine ** (k + 1) * slope[degree, k]
            theta.append(polar * _azimuthal(m, azimuth))
            # d/dphi of cos(k phi) is -k sin(k phi), of sin(k phi) is k cos(k phi): the partner of -m
            phi.append(
                -m * lowered * reduced[degree, k] * _azimuthal(-m, azimuth) if m else np.zeros_like(cosine)
            )
    return np.stack([np.stack(theta), np.stack(phi)])


def _azimuthal(m: int, azimuth: np.ndarray) -> np.ndarray:
    if m == 0:
        return np.ones_like(azimuth)
    return math.sqrt(2) * (np.cos(m * azimuth) if m > 0 else np.sin(-m * azimuth))
