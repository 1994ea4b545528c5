"""Equivariant convolution: features times a filter made of the harmonics of an edge direction."""

import torch
from e3nn import o3
from torch import nn

from groundstate.gaunt.basis.forms import Contraction, Port
from groundstate.gaunt.choices import LAYOUTS, METHODS, check_choice
from groundstate.gaunt.layers.edges import Edges, aligned_messages, edge_messages, node_grid_sums
from groundstate.gaunt.layers.normalisation import check_normalisation, output_scales
from groundstate.gaunt.layers.signals import Features
from groundstate.gaunt.precision import in_working_precision

MODES = ("edge", "aligned", "node_grid")


class GauntConvolution(nn.Module):
    r"""Product of features with the filter F_c(r) = sum over l of w_{l,c} Y_l(edge) . Y_l(r) of every edge.

    The harmonics of the filter have component normalisation. All modes compute the same function:

    * "edge": filter and features are multiplied edge by edge.
    * "aligned": features are rotated so that the edge lies on the polar axis, where only m = 0 of the filter
      is left (Passaro and Zitnick 2023; Luo, Chen, Krishnapriyan 2024, section 3.2): every m is then a
      product in one variable, on Gauss-Legendre nodes.
    * "node_grid": features go to the grid once for each node, messages are multiplied and added up there, and
      the sums come back once for each node. Needs an edge index; the fastest for message passing.

    Parameters
    ----------
    irreps_in, irreps_out
        Features; every irrep with the same number of copies and the parity (-1)^l. irreps_out None: all that
        a path reaches.
    lmax_filter
        Highest degree of the filter.
    mode
        "edge", "aligned" or "node_grid".
    output_weights
        Further weights of every edge, one for each output irrep copy. Not possible in "node_grid" mode, where
        edges are added up before the output degrees exist.
    irrep_normalization, path_normalization, layout
        As in `GauntTensorProduct`.
    method
        As in `GauntTensorProduct`, for the "edge" mode; not "fourier".

    Attributes
    ----------
    weight_numel
        channels * (lmax_filter + 1), ordered (degree, channel), and irreps_out.num_irreps more with
        output_weights.

    Raises
    ------
    ValueError
        For an unknown word, a negative degree, or irreps that do not fit the mode or that no path reaches.
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
        self._in = _uniform_features(self.irreps_in, layout, "irreps_in")
        degrees, self.channels = self._in.signals[1].degrees, self._in.channels
        filters = tuple(range(lmax_filter + 1))
        if irreps_out is None:
            reached = {k for a in degrees for b in filters for k in range(abs(a - b), a + b + 1, 2)}
            irreps_out = o3.Irreps([(self.channels, (degree, (-1) ** degree)) for degree in sorted(reached)])
        self.irreps_out = o3.Irreps(irreps_out)
        self._out = _uniform_features(self.irreps_out, layout, "irreps_out")
        if self._out.channels != self.channels:
            raise ValueError(
                f"irreps_out must have {self.channels} copies of every irrep, got {self.irreps_out}"
            )
        asked = self._out.signals[1].degrees
        scales = output_scales({(False, 1): [(degrees, filters, asked)]}, *normalisation, 1)[False, 1]
        for degree in asked:
            if degree not in scales:
                raise ValueError(
                    f"no path reaches {o3.Irrep(degree, (-1) ** degree)} from {self.irreps_in} and a filter "
                    f"up to degree {lmax_filter}"
                )
        self._form = Contraction(
            self._in.port(1, self.channels, None, True),
            Port(filters, self.channels),
            self._out.port(1, self.channels, scales, True),
        )
        self._radial = self.channels * (lmax_filter + 1)
        self.weight_numel = self._radial + (self.irreps_out.num_irreps if output_weights else 0)

    def extra_repr(self) -> str:
        """Return the arguments that matter, for ``repr``."""
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
        """Return the messages, or their sums at the receiving nodes.

        Parameters
        ----------
        x
            Features, (edges, irreps_in.dim), or (nodes, irreps_in.dim) where `sources` is given.
        vectors
            Edge vectors (edges, 3) of any length; where it is zero, only degree 0 of the filter is left.
        weight
            (edges, weight_numel).
        sources, targets
            Node index at both ends of every edge, (edges,): x is gathered at `sources`, messages are added up
            at `targets`. Both or neither.
        num_nodes
            Number of rows of the result; None: as many as x has.

        Returns
        -------
        (edges, irreps_out.dim), or (num_nodes, irreps_out.dim) with an edge index.

        Raises
        ------
        ValueError
            For a tensor of another shape, or an index that is missing.
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
        if self.mode == "node_grid" and (sources is None or targets is None):
            raise ValueError("mode='node_grid' needs sources and targets")
        count = x.shape[0] if num_nodes is None else num_nodes
        if sources is not None and self.mode != "node_grid":
            x = x.index_select(0, sources)
        radial, rest = weight.split([self._radial, self.weight_numel - self._radial], dim=1)
        radial = radial.unflatten(1, (self.lmax_filter + 1, self.channels))

        def compute(x: torch.Tensor, vectors: torch.Tensor, radial: torch.Tensor) -> torch.Tensor:
            given = Edges(x, vectors, radial)
            if self.mode == "edge":
                return edge_messages(given, self._form, self.method)
            if sources is not None and targets is not None and self.mode == "node_grid":
                return node_grid_sums(given, self._form, sources, targets, count)
            return aligned_messages(given, self._form)

        messages = in_working_precision(compute, x, vectors, radial)
        if self.output_weights:
            messages = messages * self._out.spread(rest)
        if targets is None or self.mode == "node_grid":
            return messages
        return messages.new_zeros(count, messages.shape[1]).index_add(0, targets, messages)


def _uniform_features(irreps: o3.Irreps, layout: str, name: str) -> Features:
    """Features of one true signal with the same copies everywhere, or an error that says what differs."""
    features = Features(irreps, layout)
    if not features.signals:
        raise ValueError(f"{name} holds no irrep")
    if not features.direct or 1 not in features.signals:
        raise ValueError(
            f"{name} must hold each irrep once, by increasing degree, with parity (-1)^l and the same number "
            f"of copies, got {irreps}"
        )
    return features
