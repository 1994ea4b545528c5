"""What a contraction is: three operands of a trilinear form, and how each is stored."""

import ast
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch

from groundstate.gaunt.basis.tables import Degrees


class Port(NamedTuple):
    """How one operand is stored: a row of the batch holds `degrees` x `channels` numbers.

    Attributes
    ----------
    degrees
        Degrees in the order in which they are stored.
    channels
        Number of signals in a row.
    interleaved
        Degree by degree as (channels, 2l+1), e3nn's ``mul_ir``; else (components, channels), its ``ir_mul``.
    scales
        Factor of every degree; None: all 1.
    """

    degrees: Degrees
    channels: int
    interleaved: bool = False
    scales: tuple[float, ...] | None = None

    @property
    def size(self) -> int:
        """Number of components of one signal."""
        return sum(2 * degree + 1 for degree in self.degrees)


class Contraction(NamedTuple):
    """Three operands of a trilinear form, the third of which comes out.

    The form is symmetric (even: the Gaunt coupling) or cyclic (`odd`: the bracket) in its three slots. For
    z = T(x, y) and a gradient g of z the gradient of x is therefore T(y, g), and that of y is T(g, x).
    """

    first: Port
    second: Port
    third: Port
    odd: bool = False

    @property
    def exact(self) -> int:
        """Polynomial degree that the quadrature must integrate."""
        return sum(max(port.degrees) for port in self[:3])

    @property
    def channels(self) -> int:
        """Number of channels of the widest operand."""
        return max(port.channels for port in self[:3])

    def rotated(self) -> "Contraction":
        """Return the same form with the slots moved on: (second, third) -> first."""
        return Contraction(self.second, self.third, self.first, self.odd)


Operand = tuple[torch.Tensor, Port]
Product = tuple[int, int, Port]  # operands i and j multiply into a tensor that the port describes


def contraction_text(form: Contraction) -> str:
    """Return the form as text, which an operation of a compiled graph can carry."""
    ports = [
        (port.degrees, port.channels, port.interleaved, port.scales)
        for port in (form.first, form.second, form.third)
    ]
    return _text((*ports, form.odd))


@torch.compiler.assume_constant_result
def _text(plain: tuple) -> str:
    return repr(plain)


@lru_cache(maxsize=4096)
def contraction_of(text: str) -> Contraction:
    """Return the form that `contraction_text` has written."""
    first, second, third, odd = ast.literal_eval(text)
    return Contraction(Port(*first), Port(*second), Port(*third), odd)


def interleaved_order(degrees: Degrees, channels: int) -> np.ndarray:
    """Return the position in a ``mul_ir`` row of every entry of the row stored as (components, channels)."""
    start, order = 0, []
    for degree in degrees:
        width = 2 * degree + 1
        order.append(start + np.arange(channels)[None, :] * width + np.arange(width)[:, None])
        start += width * channels
    return np.concatenate(order).ravel()


def deinterleaved_order(degrees: Degrees, channels: int) -> np.ndarray:
    """Return the inverse of `interleaved_order`."""
    return np.argsort(interleaved_order(degrees, channels))
