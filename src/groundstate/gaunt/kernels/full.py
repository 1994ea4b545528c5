"""Kernel on the full grid: one matrix product per operand, in blocks of the batch that stay in cache."""

from collections.abc import Sequence
from functools import cached_property

import torch

from groundstate.gaunt.basis.constants import constant
from groundstate.gaunt.basis.forms import Contraction, Operand, Port, Product
from groundstate.gaunt.basis.transforms import full_matrix
from groundstate.gaunt.kernels.blocks import Storer, block_length, loaders

BLOCK_BYTES = 384 * 1024


def run(form: Contraction, operands: Sequence[Operand], products: Sequence[Product]) -> list[torch.Tensor]:
    """Return the tensor of each product (i, j, port): the contraction of operands i and j."""
    like = operands[0][0]
    batch = like.shape[0]
    into = [_matrix(form, port, form.odd, like) for _, port in operands]
    out_of = [_matrix(form, port, False, like) for _, _, port in products]
    points = out_of[0].shape[1]
    step = block_length(batch, points * form.channels * like.element_size(), like.device, BLOCK_BYTES)
    forward = [_Forward(matrix, port, step, like) for matrix, (_, port) in zip(into, operands, strict=True)]
    backward = [_Backward(matrix, port, step) for matrix, (_, _, port) in zip(out_of, products, strict=True)]
    results = [like.new_empty(batch, port.size * port.channels) for _, _, port in products]
    sources = [loaders(tensor, port, step) for tensor, port in operands]
    targets = [Storer(result, port, step) for result, (_, _, port) in zip(results, products, strict=True)]
    spare = _Spare(like, step, points, form.channels)
    for start in range(0, batch, step):
        size = min(step, batch - start)
        values = [apply(next(source), size) for apply, source in zip(forward, sources, strict=True)]
        for (i, j, _), apply, target in zip(products, backward, targets, strict=True):
            u, v = values[i], values[j]
            if form.odd:
                inside, other = spare.product[:size], spare.scratch[:size]
                torch.mul(u[:, :points], v[:, points:], out=inside)
                inside.sub_(torch.mul(u[:, points:], v[:, :points], out=other))
            elif u.shape[2] == form.channels:
                inside = u.mul_(v)  # operand i of a product is not needed by the products that follow
            else:
                inside = torch.mul(u, v, out=spare.product[:size])
            with target.block(size) as block:
                apply(inside, block)
    return results


class _Spare:
    """Working memory for the products that cannot be formed in place, taken only when they occur."""

    def __init__(self, like: torch.Tensor, step: int, points: int, channels: int) -> None:
        self._like, self._shape = like, (step, points, channels)

    @cached_property
    def product(self) -> torch.Tensor:
        return self._like.new_empty(self._shape)

    @cached_property
    def scratch(self) -> torch.Tensor:
        return self._like.new_empty(self._shape)


def _matrix(form: Contraction, port: Port, gradient: bool, like: torch.Tensor) -> torch.Tensor:
    return constant(full_matrix, (port.degrees, port.scales, form.exact, gradient), like.dtype, like.device)


class _Forward:
    """Coefficients (rows, components, channels) to values (rows, points, channels)."""

    def __init__(self, matrix: torch.Tensor, port: Port, step: int, like: torch.Tensor) -> None:
        self.single = port.channels == 1
        self.matrix = matrix if self.single else matrix.t().expand(step, -1, -1)
        self.values = like.new_empty(step, matrix.shape[1], port.channels)

    def __call__(self, block: torch.Tensor, size: int) -> torch.Tensor:
        out = self.values[:size]
        if self.single:
            torch.mm(block.squeeze(2), self.matrix, out=out.squeeze(2))
        else:
            torch.bmm(self.matrix[:size], block, out=out)
        return out


class _Backward:
    """Values (rows, points, channels) to coefficients, added up over channels where the result has one."""

    def __init__(self, matrix: torch.Tensor, port: Port, step: int) -> None:
        self.single = port.channels == 1
        self.matrix = matrix.t() if self.single else matrix.expand(step, -1, -1)

    def __call__(self, values: torch.Tensor, block: torch.Tensor) -> None:
        if self.single:
            summed = values.squeeze(2) if values.shape[2] == 1 else values.sum(2)
            torch.mm(summed, self.matrix, out=block.squeeze(2))
        else:
            torch.bmm(self.matrix[: values.shape[0]], values, out=block)
