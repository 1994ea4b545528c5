"""Equivariant feature interaction: a channel-wise tensor product with Gaunt coefficients."""

import math
from functools import reduce

import numpy as np
import torch
from e3nn import o3
from torch import nn

from groundstate.gaunt.basis.constants import constant
from groundstate.gaunt.basis.forms import Contraction, Port
from groundstate.gaunt.basis.tables import Degrees
from groundstate.gaunt.basis.transforms import scale_of_components
from groundstate.gaunt.choices import LAYOUTS, METHODS, check_choice
from groundstate.gaunt.contraction.composed import from_dense, to_dense
from groundstate.gaunt.contraction.contract import contract
from groundstate.gaunt.functional import gaunt_product
from groundstate.gaunt.layers.normalisation import check_normalisation
from groundstate.gaunt.layers.plan import Plan, copies_of, reached_irreps, rows_of_degrees
from groundstate.gaunt.layers.signals import Features, check_features, natural_sign

PARITIES = ("even", "complete")


class GauntTensorProduct(nn.Module):
    r"""Channel-wise product of two features with Gaunt coefficients and factorised weights.

    Each channel of an operand is a function on the sphere; channels are multiplied one by one, as in e3nn's
    "uuu" mode. The weight of a path is w_l1 w_l2 w_l (Luo, Chen, Krishnapriyan 2024, section 3.3), one set
    per channel, summed over `rank` such terms.

    Parameters
    ----------
    irreps_in1, irreps_in2
        Features. Copies are channels: copy u of every irrep belongs to channel u; an operand with a single
        channel is multiplied with every channel of the other ("uvu" with one v).
    irreps_out
        Irreps asked for. None: all that a path reaches.
    parity
        "even": the Gaunt product, paths with l1 + l2 + l3 even. "complete": the odd paths (cross products) as
        well, with weights of their own.
    rank
        Number of factorised weight terms; 0: no weights, the product itself.
    irrep_normalization
        "component" (default), "norm" or "none", as in e3nn, channel by channel.
    path_normalization
        "element" (default), "path" or "none", as in e3nn; the first two are the same for a channel-wise
        product.
    internal_weights, shared_weights
        As in e3nn: by default the module owns one set of weights for all rows. With
        ``internal_weights=False`` a call brings that set, with ``shared_weights=False`` a set for every row.
    layout
        Order of the flat features: "mul_ir" (e3nn's) or "ir_mul" (no reordering: faster).
    method
        See `gaunt_product`.

    Attributes
    ----------
    irreps_in1, irreps_in2, irreps_out, weight_numel
        As in e3nn. For each term the weights are one number for each irrep copy of the first input, the
        second input and the output, in this order; the terms of the odd part follow those of the even part.
    weight
        The parameter (weight_numel,), with internal weights.

    Raises
    ------
    ValueError
        For an unknown word, a negative rank, irreps that no path reaches, or internal weights per row.
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
        self.parts = (False, True) if parity == "complete" else (False,)
        reached = reached_irreps(self.irreps_in1, self.irreps_in2, self.parts)
        if irreps_out is None:
            irreps_out = o3.Irreps([(mul, ir) for ir, mul in sorted(reached.items())])
        self.irreps_out = o3.Irreps(irreps_out)
        self._check_reached(reached)
        self._in1, self._in2 = Features(self.irreps_in1, layout), Features(self.irreps_in2, layout)
        self._out = Features(self.irreps_out, layout)
        self._plan = Plan(self._in1, self._in2, self._out, self.parts, normalisation, max(rank, 1))
        self._counts = [irreps.num_irreps for irreps in (self.irreps_in1, self.irreps_in2, self.irreps_out)]
        self.weight_numel = rank * sum(self._counts) * len(self.parts)
        shared = shared_weights is not False
        if internal_weights and not shared:
            raise ValueError("internal_weights=True needs shared_weights=True")
        self.shared_weights = shared
        self.internal_weights = rank > 0 and (shared if internal_weights is None else internal_weights)
        if self.internal_weights:
            self.weight = nn.Parameter(torch.randn(self.weight_numel))

    def extra_repr(self) -> str:
        """Return the arguments that matter, for ``repr``."""
        return (
            f"{self.irreps_in1} x {self.irreps_in2} -> {self.irreps_out}, parity={self.parity}, "
            f"rank={self.rank}, layout={self.layout}, {self.weight_numel} weights"
        )

    def forward(self, x: torch.Tensor, y: torch.Tensor, weight: torch.Tensor | None = None) -> torch.Tensor:
        """Return the product (..., irreps_out.dim) of features; leading axes broadcast.

        Parameters
        ----------
        x, y
            Features (..., irreps_in1.dim) and (..., irreps_in2.dim).
        weight
            (weight_numel,) with shared weights, (..., weight_numel) otherwise; it takes the place of the
            module's own weights.

        Raises
        ------
        ValueError
            For a tensor of another shape, or where a weight is missing.
        """
        check_features("x", x, self._in1)
        check_features("y", y, self._in2)
        weight = self._checked_weight(weight)
        lead = torch.broadcast_shapes(x.shape[:-1], y.shape[:-1], () if weight is None else weight.shape[:-1])
        rows = math.prod(lead)
        x = x.expand(*lead, x.shape[-1]).reshape(rows, x.shape[-1])
        y = y.expand(*lead, y.shape[-1]).reshape(rows, y.shape[-1])
        if weight is None:
            result = self._product(x, y, self.parts)
        else:
            if weight.ndim > 1:
                weight = weight.expand(*lead, weight.shape[-1]).reshape(rows, weight.shape[-1])
            result = self._weighted_sum(x, y, weight)
        return result.reshape(*lead, self._out.dim)

    def output_factors(self, odd: bool, index: int) -> tuple[float, ...]:
        """Return the normalisation of each copy of ``irreps_out[index]``, in the even or the odd part."""
        ir = self.irreps_out[index].ir
        sign, start = natural_sign(ir), self.irreps_out.slices()[index].start
        factors = self._plan.factor(odd, sign, ir.l)
        block = next(block for block in self._out.signals[sign].blocks if block.start == start)
        return factors[block.channel : block.channel + block.mul]

    def _weighted_sum(self, x: torch.Tensor, y: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        terms = weight.split(self._counts * (self.rank * len(self.parts)), dim=-1)
        products = []
        for index in range(0, len(terms), 3):
            odd = self.parts[index // (3 * self.rank)]
            a, b, c = terms[index : index + 3]
            product = self._product(x * self._in1.spread(a), y * self._in2.spread(b), (odd,))
            products.append(product * self._out.spread(c))
        return reduce(torch.add, products)

    def _product(self, x: torch.Tensor, y: torch.Tensor, parts: tuple[bool, ...]) -> torch.Tensor:
        """Multiply without weights and add the parts up: flat (batch, irreps_out.dim)."""
        plan = self._plan
        steps = [step for odd in parts for step in plan.steps[odd]]
        if plan.direct:
            return self._contract(x, y, steps[0].form)
        first = {sign: self._in1.pack(x, sign, plan.widths[0]) for sign in self._in1.signals}
        second = {sign: self._in2.pack(y, sign, plan.widths[1]) for sign in self._in2.signals}
        sums: dict[int, torch.Tensor] = {}
        for step in steps:
            z = step.scaled(self._contract(first[step.first], second[step.second], step.form))
            sums[step.third] = sums[step.third] + z if step.third in sums else z
        for sign, signal in self._out.signals.items():
            if sign not in sums:
                sums[sign] = x.new_zeros(x.shape[0], signal.size * plan.channels)
        return self._out.unpack(sums, plan.channels)

    def _contract(self, x: torch.Tensor, y: torch.Tensor, form: Contraction) -> torch.Tensor:
        if self.method == "fourier":
            return contract(x, y, form, "grid") if form.odd else _by_fourier(x, y, form)
        return contract(x, y, form, self.method)

    def _check_reached(self, reached: dict[o3.Irrep, int]) -> None:
        if not reached:
            raise ValueError(f"no path leads from {self.irreps_in1} and {self.irreps_in2} anywhere")
        asked = copies_of(self.irreps_out)
        for ir, mul in asked.items():
            if mul > reached.get(ir, 0):
                raise ValueError(
                    f"no path reaches {mul}x{ir} from {self.irreps_in1} and {self.irreps_in2} with "
                    f"parity={self.parity!r}: at most {reached.get(ir, 0)}x{ir}"
                )
        if not asked:
            raise ValueError("irreps_out holds no irrep")

    def _checked_weight(self, weight: torch.Tensor | None) -> torch.Tensor | None:
        if weight is None:
            if self.weight_numel and not self.internal_weights:
                raise ValueError(f"this product needs a weight of shape {self._weight_shape()}")
            return self.weight if self.internal_weights else weight
        if self.rank == 0:
            raise ValueError("this product takes no weight: build it with a rank above 0")
        per_row = weight.ndim > 1
        if weight.ndim == 0 or weight.shape[-1] != self.weight_numel or per_row == self.shared_weights:
            raise ValueError(f"weight must be {self._weight_shape()}, got {tuple(weight.shape)}")
        return weight

    def _weight_shape(self) -> str:
        return f"({self.weight_numel},)" if self.shared_weights else f"(..., {self.weight_numel})"


def _by_fourier(x: torch.Tensor, y: torch.Tensor, form: Contraction) -> torch.Tensor:
    """Form the even product by way of all degrees up to the highest of each operand."""

    def spread(value: torch.Tensor, port: Port) -> torch.Tensor:
        every = constant(_into_all_degrees, (port.degrees,), value.dtype, value.device)
        return (every @ to_dense(value, port)).transpose(1, 2)

    z = gaunt_product(
        spread(x, form.first), spread(y, form.second), max(form.third.degrees), method="fourier"
    )
    rows = constant(_rows, (form.third.degrees,), None, z.device)
    z = z.index_select(-1, rows)
    if form.third.scales is not None:
        key = (form.third.degrees, form.third.scales)
        z = z * constant(scale_of_components, key, z.dtype, z.device)
    return from_dense(z.transpose(1, 2), form.third)


def _rows(degrees: Degrees) -> np.ndarray:
    return np.array(rows_of_degrees(degrees))


def _into_all_degrees(degrees: Degrees) -> np.ndarray:
    """Matrix (all components up to the highest degree, components of `degrees`) of zeros and ones."""
    return np.eye((max(degrees) + 1) ** 2)[:, rows_of_degrees(degrees)]
