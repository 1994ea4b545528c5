"""Kernel for the lowest degrees: one multiply-add over all channels for every non-zero coefficient.

At lmax 1 the coupling table has 10 entries, and the smallest grid 6 points for each of 4 components: to add
up the entries directly is several times cheaper.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch

from groundstate.gaunt.basis.forms import Contraction, Operand, Product
from groundstate.gaunt.basis.transforms import Slot, coupling_matrix
from groundstate.gaunt.kernels.blocks import Storer, block_length, loaders

BLOCK_BYTES = 128 * 1024


def run(form: Contraction, operands: Sequence[Operand], products: Sequence[Product]) -> list[torch.Tensor]:
    """Return the tensor of each product (i, j, port): the contraction of operands i and j."""
    like = operands[0][0]
    batch, channels = like.shape[0], form.channels
    step = block_length(batch, channels * like.element_size(), like.device, BLOCK_BYTES)
    plans = []
    for i, j, port in products:
        first, second, third = (
            (slot.degrees, slot.scales) for slot in (operands[i][1], operands[j][1], port)
        )
        plans.append(nonzero_terms(first, second, third, form.odd))
    results = [like.new_empty(batch, port.size * port.channels) for _, _, port in products]
    sources = [loaders(tensor, port, step) for tensor, port in operands]
    targets = [Storer(result, port, step) for result, (_, _, port) in zip(results, products, strict=True)]
    for start in range(0, batch, step):
        size = min(step, batch - start)
        values = [_components(next(source), channels) for source in sources]
        for (i, j, port), plan, target in zip(products, plans, targets, strict=True):
            with target.block(size) as block:
                # a result with one channel is added up apart: its components are not contiguous, or are sums
                direct = port.channels > 1
                sums = block.zero_() if direct else block.new_zeros(port.size, size, channels).transpose(0, 1)
                into, first_parts, second_parts = sums.unbind(1), values[i], values[j]
                for a, b, c, factor in plan:
                    into[c].addcmul_(first_parts[a], second_parts[b], value=factor)
                if not direct:
                    block.copy_(sums.sum(2, keepdim=True) if channels > 1 else sums)
    return results


def _components(block: torch.Tensor, channels: int) -> tuple[torch.Tensor, ...]:
    """Components of a block, each (rows, channels)."""
    if channels == 1:
        block = block.transpose(0, 1).contiguous().transpose(0, 1)
    return block.unbind(1)


@lru_cache(maxsize=1024)
def nonzero_terms(first: Slot, second: Slot, third: Slot, odd: bool) -> list[tuple[int, int, int, float]]:
    """Return the non-zero coefficients as (i, j, k, value)."""
    size = sum(2 * degree + 1 for degree in second[0])
    table = coupling_matrix(first, second, third, odd)
    pairs, targets = np.nonzero(table)
    return [
        (pair // size, pair % size, target, float(table[pair, target]))
        for pair, target in zip(pairs.tolist(), targets.tolist(), strict=True)
    ]
