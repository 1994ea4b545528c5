"""Kernel on half of the grid: even and odd degrees apart, in component-major blocks.

At the antipode of a point the even degrees keep their value and the odd degrees change sign. Transforming
them apart, on one point of every pair, halves the work: with e and o for the even and the odd part of a
function, even(xy) = xe ye + xo yo and odd(xy) = xe yo + xo ye. For the bracket the two results change places.
Blocks are stored (components, rows, channels), so every transform is one large matrix product.
"""

from collections.abc import Sequence

import torch

from groundstate.gaunt.basis.constants import constant
from groundstate.gaunt.basis.forms import Contraction, Operand, Port, Product
from groundstate.gaunt.basis.transforms import even_first, even_first_inverse, half_matrix
from groundstate.gaunt.kernels.blocks import Storer, block_length, loaders

BLOCK_BYTES = 256 * 1024


def run(form: Contraction, operands: Sequence[Operand], products: Sequence[Product]) -> list[torch.Tensor]:
    """Return the tensor of each product (i, j, port): the contraction of operands i and j."""
    like = operands[0][0]
    batch = like.shape[0]

    def matrices(port: Port, gradient: bool) -> list[torch.Tensor]:
        key = (port.degrees, port.scales, form.exact, gradient)
        return [constant(half_matrix, (*key, parity), like.dtype, like.device) for parity in (False, True)]

    into = [matrices(port, form.odd) for _, port in operands]
    out_of = [[matrix.t() for matrix in matrices(port, False)] for _, _, port in products]
    points = out_of[0][0].shape[1]
    step = block_length(batch, points * form.channels * like.element_size(), like.device, BLOCK_BYTES)
    results = [like.new_empty(batch, port.size * port.channels) for _, _, port in products]
    sources = [loaders(tensor, port, step) for tensor, port in operands]
    targets = [Storer(result, port, step) for result, (_, _, port) in zip(results, products, strict=True)]
    space: _Space | None = None
    for start in range(0, batch, step):
        size = min(step, batch - start)
        if space is None or size != space.rows:
            space = _Space(like, form, operands, products, into[0][0].shape[0], size)
        for source, pair, packed, halves, order in zip(
            sources, into, space.packed, space.values, space.order, strict=True
        ):
            torch.index_select(next(source).transpose(0, 1), 0, order, out=packed.whole)
            torch.mm(pair[0], packed.even, out=halves[0])
            torch.mm(pair[1], packed.odd, out=halves[1])
        for (i, j, port), pair, packed, target, back in zip(
            products, out_of, space.results, targets, space.back, strict=True
        ):
            (xe, xo), (ye, yo) = space.shaped[i], space.shaped[j]
            same = _paired(xe, ye, xo, yo, form.odd, space.same)
            cross = _paired(xe, yo, xo, ye, form.odd, space.cross)
            if port.channels == 1 and form.channels > 1:
                same, cross = same.sum(-1), cross.sum(-1)
            else:
                same, cross = space.flat
            even, odd = (cross, same) if form.odd else (same, cross)
            torch.mm(pair[0], even, out=packed.even)
            torch.mm(pair[1], odd, out=packed.odd)
            with target.block(size) as block:
                torch.index_select(packed.whole, 0, back, out=block.transpose(0, 1))
    return results


class _Packed:
    """A block (components, rows, channels) with even degrees first, and its even and odd part as matrices."""

    def __init__(self, memory: torch.Tensor, port: Port, rows: int) -> None:
        even = sum(2 * degree + 1 for degree in port.degrees if degree % 2 == 0)
        self.whole = memory[: port.size * rows * port.channels].view(port.size, rows, port.channels)
        self.even, self.odd = self.whole.view(port.size, -1).split([even, port.size - even])


class _Space:
    """Working memory for one block length, with the views that every block of that length uses."""

    def __init__(
        self,
        like: torch.Tensor,
        form: Contraction,
        operands: Sequence[Operand],
        products: Sequence[Product],
        height: int,
        rows: int,
    ) -> None:
        self.rows = rows
        ports = [port for _, port in operands]
        targets = [port for _, _, port in products]
        memory = like.new_empty(rows * max(port.size * port.channels for port in form[:3]))
        self.packed = [_Packed(memory, port, rows) for port in ports]
        self.results = [_Packed(memory, port, rows) for port in targets]
        self.order = [constant(even_first, (port.degrees,), None, like.device) for port in ports]
        self.back = [constant(even_first_inverse, (port.degrees,), None, like.device) for port in targets]
        stores = [like.new_empty(2, height, rows, port.channels) for port in ports]
        self.values = [store.view(2, height, -1).unbind(0) for store in stores]
        self.shaped = [store.unbind(0) for store in stores]
        points = height // 2 if form.odd else height
        pair = like.new_empty(2, points, rows, form.channels)
        self.same, self.cross = pair.unbind(0)
        self.flat = pair.view(2, points, -1).unbind(0)


def _paired(
    a: torch.Tensor, b: torch.Tensor, c: torch.Tensor, d: torch.Tensor, odd: bool, out: torch.Tensor
) -> torch.Tensor:
    """Return a b + c d, or the same with the bracket of two gradients in place of the product."""
    if not odd:
        return torch.mul(a, b, out=out).addcmul_(c, d)
    points = out.shape[0]
    torch.mul(a[:points], b[points:], out=out).addcmul_(a[points:], b[:points], value=-1)
    return out.addcmul_(c[:points], d[points:]).addcmul_(c[points:], d[:points], value=-1)
