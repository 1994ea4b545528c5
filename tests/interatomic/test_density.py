"""The C kernel against the same sums by torch, up to second derivatives."""

import pytest
import torch

from groundstate.interatomic.density import _library, density, density_by_torch


def inputs(lmax: int, components: int, channels: int, dtype: torch.dtype) -> tuple[torch.Tensor, ...]:
    torch.manual_seed(lmax + channels)
    atoms, edges = 6, 25
    harmonics = torch.randn(edges, (lmax + 1) ** 2, dtype=dtype, requires_grad=True)
    radial = torch.randn(edges, lmax + 1, channels, dtype=dtype, requires_grad=True)
    features = torch.randn(atoms, components, channels, dtype=dtype, requires_grad=True)
    target = torch.randint(atoms - 1, (edges,)).sort().values  # the last atom has no neighbour
    first = torch.cat([torch.zeros(1, dtype=torch.int64), torch.bincount(target, minlength=atoms).cumsum(0)])
    return harmonics, radial, features, torch.randint(atoms, (edges,)), target, first


@pytest.mark.parametrize("channels", [1, 7, 16, 32, 64])
@pytest.mark.parametrize(("lmax", "components"), [(0, 1), (3, 1), (2, 4)])
def test_kernel_and_torch_agree_with_first_and_second_derivatives(
    lmax: int, components: int, channels: int
) -> None:
    if _library(torch.float64) is None:
        pytest.skip("no C compiler")
    *operands, source, target, first = inputs(lmax, components, channels, torch.float64)
    every = []
    for total in (
        density(*operands, source, target, first),
        density_by_torch(*operands, source, target),
    ):
        weight = torch.linspace(-1, 1, total.numel(), dtype=total.dtype).view_as(total)
        gradients = torch.autograd.grad((total.sin() * weight).sum(), operands, create_graph=True)
        second = torch.autograd.grad(sum((g.cos() * g).sum() for g in gradients), operands)
        every.append([total, *gradients, *second])
    for ours, reference in zip(*every, strict=True):
        torch.testing.assert_close(ours, reference, rtol=1e-10, atol=1e-10)


def test_no_edges_give_zeros() -> None:
    harmonics, radial, features, *_ = inputs(2, 4, 8, torch.float32)
    empty = torch.zeros(0, dtype=torch.int64)
    total = density(harmonics[:0], radial[:0], features, empty, empty, torch.zeros(7, dtype=torch.int64))
    assert total.shape == (6, 9, 4, 8)
    assert not total.any()
