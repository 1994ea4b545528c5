"""A contraction written out as single multiply-adds, for a compiler to fuse into one loop.

Up to lmax 2 (83 terms) the fused loop is about three times faster than the blocked kernels, and as fast as
the kernel in C; beyond, compiling takes too long.
"""

import torch

from groundstate.gaunt.basis.forms import Contraction, Port
from groundstate.gaunt.basis.transforms import Slot
from groundstate.gaunt.kernels.terms import nonzero_terms

UP_TO_DEGREE = 6


def fusable(form: Contraction) -> bool:
    """Whether the form has few enough terms, and channels to run along."""
    return form.exact <= UP_TO_DEGREE and form.channels > 1


def by_terms(x: torch.Tensor, y: torch.Tensor, form: Contraction) -> torch.Tensor:
    """Contract flat operands (batch, components x channels)."""
    first, second = _components(x, form.first), _components(y, form.second)
    zero = torch.zeros_like(first[0] * second[0])
    sums = [zero] * form.third.size
    slots = tuple((port.degrees, port.scales) for port in (form.first, form.second, form.third))
    for i, j, k, factor in _terms_of(slots, form.odd):
        sums[k] = torch.addcmul(sums[k], first[i], second[j], value=factor)
    if form.third.channels == 1 and form.channels > 1:
        sums = [value.sum(1, keepdim=True) for value in sums]
    return _flat(sums, form.third)


@torch.compiler.assume_constant_result
def _terms_of(slots: tuple[Slot, Slot, Slot], odd: bool) -> tuple[tuple[int, int, int, float], ...]:
    return tuple(nonzero_terms(*slots, odd))


def _components(flat: torch.Tensor, port: Port) -> list[torch.Tensor]:
    """Components of a flat operand, each (batch, channels): views."""
    components: list[torch.Tensor] = []
    start = 0
    for degree in port.degrees:
        width = 2 * degree + 1
        shape = (port.channels, width) if port.interleaved else (width, port.channels)
        block = flat.narrow(1, start, width * port.channels).unflatten(1, shape)
        components += block.unbind(2 if port.interleaved else 1)
        start += width * port.channels
    return components


def _flat(components: list[torch.Tensor], port: Port) -> torch.Tensor:
    """Inverse of `_components`."""
    blocks = []
    start = 0
    for degree in port.degrees:
        parts = components[start : start + 2 * degree + 1]
        blocks.append(torch.stack(parts, dim=2 if port.interleaved else 1).flatten(1))
        start += len(parts)
    return torch.cat(blocks, dim=1)
