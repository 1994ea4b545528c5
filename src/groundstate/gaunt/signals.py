"""How a feature vector described by irreps holds signals on the sphere.

An irrep of degree l and parity p belongs to a true signal where p = (-1)^l, to a pseudo signal otherwise.
Channel u
of a signal consists of copy u of every irrep; where an irrep has fewer copies, the channel is zero there.
"""

from dataclasses import dataclass

import numpy as np
import torch
from e3nn import o3

from groundstate.gaunt.contract import Port
from groundstate.gaunt.transforms import constant, constant_builder


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

    def is_dense(self, channels: int) -> bool:
        """Whether the blocks, in order, are all components of all channels: nothing to pad or to reorder."""
        in_order = tuple(block.degree for block in self.blocks) == self.degrees
        touching = all(a.stop == b.start for a, b in zip(self.blocks, self.blocks[1:], strict=False))
        return in_order and touching and all(block.mul == channels for block in self.blocks)


class Features:
    """The signals of one operand."""

    def __init__(self, irreps: o3.Irreps, layout: str) -> None:
        # plain values only: a compiler cannot trace irreps objects
        self.dim, self.layout, self._key = irreps.dim, layout, (str(irreps), layout)
        self.signals = {sign: signal for sign in (1, -1) if (signal := _signal(irreps, sign))}
        self.channels = max((signal.channels for signal in self.signals.values()), default=0)

    def __str__(self) -> str:
        return self._key[0]

    @property
    def direct(self) -> bool:
        """Whether the flat vector is one dense signal as it stands."""
        return len(self.signals) == 1 and all(
            signal.is_dense(self.channels) for signal in self.signals.values()
        )

    def port(
        self, sign: int, channels: int, scales: dict[int, float] | None = None, direct: bool = False
    ) -> Port:
        """Port of one signal, either of the flat vector itself (`direct`) or as `pack` returns it."""
        degrees = self.signals[sign].degrees
        factors = None if scales is None else tuple(scales.get(degree, 0.0) for degree in degrees)
        return Port(degrees, channels, direct and self.layout == "mul_ir", factors)

    def pack(self, flat: torch.Tensor, sign: int, channels: int) -> torch.Tensor:
        """Flat features (batch, irreps dim) to one signal (batch, components x channels)."""
        signal, batch = self.signals[sign], flat.shape[0]
        if self.layout == "ir_mul" and signal.is_dense(channels):
            return flat[:, signal.blocks[0].start : signal.blocks[-1].stop]
        dense = flat.new_zeros(batch, signal.size, channels)
        for block in signal.blocks:
            rows = slice(block.row, block.row + block.width)
            columns = slice(block.channel, block.channel + block.mul)
            dense[:, rows, columns] = _shaped(flat[:, block.start : block.stop], block, self.layout)
        return dense.flatten(1)

    def unpack(self, dense: dict[int, torch.Tensor], channels: int) -> torch.Tensor:
        """Signals (batch, components x channels) back to flat features."""
        parts = []
        for sign, signal in self.signals.items():
            whole = dense[sign].reshape(-1, signal.size, channels)
            for block in signal.blocks:
                columns = slice(block.channel, block.channel + block.mul)
                part = whole[:, block.row : block.row + block.width, columns]
                parts.append((block.start, part.transpose(1, 2) if self.layout == "mul_ir" else part))
        parts.sort(key=lambda pair: pair[0])
        return torch.cat([part.flatten(1) for _, part in parts], dim=-1)

    def spread(self, values: torch.Tensor) -> torch.Tensor:
        """One value per irrep copy (..., num_irreps) to one per entry of the flat vector (..., dim)."""
        return values.index_select(-1, constant("copies", self._key, None, values.device))


def check_features(name: str, value: torch.Tensor, features: Features) -> None:
    """Refuse a tensor whose last axis is not that of the features."""
    if value.ndim < 1 or value.shape[-1] != features.dim:
        raise ValueError(f"{name} must be (..., {features.dim}) for {features}, got {tuple(value.shape)}")


@constant_builder("copies")
def _copies(irreps: str, layout: str) -> np.ndarray:
    """Which irrep copy every entry of the flat vector belongs to."""
    found, start = [], 0
    for mul, ir in o3.Irreps(irreps):
        copies = np.arange(start, start + mul)
        found.append(np.repeat(copies, ir.dim) if layout == "mul_ir" else np.tile(copies, ir.dim))
        start += mul
    return np.concatenate(found)


def _shaped(part: torch.Tensor, block: Block, layout: str) -> torch.Tensor:
    if layout == "mul_ir":
        return part.reshape(-1, block.mul, block.width).transpose(1, 2)
    return part.reshape(-1, block.width, block.mul)


def natural_sign(ir: o3.Irrep) -> int:
    """+1 where the parity is that of the spherical harmonic of the same degree, else -1."""
    return ir.p * (-1) ** ir.l


def _signal(irreps: o3.Irreps, sign: int) -> Signal | None:
    slices = zip(irreps.slices(), irreps, strict=True)
    terms = [(entry.start, mul, ir.l) for entry, (mul, ir) in slices if mul and natural_sign(ir) == sign]
    degrees = tuple(sorted({degree for _, _, degree in terms}))
    used = dict.fromkeys(degrees, 0)
    blocks = []
    for start, mul, degree in terms:
        row = sum(2 * lower + 1 for lower in degrees if lower < degree)
        blocks.append(Block(start, mul, degree, row, used[degree]))
        used[degree] += mul
    return Signal(sign, degrees, tuple(blocks)) if blocks else None
