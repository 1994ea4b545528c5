"""The route of the paper: spherical harmonics <-> 2D Fourier series on the torus, products by FFT.

Extended to the torus, Y_lm(theta, phi) = P_lm(cos theta) trig(m phi) is a trigonometric polynomial of degree
l in theta that is even in theta for even m and odd for odd m, and has only the frequencies +-m in phi. Both
conversions therefore cost O(L^3) (Luo, Chen, Krishnapriyan 2024, section 3.2). The coefficients are computed
here: forward by an FFT of samples, which is exact for a trigonometric polynomial; backward by Gauss-Legendre
quadrature of exp(i u theta) P_lm, whose even (odd) part in theta is a polynomial in cos theta (times the sine
that P_lm supplies).
"""

import numpy as np
import torch

from groundstate.gaunt.basis.constants import constant
from groundstate.gaunt.basis.harmonics import associated_legendre


def to_fourier(x: torch.Tensor, lmax: int) -> torch.Tensor:
    """Return the half spectrum (..., u, v) of coefficients (..., (lmax+1)^2); u = -lmax..lmax, v = 0..lmax.

    The function is the sum over u and v of F[u, v] exp(i (u theta + v phi)) and its mirror for v < 0.
    """
    cosine = constant(_cosine_positions, (lmax,), None, x.device)
    sine = constant(_sine_positions, (lmax,), None, x.device)
    # a cos(m phi) + b sin(m phi) has the coefficient (a - i b) / 2 at +m; at m = 0 it is a itself
    phase = torch.complex(x[..., cosine], -x[..., sine]) / 2
    zero = torch.complex(x[..., cosine[0]], torch.zeros_like(x[..., cosine[0]]))
    phase = torch.cat([zero.unsqueeze(-2), phase[..., 1:, :]], dim=-2)
    forward = torch.complex(
        constant(_forward_real, (lmax,), x.dtype, x.device),
        constant(_forward_imaginary, (lmax,), x.dtype, x.device),
    )
    return torch.einsum("...ml,mlu->...um", phase, forward)


def from_fourier(spectrum: torch.Tensor, lmax: int) -> torch.Tensor:
    """Return the coefficients (..., (lmax+1)^2) of a real function from its half spectrum (..., u, v)."""
    width = spectrum.shape[-2] // 2
    top = min(lmax, spectrum.shape[-1] - 1)
    used = spectrum[..., : top + 1]
    dtype, device = used.real.dtype, used.device
    backward = torch.complex(
        constant(_backward_real, (lmax, width), dtype, device),
        constant(_backward_imaginary, (lmax, width), dtype, device),
    )
    value = torch.einsum("...um,mlu->...ml", used, backward[: top + 1])
    # the mirrored half doubles the cosine part; sin(m phi) picks minus twice the imaginary part
    factor = torch.where(torch.arange(top + 1, device=device) == 0, 1.0, 2.0).to(dtype)[:, None]
    cosine, sine = value.real * factor, -value.imag * factor
    m, degree = constant(_order_and_degree, (lmax,), None, device)
    reachable = (abs(m) <= top).to(dtype)
    row = abs(m).clamp(max=top)
    return torch.where(m >= 0, cosine[..., row, degree], sine[..., row, degree]) * reachable


def multiply(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return the half spectrum of the product of two functions: a 2D convolution, done by FFT."""
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


def _positions(lmax: int, sign: int) -> np.ndarray:
    """Component index of (l, sign m), shape (lmax+1, lmax+1) indexed [m, l]; 0 where l < m."""
    m, degree = np.meshgrid(np.arange(lmax + 1), np.arange(lmax + 1), indexing="ij")
    return np.where(degree >= m, degree**2 + degree + sign * m, 0)


def _cosine_positions(lmax: int) -> np.ndarray:
    return _positions(lmax, 1)


def _sine_positions(lmax: int) -> np.ndarray:
    return _positions(lmax, -1)


def _order_and_degree(lmax: int) -> np.ndarray:
    """Order m and degree l of every component, (2, (lmax+1)^2)."""
    return np.array([(m, degree) for degree in range(lmax + 1) for m in range(-degree, degree + 1)]).T


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


def _forward_real(lmax: int) -> np.ndarray:
    return _forward(lmax).real


def _forward_imaginary(lmax: int) -> np.ndarray:
    return _forward(lmax).imag


def _backward(lmax: int, bandwidth: int) -> np.ndarray:
    """Integral of exp(i u theta) P_lm sin(theta) over 0..pi times that over phi, [m, l, u]."""
    cosine, weight = np.polynomial.legendre.leggauss((lmax + bandwidth) // 2 + 1)
    theta = np.arccos(cosine)
    u = np.arange(-bandwidth, bandwidth + 1)
    value = _normalised(lmax, theta) * weight
    even = np.einsum("mlt,ut->mlu", value, np.cos(np.outer(u, theta)))
    odd = 1j * np.einsum("mlt,ut->mlu", value, np.sin(np.outer(u, theta)))
    parity = np.arange(lmax + 1)[:, None, None] % 2
    phi = np.where(np.arange(lmax + 1) == 0, 2 * np.pi, np.pi)[:, None, None]
    return np.where(parity == 0, even, odd) * phi


def _backward_real(lmax: int, bandwidth: int) -> np.ndarray:
    return _backward(lmax, bandwidth).real


def _backward_imaginary(lmax: int, bandwidth: int) -> np.ndarray:
    return _backward(lmax, bandwidth).imag
