"""The three ways to multiply features with the filter of every edge."""

import math
from typing import NamedTuple

import numpy as np
import torch

from groundstate.gaunt.basis.constants import constant
from groundstate.gaunt.basis.forms import Contraction, Port
from groundstate.gaunt.basis.harmonics import components
from groundstate.gaunt.basis.transforms import full_matrix
from groundstate.gaunt.basis.zonal import zonal_filter, zonal_in, zonal_out
from groundstate.gaunt.contraction.composed import from_dense, to_dense
from groundstate.gaunt.contraction.contract import contract
from groundstate.gaunt.directions import frames, rotation_blocks, spherical_harmonics, unit_vectors
from groundstate.gaunt.layers.messages import message_sum


class Edges(NamedTuple):
    """Features, edge vectors (edges, 3), and weights of the filter (edges, degrees, channels)."""

    x: torch.Tensor
    vectors: torch.Tensor
    radial: torch.Tensor


def edge_messages(edges: Edges, form: Contraction, method: str) -> torch.Tensor:
    """Return the products of features (edges, ...) and filters, as the third port of `form` says."""
    lmax = max(form.second.degrees)
    harmonics = math.sqrt(4 * math.pi) * spherical_harmonics(lmax, edges.vectors)
    degree = constant(_degree_of_component, (lmax,), None, edges.x.device)
    filters = harmonics.unsqueeze(-1) * edges.radial.index_select(1, degree)
    return contract(edges.x, filters.flatten(1), form, method)


def aligned_messages(edges: Edges, form: Contraction) -> torch.Tensor:
    """Return what `edge_messages` does, by way of frames in which the edge is the polar axis."""
    first, second, third, _ = form
    x, radial = edges.x, edges.radial
    blocks = rotation_blocks(max(*first.degrees, *third.degrees), frames(edges.vectors))
    inner = _rotated(to_dense(x, first), first, blocks, inverse=True)
    key = (first.degrees, third.degrees, max(second.degrees))
    _, missing = unit_vectors(edges.vectors)
    above = torch.arange(radial.shape[1], device=x.device) > 0
    radial = radial.masked_fill((missing & above).unsqueeze(-1), 0.0)
    # a filter along the axis depends on the polar angle alone: the same values for every order m
    filters = (constant(zonal_filter, key, x.dtype, x.device) @ radial).unsqueeze(1)
    values = torch.einsum("mtd,edc->emtc", constant(zonal_in, key, x.dtype, x.device), inner) * filters
    table = constant(zonal_out, (*key, third.scales), x.dtype, x.device)
    outer = torch.einsum("mtd,emtc->edc", table, values)
    return from_dense(_rotated(outer, third, blocks, inverse=False), third)


def node_grid_sums(
    edges: Edges, form: Contraction, sources: torch.Tensor, targets: torch.Tensor, count: int
) -> torch.Tensor:
    """Return the sums of the messages at `count` nodes; features (nodes, ...) go to the grid once."""
    first, second, third, _ = form
    x = edges.x

    def matrix(port: Port) -> torch.Tensor:
        return constant(full_matrix, (port.degrees, port.scales, form.exact, False), x.dtype, x.device)

    harmonics = math.sqrt(4 * math.pi) * spherical_harmonics(max(second.degrees), edges.vectors)
    sizes = [2 * degree + 1 for degree in second.degrees]
    parts = zip(harmonics.split(sizes, dim=1), matrix(second).split(sizes), strict=True)
    filters = torch.stack([value @ onto for value, onto in parts], dim=-1)
    nodes = matrix(first).t() @ to_dense(x, first)
    sums = message_sum(nodes, filters, edges.radial, sources, targets, count)
    return from_dense(matrix(third) @ sums, third)


def _rotated(dense: torch.Tensor, port: Port, blocks: list[torch.Tensor], inverse: bool) -> torch.Tensor:
    """Components (edges, components, channels) times the rotation of every edge."""
    parts = dense.split([2 * degree + 1 for degree in port.degrees], dim=1)
    turned = []
    for degree, part in zip(port.degrees, parts, strict=True):
        block = blocks[degree]
        turned.append((block.transpose(-1, -2) if inverse else block) @ part)
    return torch.cat(turned, dim=1)


def _degree_of_component(lmax: int) -> np.ndarray:
    return components(tuple(range(lmax + 1)))
