"""Equivariant feature interaction: a channel-wise tensor product with Gaunt coefficients."""

import numpy as np
import torch
from e3nn import o3
from torch import nn

from groundstate.gaunt.choices import LAYOUTS, METHODS, check_choice
from groundstate.gaunt.contract import Contraction, Port, contract, from_dense, to_dense
from groundstate.gaunt.functional import gaunt_product
from groundstate.gaunt.normalisation import check_normalisation, output_scales
from groundstate.gaunt.signals import Features, check_features
from groundstate.gaunt.transforms import constant, constant_builder

PARITIES = ("even", "complete")


class GauntTensorProduct(nn.Module):
    r"""Channel-wise product of two features with Gaunt coefficients and factorised weights.

    Each channel of an operand is a function on the sphere; channels are multiplied one by one, as in e3nn's
    "uuu"
    mode. The weight of a path is w_l1 w_l2 w_l (Luo, Chen, Krishnapriyan 2024, section 3.3), one set per
    channel, summed over `rank` such terms.

    Parameters
    ----------
    irreps_in1, irreps_in2
        Features. Copies are channels: copy u of every irrep belongs to channel u; an operand with a single
        channel
        is multiplied with every channel of the other ("uvu" with one v).
    irreps_out
        Irreps wanted. None: all that a path reaches.
    parity
        "even": the Gaunt product, paths with l1 + l2 + l3 even. "complete": the odd paths (cross products)
        as well, with weights of their own.
    rank
        Number of factorised weight terms; 0: no weights, the product itself.
    irrep_normalization
        "component" (default), "norm" or "none", as in e3nn.
    path_normalization
        "element" (default), "path" or "none", as in e3nn; the first two are the same for a channel-wise
        product.
    internal_weights, shared_weights
        As in e3nn.
    layout
        Order of the flat features: "mul_ir" (e3nn's) or "ir_mul" (no reordering: faster).
    method
        "auto", "grid", "fourier", "dense" or "compiled", see `gaunt_product`.

    Attributes
    ----------
    irreps_in1, irreps_in2, irreps_out, weight_numel
        As in e3nn. Per term the weights are one number per irrep copy of the first input, the second input
        and the
        output, in this order; the terms of the odd part follow those of the even part.
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
        normalisation = check_normalisation(irrep_normalization, path_normalization)
        check_choice("parity", parity, PARITIES)
        check_choice("layout", layout, LAYOUTS)
        check_choice("method", method, METHODS)
        if rank < 0:
            raise ValueError(f"rank must not be negative, got {rank}")
        self.irreps_in1, self.irreps_in2 = o3.Irreps(irreps_in1), o3.Irreps(irreps_in2)
        self.parity, self.rank, self.layout, self.method = parity, rank, layout, method
        self._parts = (False, True) if parity == "complete" else (False,)
        reached = _reached(self.irreps_in1, self.irreps_in2, self._parts)
        if irreps_out is None:
            irreps_out = [(mul, ir) for ir, mul in sorted(reached.items())]
        self.irreps_out = o3.Irreps(irreps_out)
        self._check_reached(reached)
        self._in1, self._in2 = Features(self.irreps_in1, layout), Features(self.irreps_in2, layout)
        self._out = Features(self.irreps_out, layout)
        self._channels = max(self._in1.channels, self._in2.channels)
        self._products = self._plan(normalisation)
        self._counts = [irreps.num_irreps for irreps in (self.irreps_in1, self.irreps_in2, self.irreps_out)]
        self.weight_numel = rank * sum(self._counts) * len(self._parts)
        if shared_weights is None:
            shared_weights = internal_weights is not False
        if internal_weights is None:
            internal_weights = shared_weights
        if internal_weights and not shared_weights:
            raise ValueError("internal_weights=True needs shared_weights=True")
        self.shared_weights, self.internal_weights = shared_weights, internal_weights and rank > 0
        if self.internal_weights:
            self.weight = nn.Parameter(torch.randn(self.weight_numel))

    def extra_repr(self) -> str:
        return (
            f"{self.irreps_in1} x {self.irreps_in2} -> {self.irreps_out}, parity={self.parity}, "
            f"rank={self.rank}, layout={self.layout}, {self.weight_numel} weights"
        )

    def forward(self, x: torch.Tensor, y: torch.Tensor, weight: torch.Tensor | None = None) -> torch.Tensor:
        """Product of features (..., irreps_in1.dim) and (..., irreps_in2.dim); leading axes broadcast.

        `weight` is (weight_numel,) with shared weights, (..., weight_numel) otherwise.
        """
        check_features("x", x, self._in1)
        check_features("y", y, self._in2)
        weight = self._checked_weight(weight)
        lead = torch.broadcast_shapes(x.shape[:-1], y.shape[:-1], () if weight is None else weight.shape[:-1])
        x = x.expand(*lead, x.shape[-1]).reshape(-1, x.shape[-1])
        y = y.expand(*lead, y.shape[-1]).reshape(-1, y.shape[-1])
        if weight is None:
            result = self._product(x, y, self._parts)
        else:
            if weight.ndim > 1:
                weight = weight.expand(*lead, weight.shape[-1]).reshape(-1, weight.shape[-1])
            result = self._weighted_sum(x, y, weight)
        return result.reshape(*lead, self._out.dim)

    def scale(self, odd: bool, sign: int, degree: int) -> float:
        """Factor that the normalisation puts on an output degree of the even or odd part (0: not reached)."""
        return self._scales.get((odd, sign), {}).get(degree, 0.0)

    def _weighted_sum(self, x: torch.Tensor, y: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        terms = weight.split(self._counts * (self.rank * len(self._parts)), dim=-1)
        result = None
        for index in range(0, len(terms), 3):
            odd = self._parts[index // (3 * self.rank)]
            a, b, c = terms[index : index + 3]
            term = self._product(x * self._in1.spread(a), y * self._in2.spread(b), (odd,))
            term = term * self._out.spread(c)
            result = term if result is None else result + term
        return result

    def _product(self, x: torch.Tensor, y: torch.Tensor, parts: tuple[bool, ...]) -> torch.Tensor:
        """The product without weights, the parts added up, flat (batch, irreps_out.dim)."""
        products = [product for odd in parts for product in self._products[odd]]
        if self._direct:
            (_, _, _, form) = products[0]
            return self._contract(x, y, form)
        first = {sign: self._in1.pack(x, sign, self._widths[0]) for sign in self._in1.signals}
        second = {sign: self._in2.pack(y, sign, self._widths[1]) for sign in self._in2.signals}
        found: dict[int, torch.Tensor] = {}
        for s1, s2, s3, form in products:
            z = self._contract(first[s1], second[s2], form)
            found[s3] = found[s3] + z if s3 in found else z
        for sign, signal in self._out.signals.items():
            if sign not in found:
                found[sign] = x.new_zeros(x.shape[0], signal.size * self._channels)
        return self._out.unpack(found, self._channels)

    def _contract(self, x: torch.Tensor, y: torch.Tensor, form: Contraction) -> torch.Tensor:
        if self.method == "fourier":
            return _by_fourier(x, y, form)
        return contract(x, y, form, self.method)

    def _plan(self, normalisation: tuple[str, str]) -> dict[bool, list[tuple[int, int, int, Contraction]]]:
        """For each part: which signals are multiplied into which, and how."""
        pairs = [
            (odd, s1, s2, -s1 * s2 if odd else s1 * s2)
            for odd in self._parts
            for s1 in self._in1.signals
            for s2 in self._in2.signals
        ]
        pairs = [pair for pair in pairs if pair[3] in self._out.signals]
        paths: dict[tuple[bool, int], list] = {}
        for odd, s1, s2, s3 in pairs:
            degrees = (self._in1.signals[s1], self._in2.signals[s2], self._out.signals[s3])
            paths.setdefault((odd, s3), []).append(tuple(signal.degrees for signal in degrees))
        scales = self._scales = output_scales(paths, *normalisation, max(self.rank, 1))
        # an operand with one channel is shared by all; any other is padded to the wider of the two
        widths = [1 if feature.channels == 1 else self._channels for feature in (self._in1, self._in2)]
        self._widths = (*widths, self._channels)
        features = (self._in1, self._in2, self._out)
        single = len(pairs) == len(self._parts) == len(self._out.signals) == 1
        whole = all(
            feature.direct and feature.channels == width
            for feature, width in zip(features, self._widths, strict=True)
        )
        self._direct = single and whole
        plan: dict[bool, list] = {odd: [] for odd in self._parts}
        for odd, s1, s2, s3 in pairs:
            ports = [
                feature.port(sign, count, scales[odd, s3] if feature is self._out else None, self._direct)
                for feature, sign, count in zip(features, (s1, s2, s3), self._widths, strict=True)
            ]
            plan[odd].append((s1, s2, s3, Contraction(*ports, odd)))
        return plan

    def _check_reached(self, reached: dict[o3.Irrep, int]) -> None:
        if not reached:
            raise ValueError(f"no path leads from {self.irreps_in1} and {self.irreps_in2} anywhere")
        wanted = _copies_of(self.irreps_out)
        for ir, mul in wanted.items():
            if mul > reached.get(ir, 0):
                raise ValueError(
                    f"no path reaches {mul}x{ir} from {self.irreps_in1} and {self.irreps_in2} with "
                    f"parity={self.parity!r}: at most {reached.get(ir, 0)}x{ir}"
                )
        if not wanted:
            raise ValueError("irreps_out holds no irrep")

    def _checked_weight(self, weight: torch.Tensor | None) -> torch.Tensor | None:
        if self.internal_weights or self.rank == 0:
            if weight is not None:
                raise ValueError(
                    "this product takes no weight: build it with internal_weights=False and a rank > 0"
                )
            return self.weight if self.internal_weights else None
        if weight is None:
            raise ValueError(f"this product needs a weight of shape (..., {self.weight_numel})")
        if weight.shape[-1] != self.weight_numel or (self.shared_weights and weight.ndim != 1):
            shape = f"({self.weight_numel},)" if self.shared_weights else f"(..., {self.weight_numel})"
            raise ValueError(f"weight must be {shape}, got {tuple(weight.shape)}")
        return weight


def _by_fourier(x: torch.Tensor, y: torch.Tensor, form: Contraction) -> torch.Tensor:
    """The even product by way of all degrees up to the highest of each operand."""
    if form.odd:
        return contract(x, y, form, "grid")
    spread = []
    for value, port in ((x, form.first), (y, form.second)):
        dense = to_dense(value, port).transpose(1, 2)
        every = dense.new_zeros(*dense.shape[:-1], (max(port.degrees) + 1) ** 2)
        every[..., _rows(port, dense.device)] = dense
        spread.append(every)
    z = gaunt_product(*spread, max(form.third.degrees), method="fourier")[..., _rows(form.third, x.device)]
    if form.third.scales is not None:
        z = z * constant("scales", form.third[:1] + form.third[3:], z.dtype, z.device)
    return from_dense(z.transpose(1, 2), form.third)


def _rows(port: Port, device: torch.device) -> torch.Tensor:
    return constant("rows", (port.degrees,), None, device)


@constant_builder("rows")
def _rows_of_degrees(degrees: tuple[int, ...]) -> np.ndarray:
    """Component indices of `degrees` among all degrees up to the highest."""
    return np.concatenate([np.arange(degree**2, (degree + 1) ** 2) for degree in degrees])


def _copies_of(irreps: o3.Irreps) -> dict[o3.Irrep, int]:
    found: dict[o3.Irrep, int] = {}
    for mul, ir in irreps:
        if mul:
            found[ir] = found.get(ir, 0) + mul
    return found


def _reached(first: o3.Irreps, second: o3.Irreps, parts: tuple[bool, ...]) -> dict[o3.Irrep, int]:
    """Every irrep that a path reaches, with the number of channels that are not zero by construction."""
    copies1, copies2 = _copies_of(first), _copies_of(second)
    single1 = max(copies1.values(), default=0) == 1
    single2 = max(copies2.values(), default=0) == 1
    reached: dict[o3.Irrep, int] = {}
    for ir1, mul1 in copies1.items():
        for ir2, mul2 in copies2.items():
            mul = mul2 if single1 else mul1 if single2 else min(mul1, mul2)
            for ir in ir1 * ir2:
                odd = bool((ir1.l + ir2.l + ir.l) % 2)
                if odd in parts:
                    reached[ir] = max(reached.get(ir, 0), mul)
    return reached
