"""The route of the paper: spherical harmonics <-> 2D Fourier series on the torus, products by FFT.

Extended to the torus, Y_lm(theta, phi) = P_lm(cos theta) trig(m phi) is a trigonometric polynomial of degree
l in
theta that is even in theta for even m and odd for odd m, and has only the frequencies +-m in phi. Both
conversions
therefore cost O(L^3) (Luo, Chen, Krishnapriyan 2024, section 3.2). The coefficients are computed here:
forward by an
FFT of samples, which is exact for a trigonometric polynomial; backward by Gauss-Legendre quadrature of
exp(i u theta) P_lm, whose even (odd) part in theta is a polynomial in cos theta (times the sine that P_lm
supplies).
"""

import numpy as np
import torch

from groundstate.gaunt.harmonics import associated_legendre
from groundstate.gaunt.transforms import constant, constant_builder


def _positions(lmax: int) -> tuple[np.ndarray, np.ndarray]:
    """Component index of (l, +m) and (l, -m), shape (lmax+1, lmax+1) indexed [m, l]; 0 where l < m."""
    m, degree = np.meshgrid(np.arange(lmax + 1), np.arange(lmax + 1), indexing="ij")
    centre = degree**2 + degree
    exists = degree >= m
    return np.where(exists, centre + m, 0), np.where(exists, centre - m, 0)


constant_builder("cosine positions")(lambda lmax: _positions(lmax)[0])
constant_builder("sine positions")(lambda lmax: _positions(lmax)[1])


def _normalised(lmax: int, theta: np.ndarray) -> np.ndarray:
    """Theta part of the real harmonics on the whole circle, [m, l, theta]; the sine keeps its sign."""
    value = associated_legendre(lmax, np.cos(theta), np.sin(theta)).transpose(1, 0, 2)
    value[1:] *= np.sqrt(2)
    return value


def _forward(lmax: int) -> np.ndarray:
    """Coefficient of exp(i u theta), [m, l, u] with u = -lmax..lmax."""
    count = 2 * lmax + 1
    theta = 2 * np.pi * np.arange(count) / count
    spectrum = np.fft.fft(_normalised(lmax, theta), axis=-1) / count
    return np.fft.fftshift(spectrum, axes=-1)


def _backward(lmax: int, bandwidth: int) -> np.ndarray:
    """Integral of exp(i u theta) P_lm sin(theta) over 0..pi times the phi integral, [m, l, u], |u| <=
    bandwidth."""
    cosine, weight = np.polynomial.legendre.leggauss((lmax + bandwidth) // 2 + 1)
    theta = np.arccos(cosine)
    u = np.arange(-bandwidth, bandwidth + 1)
    value = _normalised(lmax, theta) * weight
    even = np.einsum("mlt,ut->mlu", value, np.cos(np.outer(u, theta)))
    odd = 1j * np.einsum("mlt,ut->mlu", value, np.sin(np.outer(u, theta)))
    parity = np.arange(lmax + 1)[:, None, None] % 2
    phi = np.where(np.arange(lmax + 1) == 0, 2 * np.pi, np.pi)[:, None, None]
    return np.where(parity == 0, even, odd) * phi


constant_builder("fourier forward real")(lambda lmax: _forward(lmax).real)
constant_builder("fourier forward imag")(lambda lmax: _forward(lmax).imag)
constant_builder("fourier backward real")(lambda lmax, width: _backward(lmax, width).real)
constant_builder("fourier backward imag")(lambda lmax, width: _backward(lmax, width).imag)


def _complex(kind: str, key: tuple, like: torch.Tensor) -> torch.Tensor:
    return torch.complex(
        *(constant(f"fourier {kind} {part}", key, like.dtype, like.device) for part in ("real", "imag"))
    )


def to_fourier(x: torch.Tensor, lmax: int) -> torch.Tensor:
    """Coefficients (..., (lmax+1)^2) to the half spectrum (..., u, v), u = -lmax..lmax, v = 0..lmax.

    The function is the sum over u and v of F[u, v] exp(i (u theta + v phi)) and its mirror for v < 0.
    """
    cosine = constant("cosine positions", (lmax,), None, x.device)
    sine = constant("sine positions", (lmax,), None, x.device)
    # a cos(m phi) + b sin(m phi) has the coefficient (a - i b) / 2 at +m; at m = 0 it is a itself
    phase = torch.complex(x[..., cosine], -x[..., sine]) / 2
    zero = torch.complex(x[..., cosine[0]], torch.zeros_like(x[..., cosine[0]]))
    phase = torch.cat([zero.unsqueeze(-2), phase[..., 1:, :]], dim=-2)
    return torch.einsum("...ml,mlu->...um", phase, _complex("forward", (lmax,), x))


def from_fourier(spectrum: torch.Tensor, lmax: int) -> torch.Tensor:
    """Half spectrum (..., u, v) of a real function to its coefficients (..., (lmax+1)^2)."""
    width = spectrum.shape[-2] // 2
    top = min(lmax, spectrum.shape[-1] - 1)
    used = spectrum[..., : top + 1]
    kernel = _complex("backward", (lmax, width), used.real)[: top + 1]
    value = torch.einsum("...um,mlu->...ml", used, kernel)
    # the mirrored half doubles the cosine part; sin(m phi) picks minus twice the imaginary part
    order = torch.arange(top + 1, device=value.device)
    factor = torch.where(order == 0, 1.0, 2.0).to(value.real.dtype)[:, None]
    cosine, sine = value.real * factor, -value.imag * factor
    m, degree = constant("harmonic order", (lmax,), None, value.device)
    reachable = (abs(m) <= top).to(cosine.dtype)
    row = abs(m).clamp(max=top)
    return torch.where(m >= 0, cosine[..., row, degree], sine[..., row, degree]) * reachable


@constant_builder("harmonic order")
def _harmonic_order(lmax: int) -> np.ndarray:
    """Order m and degree l of every component, (2, (lmax+1)^2)."""
    pairs = [(m, degree) for degree in range(lmax + 1) for m in range(-degree, degree + 1)]
    return np.array(pairs).T


def multiply(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Half spectrum of the product of two functions: a 2D convolution, done by FFT."""
    width = (first.shape[-2] + second.shape[-2]) // 2 - 1
    size = 2 * width + 1
    values = _samples(first, size) * _samples(second, size)
    spectrum = torch.fft.rfft2(values) / size**2
    order = torch.arange(-width, width + 1, device=spectrum.device) % size
    top = first.shape[-1] + second.shape[-1] - 1
    return spectrum.index_select(-2, order)[..., :top]


def _samples(spectrum: torch.Tensor, size: int) -> torch.Tensor:
    """Values of the real function at size x size points of the torus."""
    width = spectrum.shape[-2] // 2
    padded = torch.nn.functional.pad(
        spectrum, (0, size // 2 + 1 - spectrum.shape[-1], 0, size - spectrum.shape[-2])
    )
    return torch.fft.irfft2(torch.roll(padded, -width, dims=-2), s=(size, size)) * size**2
