"""Equivariant feature interaction: a channel-wise tensor product with Gaunt coefficients."""

import math

import torch
from e3nn import o3
from torch import nn

from groundstate.gaunt.contract import contract
from groundstate.gaunt.functional import METHODS
from groundstate.gaunt.signals import LAYOUTS, Signal, natural_sign, pack, signals_of, unpack
from groundstate.gaunt.tables import coupling


class GauntTensorProduct(nn.Module):
    r"""Channel-wise product of two features with Gaunt coefficients and factorised weights.

    Each channel of an operand is a function on the sphere; channels are multiplied one by one, as in e3nn's "uuu"
    mode. The weight of a path is w_l1 w_l2 w_l (Luo, Chen, Krishnapriyan 2024, section 3.3), summed over `rank` terms.

    Parameters
    ----------
    irreps_in1, irreps_in2
        Features. Multiplicities are channels: channel u of every irrep belongs to one signal; an operand with a
        single channel is multiplied with every channel of the other.
    irreps_out
        Irreps wanted. None: all that a path reaches.
    parity
        "even": the Gaunt product, paths with l1 + l2 + l3 even. "complete": the odd paths (cross products) as well.
    rank
        Number of factorised weight terms; 0: no weights.
    irrep_normalization
        "component" (default), "norm" or "none", as in e3nn.
    path_normalization
        "element" (default), "path" or "none", as in e3nn; the first two are the same for a channel-wise product.
    internal_weights, shared_weights
        As in e3nn.
    layout
        Order of the flat features: "mul_ir" (e3nn's) or "ir_mul" (no reordering: faster).
    method
        "auto", "grid", "fourier" or "dense".
    """

    def __init__(
        self,
        irreps_in1: o3.Irreps | str,
        irreps_in2: o3.Irreps | str,
        irreps_out: o3.Irreps | str | None = None,
        *,
        parity: str = "even",
        rank: int = 1,
        irrep_normalization: str | None = None,
        path_normalization: str | None = None,
        internal_weights: bool | None = None,
        shared_weights: bool | None = None,
        layout: str = "mul_ir",
        method: str = "auto",
    ) -> None:
        super().__init__()
        irrep_normalization = irrep_normalization or "component"
        path_normalization = path_normalization or "element"
        _one_of("parity", parity, ("even", "complete"))
        _one_of("irrep_normalization", irrep_normalization, ("component", "norm", "none"))
        _one_of("path_normalization", path_normalization, ("element", "path", "none"))
        _one_of("layout", layout, LAYOUTS)
        _one_of("method", method, METHODS)
        if rank < 0:
            raise ValueError(f"rank must not be negative, got {rank}")
        self.irreps_in1, self.irreps_in2 = o3.Irreps(irreps_in1), o3.Irreps(irreps_in2)
        self.parity, self.rank, self.layout, self.method = parity, rank, layout, method
        self._first, self._second = signals_of(self.irreps_in1), signals_of(self.irreps_in2)
        if not self._first or not self._second:
            raise ValueError("both operands need at least one irrep")
        parts = (False, True) if parity == "complete" else (False,)
        reached = _reached(self.irreps_in1, self.irreps_in2, parts)
        if irreps_out is None:
            irreps_out = [(mul, ir) for ir, mul in sorted(reached.items())]
        self.irreps_out = o3.Irreps(irreps_out)
        for mul, ir in self.irreps_out:
            if mul > reached.get(ir, 0):
                raise ValueError(
                    f"no path reaches {mul}x{ir} from {self.irreps_in1} and {self.irreps_in2} with parity={parity!r}: "
                    f"at most {reached.get(ir, 0)}x{ir}"
                )
        self._third = signals_of(self.irreps_out)
        self._channels = max(_channels(self._first), _channels(self._second))
        if shared_weights is None:
            shared_weights = internal_weights is not False
        if internal_weights is None:
            internal_weights = shared_weights
        if internal_weights and not shared_weights:
            raise ValueError("internal_weights=True needs shared_weights=True")
        self.shared_weights, self.internal_weights = shared_weights, internal_weights and rank > 0
        counts = [irreps.num_irreps for irreps in (self.irreps_in1, self.irreps_in2, self.irreps_out)]
        self._terms = [(odd, term) for odd in parts for term in range(max(rank, 1))]
        self._split = counts
        self.weight_numel = rank * sum(counts) * len(parts)
        if self.internal_weights:
            self.weight = nn.Parameter(torch.randn(self.weight_numel))
        else:
            self.register_buffer("weight", torch.zeros(0), persistent=False)
        self._scale = _scales(
            self._first,
            self._second,
            self._third,
            parts,
            irrep_normalization,
            path_normalization,
            max(rank, 1),
        )
        for role, (signals, irreps) in enumerate(
            ((self._first, self.irreps_in1), (self._second, self.irreps_in2), (self._third, self.irreps_out))
        ):
            for sign, signal in signals.items():
                self.register_buffer(
                    f"_index{role}{sign}",
                    _weight_index(signal, irreps, self._channels if role == 2 else _channels(signals)),
                    persistent=False,
                )

    def extra_repr(self) -> str:
        return (
            f"{self.irreps_in1} x {self.irreps_in2} -> {self.irreps_out}, parity={self.parity}, rank={self.rank}, "
            f"layout={self.layout}, {self.weight_numel} weights"
        )

    def forward(self, x: torch.Tensor, y: torch.Tensor, weight: torch.Tensor | None = None) -> torch.Tensor:
        """Product of features (..., irreps_in1.dim) and (..., irreps_in2.dim), leading axes broadcast.

        `weight` is (weight_numel,) with shared weights, (..., weight_numel) otherwise.
        """
        for name, value, irreps in (("x", x, self.irreps_in1), ("y", y, self.irreps_in2)):
            if value.shape[-1] != irreps.dim:
                raise ValueError(f"{name} must be (..., {irreps.dim}) for {irreps}, got {tuple(value.shape)}")
        weight = self._weights(weight)
        shapes = [x.shape[:-1], y.shape[:-1]] + ([] if weight is None else [weight.shape[:-1]])
        lead = torch.broadcast_shapes(*shapes)
        x = x.expand(*lead, x.shape[-1]).reshape(-1, x.shape[-1])
        y = y.expand(*lead, y.shape[-1]).reshape(-1, y.shape[-1])
        if weight is not None:
            weight = (
                weight.expand(*lead, -1).reshape(-1, weight.shape[-1]) if weight.ndim > 1 else weight[None]
            )
        first = {sign: pack(x, s, _channels(self._first), self.layout) for sign, s in self._first.items()}
        second = {sign: pack(y, s, _channels(self._second), self.layout) for sign, s in self._second.items()}
        dense = {sign: x.new_zeros(x.shape[0], s.size, self._channels) for sign, s in self._third.items()}
        for position, (odd, _) in enumerate(self._terms):
            a = {sign: self._weighted(value, weight, position, 0, sign) for sign, value in first.items()}
            b = {sign: self._weighted(value, weight, position, 1, sign) for sign, value in second.items()}
            for s3, signal in self._third.items():
                for s1, left in a.items():
                    for s2, right in b.items():
                        if s3 != (-s1 * s2 if odd else s1 * s2):
                            continue
                        z = contract(
                            left.expand(-1, -1, self._channels),
                            right,
                            self._first[s1].degrees,
                            self._second[s2].degrees,
                            signal.degrees,
                            odd,
                        )
                        z = z * torch.tensor(self._scale[odd, s3], dtype=z.dtype, device=z.device)[:, None]
                        dense[s3] = dense[s3] + self._weighted(z, weight, position, 2, s3)
        return unpack(dense, self._third, self.layout).reshape(*lead, self.irreps_out.dim)

    def _weights(self, weight: torch.Tensor | None) -> torch.Tensor | None:
        if self.rank == 0:
            return None
        if self.internal_weights:
            if weight is not None:
                raise ValueError(
                    "this product has internal weights; build it with internal_weights=False to pass some"
                )
            return self.weight
        if weight is None:
            raise ValueError(f"this product needs a weight of shape (..., {self.weight_numel})")
        if weight.shape[-1] != self.weight_numel or (self.shared_weights and weight.ndim != 1):
            raise ValueError(f"weight must be (..., {self.weight_numel}), got {tuple(weight.shape)}")
        return weight

    def _weighted(
        self, value: torch.Tensor, weight: torch.Tensor | None, position: int, role: int, sign: int
    ) -> torch.Tensor:
        if weight is None:
            return value
        start = position * sum(self._split) + sum(self._split[:role])
        index = getattr(self, f"_index{role}{sign}")
        return value * weight[:, start : start + self._split[role]][:, index]


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {value!r}")


