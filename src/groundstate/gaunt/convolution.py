"""Equivariant convolution: features times a filter made of the harmonics of an edge direction."""

import math

import torch
from e3nn import o3
from torch import nn

from groundstate.gaunt import zonal  # noqa: F401, registers the tables of the aligned mode
from groundstate.gaunt.choices import LAYOUTS, METHODS, check_choice
from groundstate.gaunt.contract import Contraction, Port, contract, from_dense, in_working_precision, to_dense
from groundstate.gaunt.directions import frames, rotation_blocks, spherical_harmonics
from groundstate.gaunt.harmonics import components
from groundstate.gaunt.nodes import message_sum
from groundstate.gaunt.normalisation import check_normalisation, output_scales
from groundstate.gaunt.signals import Features
from groundstate.gaunt.transforms import constant, constant_builder

MODES = ("edge", "aligned", "node_grid")


class GauntConvolution(nn.Module):
    r"""Product of features with the filter F_c(r) = sum over l of w_{l,c} Y_l(edge) . Y_l(r), one weight set
    per edge.

    The harmonics of the filter have component normalisation. All modes compute the same function:

    * "edge": filter and features are multiplied edge by edge.
    * "aligned": features are rotated so that the edge lies on the polar axis, where only m = 0 of the filter
    is left
      (Passaro and Zitnick 2023; Luo, Chen, Krishnapriyan 2024, section 3.2): every m is then a product in one
      variable, on Gauss-Legendre nodes.
    * "node_grid": features go to the grid once per node, messages are multiplied and added up there, and the
    sums
      come back once per node. Needs an edge index; the fastest for message passing.

    Parameters
    ----------
    irreps_in, irreps_out
        Features; every irrep with the same number of copies and the parity (-1)^l. irreps_out None: all that
        a path
        reaches.
    lmax_filter
        Highest degree of the filter.
    mode
        "edge", "aligned" or "node_grid".
    output_weights
        Further weights per edge, one per output irrep copy. Not possible in "node_grid" mode, where edges
        are added
        up before the output degrees exist.
    irrep_normalization, path_normalization, layout
        As in `GauntTensorProduct`.

    Attributes
    ----------
    weight_numel
        channels * (lmax_filter + 1), ordered (degree, channel), and irreps_out.num_irreps more with
        output_weights.
    """

    def __init__(
        self,
        irreps_in: o3.Irreps | str,
        lmax_filter: int,
        irreps_out: o3.Irreps | str | None = None,
        *,
        mode: str = "edge",
        output_weights: bool = False,
        irrep_normalization: str | None = None,
        path_normalization: str | None = None,
        layout: str = "mul_ir",
        method: str = "auto",
    ) -> None:
        super().__init__()
        normalisation = check_normalisation(irrep_normalization, path_normalization)
        check_choice("mode", mode, MODES)
        check_choice("layout", layout, LAYOUTS)
        check_choice("method", method, [word for word in METHODS if word != "fourier"])
        if lmax_filter < 0:
            raise ValueError(f"lmax_filter must not be negative, got {lmax_filter}")
        if output_weights and mode == "node_grid":
            raise ValueError(
                "output_weights=True is not possible in mode='node_grid': edges are added up on the grid"
            )
        self.irreps_in, self.lmax_filter = o3.Irreps(irreps_in), lmax_filter
        self.mode, self.layout, self.method, self.output_weights = mode, layout, method, output_weights
        self._in = uniform_features(self.irreps_in, layout, "irreps_in")
        degrees, channels = self._in.signals[1].degrees, self._in.channels
        filters = tuple(range(lmax_filter + 1))
        if irreps_out is None:
            reached = sorted(
                {k for l1 in degrees for l2 in filters for k in range(abs(l1 - l2), l1 + l2 + 1, 2)}
            )
            irreps_out = [(channels, (degree, (-1) ** degree)) for degree in reached]
        self.irreps_out = o3.Irreps(irreps_out)
        self._out = uniform_features(self.irreps_out, layout, "irreps_out")
        if self._out.channels != channels:
            raise ValueError(f"irreps_out must have {channels} copies of every irrep, got {self.irreps_out}")
        wanted = self._out.signals[1].degrees
        scales = output_scales({(False, 1): [(degrees, filters, wanted)]}, *normalisation, 1)[False, 1]
        for degree in wanted:
            if degree not in scales:
                raise ValueError(
                    f"no path reaches {o3.Irrep(degree, (-1) ** degree)} from {self.irreps_in} and "
                    f"a filter up to "
                    f"degree {lmax_filter}"
                )
        self._form = Contraction(
            self._in.port(1, channels, None, True),
            Port(filters, channels),
            self._out.port(1, channels, scales, True),
        )
        self.channels = channels
        self.weight_numel = channels * (lmax_filter + 1) + (
            self.irreps_out.num_irreps if output_weights else 0
        )

    def extra_repr(self) -> str:
        return (
            f"{self.irreps_in} * Y(0..{self.lmax_filter}) -> {self.irreps_out}, mode={self.mode}, "
            f"layout={self.layout}, {self.weight_numel} weights per edge"
        )

    def forward(
        self,
        x: torch.Tensor,
        vectors: torch.Tensor,
        weight: torch.Tensor,
        sources: torch.Tensor | None = None,
        targets: torch.Tensor | None = None,
        num_nodes: int | None = None,
    ) -> torch.Tensor:
        """Messages, or their sums at the receiving nodes.

        Parameters
        ----------
        x
            Features, (edges, irreps_in.dim), or (nodes, irreps_in.dim) where `sources` is given.
        vectors
            Edge vectors (edges, 3), any length but zero.
        weight
            (edges, weight_numel).
        sources, targets
            Node index at both ends of every edge, (edges,): x is gathered at `sources`, messages are added
            up at
            `targets`. Both or neither.
        num_nodes
            Number of rows of the result; None: as many as x has.

        Returns
        -------
        (edges, irreps_out.dim), or (num_nodes, irreps_out.dim) with an edge index.
        """
        edges = vectors.shape[0]
        for name, value, shape in (
            ("x", x, (x.shape[0] if sources is not None else edges, self._in.dim)),
            ("vectors", vectors, (edges, 3)),
            ("weight", weight, (edges, self.weight_numel)),
        ):
            if tuple(value.shape) != shape:
                raise ValueError(f"{name} must be {shape}, got {tuple(value.shape)}")
        if (sources is None) != (targets is None):
            raise ValueError("sources and targets go together")
        if sources is None and self.mode == "node_grid":
            raise ValueError("mode='node_grid' needs sources and targets")
        count = x.shape[0] if num_nodes is None else num_nodes
        if self.mode == "node_grid":
            return in_working_precision(
                lambda a, b, c: self._node_grid(a, b, c, sources, targets, count), x, vectors, weight
            )
        if sources is not None:
            x = x.index_select(0, sources)
        radial, rest = weight.split(
            [self.channels * (self.lmax_filter + 1), weight.shape[1] - self._radial], dim=1
        )
        radial = radial.reshape(edges, self.lmax_filter + 1, self.channels)
        compute = self._edge if self.mode == "edge" else self._aligned
        messages = in_working_precision(compute, x, vectors, radial)
        if self.output_weights:
            messages = messages * self._out.spread(rest)
        if targets is None:
            return messages
        return messages.new_zeros(count, messages.shape[1]).index_add(0, targets, messages)

    @property
    def _radial(self) -> int:
        return self.channels * (self.lmax_filter + 1)

    def _edge(self, x: torch.Tensor, vectors: torch.Tensor, radial: torch.Tensor) -> torch.Tensor:
        harmonics = math.sqrt(4 * math.pi) * spherical_harmonics(self.lmax_filter, vectors)
        degree = constant("degree of component", (self.lmax_filter,), None, x.device)
        filters = harmonics.unsqueeze(-1) * radial.index_select(1, degree)
        return contract(x, filters.flatten(1), self._form, self.method)

    def _aligned(self, x: torch.Tensor, vectors: torch.Tensor, radial: torch.Tensor) -> torch.Tensor:
        first, _, third, _ = self._form
        blocks = rotation_blocks(max(*first.degrees, *third.degrees), frames(vectors))
        inner = self._rotated(to_dense(x, first), first.degrees, blocks, inverse=True)
        key = (first.degrees, third.degrees, self.lmax_filter)

        def matrix(kind: str, *arguments) -> torch.Tensor:
            return constant(kind, (*key, *arguments), x.dtype, x.device)

        # a filter along the axis depends on the polar angle alone: the same values for every order m
        filters = (matrix("zonal filter") @ radial).unsqueeze(1)
        values = torch.einsum("mtd,edc->emtc", matrix("zonal in"), inner) * filters
        outer = torch.einsum("mtd,emtc->edc", matrix("zonal out", third.scales), values)
        return from_dense(self._rotated(outer, third.degrees, blocks, inverse=False), third)

    @staticmethod
    def _rotated(
        dense: torch.Tensor, degrees: tuple[int, ...], blocks: list[torch.Tensor], inverse: bool
    ) -> torch.Tensor:
        parts = dense.split([2 * degree + 1 for degree in degrees], dim=1)
        turned = []
        for degree, part in zip(degrees, parts, strict=True):
            block = blocks[degree]
            turned.append((block.transpose(-1, -2) if inverse else block) @ part)
        return torch.cat(turned, dim=1)

    def _node_grid(
        self,
        x: torch.Tensor,
        vectors: torch.Tensor,
        weight: torch.Tensor,
        sources: torch.Tensor,
        targets: torch.Tensor,
        count: int,
    ) -> torch.Tensor:
        first, second, third, _ = self._form
        exact = self._form.exact

        def matrix(port: Port) -> torch.Tensor:
            return constant("full", (port.degrees, port.scales, exact, False), x.dtype, x.device)

        harmonics = math.sqrt(4 * math.pi) * spherical_harmonics(self.lmax_filter, vectors)
        sizes = [2 * degree + 1 for degree in second.degrees]
        parts = zip(harmonics.split(sizes, dim=1), matrix(second).split(sizes), strict=True)
        filters = torch.stack([value @ onto for value, onto in parts], dim=-1)
        radial = weight.reshape(-1, self.lmax_filter + 1, self.channels)
        nodes = matrix(first).t() @ to_dense(x, first)
        sums = message_sum(nodes, filters, radial, sources, targets, count)
        return from_dense(matrix(third) @ sums, third)


def uniform_features(irreps: o3.Irreps, layout: str, name: str) -> Features:
    """Features of one true signal with the same number of copies everywhere, or an error that says what
    differs."""
    features = Features(irreps, layout)
    if not features.signals:
        raise ValueError(f"{name} holds no irrep")
    if not features.direct or 1 not in features.signals:
        raise ValueError(
            f"{name} must hold each irrep once, by increasing degree, with parity (-1)^l and the "
            f"same number of "
            f"copies, got {irreps}"
        )
    return features


constant_builder("degree of component")(lambda lmax: components(tuple(range(lmax + 1))))
