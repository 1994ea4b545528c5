"""Kernel for the lowest degrees: one multiply-add over all channels for every non-zero coefficient.

At lmax 1 the coupling table has 10 entries and the smallest grid 6 points for each of 4 components: adding up
the entries directly is several times cheaper.
"""

from functools import lru_cache

import numpy as np

from groundstate.gaunt.kernels.blocks import block_length, loaders, storers
from groundstate.gaunt.transforms import table

BLOCK_BYTES = 128 * 1024


def run(form, operands, wanted):
    """Evaluate products of `operands` (tensor, port): each of `wanted` (i, j, port) gives T(operand i,
    operand j)."""
    like = operands[0][0]
    batch, channels = like.shape[0], form.channels
    step = block_length(batch, channels * like.element_size(), like.device, BLOCK_BYTES)
    plans = []
    for i, j, port in wanted:
        slots = (operands[i][1], operands[j][1], port)
        plans.append(_terms(*((slot.degrees, slot.scales) for slot in slots), form.odd))
    results = [like.new_empty(batch, port.size * port.channels) for _, _, port in wanted]
    sources = [loaders(tensor, port, step) for tensor, port in operands]
    targets = [storers(result, port, step) for result, (_, _, port) in zip(results, wanted, strict=True)]
    for start in range(0, batch, step):
        size = min(step, batch - start)
        values = [_components(next(source), channels) for source in sources]
        for (i, j, port), plan, target in zip(wanted, plans, targets, strict=True):
            with target.block(size) as block:
                # a result with one channel is added up apart: its components are not contiguous, or are sums
                direct = port.channels > 1
                sums = block.zero_() if direct else block.new_zeros(port.size, size, channels).transpose(0, 1)
                into, first, second = sums.unbind(1), values[i], values[j]
                for a, b, c, factor in plan:
                    into[c].addcmul_(first[a], second[b], value=factor)
                if not direct:
                    block.copy_(sums.sum(2, keepdim=True) if channels > 1 else sums)
    return results


def _components(block, channels):
    """The components of a block, each (rows, channels)."""
    if channels == 1:
        block = block.transpose(0, 1).contiguous().transpose(0, 1)
    return block.unbind(1)


@lru_cache(maxsize=1024)
def _terms(first, second, third, odd):
    """Non-zero coefficients as (i, j, k, value); each slot is (degrees, scales)."""
    size = sum(2 * degree + 1 for degree in second[0])
    found = table(first, second, third, odd)
    pairs, targets = np.nonzero(found)
    return [
        (pair // size, pair % size, target, float(found[pair, target]))
        for pair, target in zip(pairs.tolist(), targets.tolist(), strict=True)
    ]