def _channels(signals: dict[int, Signal]) -> int:
    return max(signal.channels for signal in signals.values())


def _reached(first: o3.Irreps, second: o3.Irreps, parts: tuple[bool, ...]) -> dict[o3.Irrep, int]:
    """Every irrep that a path reaches, with the number of channels that are not zero by construction."""
    muls1, muls2 = _multiplicities(first), _multiplicities(second)
    wide1, wide2 = max(muls1.values()), max(muls2.values())
    reached: dict[o3.Irrep, int] = {}
    for ir1, mul1 in muls1.items():
        for ir2, mul2 in muls2.items():
            mul = mul2 if wide1 == 1 else mul1 if wide2 == 1 else min(mul1, mul2)
            for ir in ir1 * ir2:
                odd = bool((ir1.l + ir2.l + ir.l) % 2)
                if odd in parts:
                    reached[ir] = max(reached.get(ir, 0), mul)
    return reached


def _multiplicities(irreps: o3.Irreps) -> dict[o3.Irrep, int]:
    found: dict[o3.Irrep, int] = {}
    for mul, ir in irreps:
        if mul:
            found[ir] = found.get(ir, 0) + mul
    return found


def _weight_index(signal: Signal, irreps: o3.Irreps, channels: int) -> torch.Tensor:
    """Position in the weight vector of every (component, channel) of a signal; 0 where the channel does not exist."""
    index = torch.zeros(signal.size, channels, dtype=torch.long)
    starts = {
        entry.start: sum(irreps[:i].num_irreps if i else 0 for i in [n])
        for n, entry in enumerate(irreps.slices())
    }
    for block in signal.blocks:
        rows = slice(block.row, block.row + block.width)
        begin = starts[block.start]
        index[rows, block.channel : block.channel + block.mul] = torch.arange(begin, begin + block.mul)
    return index


