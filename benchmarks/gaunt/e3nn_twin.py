"""e3nn tensor products that compute the same functions as the Gaunt operators."""

import torch
from e3nn import o3

from groundstate.gaunt import bracket_coefficients, gaunt_coefficients


def irreps(lmax: int, channels: int) -> o3.Irreps:
    """`channels` copies of every degree up to lmax, with the parity of the spherical harmonics."""
    return o3.Irreps([(channels, (degree, (-1) ** degree)) for degree in range(lmax + 1)])


def channelwise(l1: int, l2: int, l3: int, channels: int) -> o3.TensorProduct:
    """The "uuu" product with exactly the Gaunt paths, its weights set so that the outputs agree."""
    paths, weights = [], []
    for a in range(l1 + 1):
        for b in range(l2 + 1):
            for c in range(abs(a - b), min(a + b, l3) + 1, 2):
                ratio = (gaunt_coefficients(a, b, c) * o3.wigner_3j(a, b, c, dtype=torch.float64)).sum()
                paths.append((a, b, c, "uuu", True))
                weights.append(torch.full((channels,), float(ratio)))
    operands = (irreps(l1, channels), irreps(l2, channels), irreps(l3, channels))
    return _product(operands, paths, weights)


def complete(lmax: int, channels: int) -> o3.TensorProduct:
    """The "uuu" product with every path, even and odd, weighted as product plus bracket."""
    out = irreps(lmax, channels) + o3.Irreps(
        [(channels, (degree, (-1) ** (degree + 1))) for degree in range(1, lmax + 1)]
    )
    paths, weights = [], []
    for a in range(lmax + 1):
        for b in range(lmax + 1):
            for c in range(abs(a - b), min(a + b, lmax) + 1):
                odd = (a + b + c) % 2
                table = bracket_coefficients(a, b, c) if odd else gaunt_coefficients(a, b, c)
                ratio = (table * o3.wigner_3j(a, b, c, dtype=torch.float64)).sum()
                paths.append((a, b, lmax + c if odd else c, "uuu", True))
                weights.append(torch.full((channels,), float(ratio)))
    return _product((irreps(lmax, channels), irreps(lmax, channels), out), paths, weights)


def convolution(lmax: int, channels: int) -> o3.TensorProduct:
    """The "uvu" product of features with edge harmonics, one external weight per path and channel."""
    paths = [
        (a, b, c, "uvu", True)
        for a in range(lmax + 1)
        for b in range(lmax + 1)
        for c in range(abs(a - b), min(a + b, lmax) + 1, 2)
    ]
    operands = (irreps(lmax, channels), irreps(lmax, 1), irreps(lmax, channels))
    return o3.TensorProduct(*operands, paths, shared_weights=False, internal_weights=False)


def _product(operands, paths, weights):
    bare = {"irrep_normalization": "none", "path_normalization": "none"}
    product = o3.TensorProduct(*operands, paths, internal_weights=True, shared_weights=True, **bare)
    with torch.no_grad():
        product.weight.copy_(torch.cat(weights))
    return product
