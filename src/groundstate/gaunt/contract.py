"""Contraction of two signals with the Gaunt (even) or the bracket (odd) coupling by exact quadrature."""

import torch

from groundstate.gaunt.tables import Degrees, coupling


def contract(
    x: torch.Tensor, y: torch.Tensor, first: Degrees, second: Degrees, third: Degrees, odd: bool = False
) -> torch.Tensor:
    """Signals (batch, components, channels) to the output signal; either operand may have one channel."""
    table = torch.tensor(coupling(first, second, third, odd), dtype=x.dtype, device=x.device)
    x, y = torch.broadcast_tensors(x[:, :, None], y[:, None])
    return torch.einsum("bijc,ijk->bkc", x * y, table)
