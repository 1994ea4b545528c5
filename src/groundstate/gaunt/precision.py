"""The floating-point type that products are computed in."""

from collections.abc import Callable
from functools import reduce

import torch


def in_working_precision(function: Callable[..., torch.Tensor], *operands: torch.Tensor) -> torch.Tensor:
    """Apply `function` outside autocast; half precision is computed in float32 and returned as it came.

    Raises
    ------
    TypeError
        For integer or complex operands.
    """
    kind = reduce(torch.promote_types, [operand.dtype for operand in operands])
    if not kind.is_floating_point:
        raise TypeError(f"signals must be real floating-point tensors, got {kind}")
    work = torch.float32 if kind in (torch.float16, torch.bfloat16) else kind
    converted = [operand.to(work) for operand in operands]
    device = converted[0].device.type
    if torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device):
        with torch.autocast(device, enabled=False):
            return function(*converted).to(kind)
    return function(*converted).to(kind)
