"""How a feature vector described by irreps is laid out as signals on the sphere.

An irrep of degree l and parity p is a component of a true signal where p = (-1)^l, of a pseudo signal otherwise.
Each signal is a dense array (batch, components, channels); channel u of an irrep with a smaller multiplicity than
the others is zero.
"""

from dataclasses import dataclass

import torch
from e3nn import o3

LAYOUTS = ("mul_ir", "ir_mul")


@dataclass(frozen=True)
class Block:
    """One term `mul x l p` of the irreps: where it sits in the flat vector and in its signal."""

    start: int
    mul: int
    degree: int
    row: int
    channel: int

    @property
    def width(self) -> int:
        return 2 * self.degree + 1

    @property
    def stop(self) -> int:
        return self.start + self.mul * self.width


@dataclass(frozen=True)
class Signal:
    """All blocks of one sign (+1 true, -1 pseudo)."""

    sign: int
    degrees: tuple[int, ...]
    blocks: tuple[Block, ...]

    @property
    def size(self) -> int:
        return sum(2 * degree + 1 for degree in self.degrees)

    @property
    def channels(self) -> int:
        return max(block.channel + block.mul for block in self.blocks)


def natural_sign(ir: o3.Irrep) -> int:
    """+1 where the parity is that of the spherical harmonic of the same degree, else -1."""
    return ir.p * (-1) ** ir.l


def signals_of(irreps: o3.Irreps) -> dict[int, Signal]:
    """The true (+1) and the pseudo (-1) signal of `irreps`, each only where it has a component."""
    found = {}
    for sign in (1, -1):
        terms = [
            (entry, mul, ir)
            for entry, (mul, ir) in zip(irreps.slices(), irreps, strict=True)
            if mul and natural_sign(ir) == sign
        ]
        degrees = tuple(sorted({ir.l for _, _, ir in terms}))
        used = dict.fromkeys(degrees, 0)
        blocks = []
        for entry, mul, ir in terms:
            row = sum(2 * degree + 1 for degree in degrees if degree < ir.l)
            blocks.append(Block(entry.start, mul, ir.l, row, used[ir.l]))
            used[ir.l] += mul
        if blocks:
            found[sign] = Signal(sign, degrees, tuple(blocks))
    return found


def is_dense(signal: Signal, channels: int) -> bool:
    """Whether the flat vector in `ir_mul` layout is the dense array itself: nothing to pad or to reorder."""
    in_order = [block.degree for block in signal.blocks] == list(signal.degrees)
    return in_order and all(block.mul == channels for block in signal.blocks)


def pack(flat: torch.Tensor, signal: Signal, channels: int, layout: str) -> torch.Tensor:
    """Flat features (batch, irreps dim) to the dense signal (batch, components, channels)."""
    batch = flat.shape[0]
    if layout == "ir_mul" and is_dense(signal, channels):
        first, last = signal.blocks[0], signal.blocks[-1]
        return flat[:, first.start : last.stop].reshape(batch, signal.size, channels)
    dense = flat.new_zeros(batch, signal.size, channels)
    for block in signal.blocks:
        part = flat[:, block.start : block.stop]
        if layout == "mul_ir":
            part = part.reshape(batch, block.mul, block.width).transpose(1, 2)
        else:
            part = part.reshape(batch, block.width, block.mul)
        rows = slice(block.row, block.row + block.width)
        dense[:, rows, block.channel : block.channel + block.mul] = part
    return dense


def unpack(dense: dict[int, torch.Tensor], signals: dict[int, Signal], layout: str) -> torch.Tensor:
    """Dense signals to flat features; the inverse of `pack` on every irrep that exists."""
    parts = []
    for sign, signal in signals.items():
        for block in signal.blocks:
            part = dense[sign][
                :, block.row : block.row + block.width, block.channel : block.channel + block.mul
            ]
            parts.append((block.start, part.transpose(1, 2) if layout == "mul_ir" else part))
    parts.sort(key=lambda pair: pair[0])
    return torch.cat([part.flatten(1) for _, part in parts], dim=-1)
