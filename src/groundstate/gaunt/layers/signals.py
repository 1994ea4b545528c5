"""How a feature vector described by irreps holds signals on the sphere.

An irrep of degree l and parity p belongs to a true signal where p = (-1)^l, to a pseudo signal otherwise.
Channel u of a signal consists of copy u of every irrep; where an irrep has fewer copies, the channel is zero
there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from e3nn import o3

from groundstate.gaunt.basis.constants import constant
from groundstate.gaunt.basis.forms import Port
from groundstate.gaunt.basis.tables import Degrees


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
        """Number of components, 2l+1."""
        return 2 * self.degree + 1

    @property
    def stop(self) -> int:
        """Where the block ends in the flat vector."""
        return self.start + self.mul * self.width


@dataclass(frozen=True)
class Signal:
    """All blocks of one sign (+1 true, -1 pseudo)."""

    sign: int
    degrees: Degrees
    blocks: tuple[Block, ...]

    @property
    def size(self) -> int:
        """Number of components of one channel."""
        return sum(2 * degree + 1 for degree in self.degrees)

    @property
    def channels(self) -> int:
        """Number of channels: the most copies that a degree has."""
        return max(block.channel + block.mul for block in self.blocks)

    def degrees_of(self, channel: int) -> Degrees:
        """Return the degrees that a channel holds."""
        held = {block.degree for block in self.blocks if block.channel <= channel < block.channel + block.mul}
        return tuple(sorted(held))

    def is_dense(self, channels: int) -> bool:
        """Whether the blocks, in order, are all components of all channels: nothing to pad or to reorder."""
        in_order = tuple(block.degree for block in self.blocks) == self.degrees
        touching = all(a.stop == b.start for a, b in zip(self.blocks, self.blocks[1:], strict=False))
        return in_order and touching and all(block.mul == channels for block in self.blocks)


class Features:
    """The signals of one operand.

    Parameters
    ----------
    irreps
        Irreps of the flat vector.
    layout
        "mul_ir" or "ir_mul".
    """

    def __init__(self, irreps: o3.Irreps, layout: str) -> None:
        # plain values only: a compiler cannot trace irreps objects
        self.dim, self.layout, self._key = irreps.dim, layout, (str(irreps), layout)
        self.signals = {sign: signal for sign in (1, -1) if (signal := _signal(irreps, sign))}
        self.channels = max((signal.channels for signal in self.signals.values()), default=0)

    def __str__(self) -> str:
        """Return the irreps."""
        return self._key[0]

    @property
    def direct(self) -> bool:
        """Whether the flat vector is one dense signal as it stands."""
        return len(self.signals) == 1 and all(
            signal.is_dense(self.channels) for signal in self.signals.values()
        )

    def profile(self, channel: int) -> dict[int, Degrees]:
        """Return the degrees that a channel holds, by the sign of the signal; a single channel serves all."""
        index = 0 if self.channels == 1 else channel
        return {sign: held for sign, signal in self.signals.items() if (held := signal.degrees_of(index))}

    def port(
        self, sign: int, channels: int, scales: Mapping[int, float] | None = None, direct: bool = False
    ) -> Port:
        """Return the port of one signal: of the flat vector itself (`direct`), or as `pack` gives it."""
        degrees = self.signals[sign].degrees
        factors = None if scales is None else tuple(scales.get(degree, 0.0) for degree in degrees)
        return Port(degrees, channels, direct and self.layout == "mul_ir", factors)

    def pack(self, flat: torch.Tensor, sign: int, channels: int) -> torch.Tensor:
        """Return one signal (batch, components x channels) of flat features (batch, dim)."""
        signal, batch = self.signals[sign], flat.shape[0]
        if self.layout == "ir_mul" and signal.is_dense(channels):
            return flat[:, signal.blocks[0].start : signal.blocks[-1].stop]
        rows: list[list[torch.Tensor]] = [[] for _ in signal.degrees]
        for block in signal.blocks:
            rows[signal.degrees.index(block.degree)].append(
                _shaped(flat[:, block.start : block.stop], block, self.layout)
            )
        padded = []
        for degree, parts in zip(signal.degrees, rows, strict=True):
            missing = channels - sum(part.shape[2] for part in parts)
            if missing:
                parts.append(flat.new_zeros(batch, 2 * degree + 1, missing))
            padded.append(torch.cat(parts, dim=2))
        return torch.cat(padded, dim=1).flatten(1)

    def unpack(self, dense: Mapping[int, torch.Tensor], channels: int) -> torch.Tensor:
        """Return flat features (batch, dim) from their signals (batch, components x channels), by sign."""
        parts = []
        for sign, signal in self.signals.items():
            whole = dense[sign].reshape(dense[sign].shape[0], signal.size, channels)
            for block in signal.blocks:
                columns = slice(block.channel, block.channel + block.mul)
                part = whole[:, block.row : block.row + block.width, columns]
                parts.append((block.start, part.transpose(1, 2) if self.layout == "mul_ir" else part))
        parts.sort(key=lambda pair: pair[0])
        return torch.cat([part.flatten(1) for _, part in parts], dim=-1)

    def spread(self, values: torch.Tensor) -> torch.Tensor:
        """Return values of the flat entries (..., dim) from those of the copies (..., copies)."""
        return values.index_select(-1, constant(_copies, self._key, None, values.device))


def check_features(name: str, value: torch.Tensor, features: Features) -> None:
    """Raise a ValueError that names both shapes unless the last axis is that of the features."""
    if value.ndim < 1 or value.shape[-1] != features.dim:
        raise ValueError(f"{name} must be (..., {features.dim}) for {features}, got {tuple(value.shape)}")


def channel_factors(degrees: Degrees, factors: Sequence[Sequence[float]]) -> np.ndarray:
    """Return (components x channels,) from one factor for each degree and channel."""
    return np.repeat(np.array(factors), [2 * degree + 1 for degree in degrees], axis=0).ravel()


def natural_sign(ir: o3.Irrep) -> int:
    """Return +1 where the parity is that of the spherical harmonic of the same degree, else -1."""
    return ir.p * (-1) ** ir.l


def _copies(irreps: str, layout: str) -> np.ndarray:
    """Which irrep copy every entry of the flat vector belongs to."""
    parts, start = [], 0
    for mul, ir in o3.Irreps(irreps):
        copies = np.arange(start, start + mul)
        parts.append(np.repeat(copies, ir.dim) if layout == "mul_ir" else np.tile(copies, ir.dim))
        start += mul
    return np.concatenate(parts)


def _shaped(part: torch.Tensor, block: Block, layout: str) -> torch.Tensor:
    """Return a block as (batch, components, copies)."""
    if layout == "mul_ir":
        return part.reshape(part.shape[0], block.mul, block.width).transpose(1, 2)
    return part.reshape(part.shape[0], block.width, block.mul)


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