def _scales(first, second, third, parts, irrep_normalization, path_normalization, rank):
    """Factor of every output component that gives the normalisation, per (odd, sign)."""
    power = {key: 0.0 for key in ()}
    count: dict[tuple[int, int], int] = {}
    for odd in parts:
        for s1, a in first.items():
            for s2, b in second.items():
                s3 = -s1 * s2 if odd else s1 * s2
                if s3 not in third:
                    continue
                for l1 in a.degrees:
                    for l2 in b.degrees:
                        for l3 in third[s3].degrees:
                            strength = float((coupling((l1,), (l2,), (l3,), odd) ** 2).sum())
                            if strength:
                                dims = {
                                    "component": 1 / (2 * l3 + 1),
                                    "norm": 1 / ((2 * l1 + 1) * (2 * l2 + 1)),
                                }
                                key = (odd, s3, l3)
                                power.setdefault(key, [0.0, 0])
                                power[key][0] += strength * dims.get(irrep_normalization, 0)
                                power[key][1] += 1
                                count[s3, l3] = count.get((s3, l3), 0) + 1
    scales = {}
    for odd in parts:
        for s3, signal in third.items():
            column = []
            for l3 in signal.degrees:
                total, paths = power.get((odd, s3, l3), (1.0, 0))
                factor = 1.0
                if irrep_normalization != "none" and paths:
                    factor = math.sqrt(paths / total)
                if path_normalization != "none":
                    factor /= math.sqrt(count[s3, l3] * rank)
                column += [factor] * (2 * l3 + 1)
            scales[odd, s3] = column
    return scales


__all__ = ["GauntTensorProduct", "natural_sign"]
