"""The batched convolution gives what the published modules give, derivatives too."""

import numpy as np
import pytest
import torch
from ase.build import bulk
from e3nn.o3 import Irreps, TensorProduct

from groundstate.potentials.interface import find_potential
from groundstate.potentials.sevennet import BatchedConvolution, PathProduct


def convolution(irreps_in, filters, keep):
    """Paths as NequIP makes them: one output each, sorted."""
    paths, outputs = [], []
    for i, (mul, one) in enumerate(irreps_in):
        for j, (_, other) in enumerate(filters):
            for found in one * other:
                if found in keep:
                    paths.append((i, j, len(outputs), "uvu", True))
                    outputs.append((mul, found))
    sorted_outputs, order, _ = Irreps(outputs).sort()
    paths = sorted(((i, j, order[k], mode, train) for i, j, k, mode, train in paths), key=lambda p: p[2])
    return TensorProduct(
        irreps_in, filters, sorted_outputs, paths, shared_weights=False, internal_weights=False
    )


@pytest.mark.parametrize("keep", ["0e+1e+2e", "0e+1o+2e+1e"])
def test_paths_and_their_derivatives_are_those_of_e3nn(keep):
    torch.manual_seed(0)
    product = convolution(Irreps("8x0e+4x1o+3x1e+2x2e"), Irreps("1x0e+1x1o+1x2e"), Irreps(keep))
    ours = PathProduct(product)
    arguments = [
        torch.randn(11, size, requires_grad=True)
        for size in (product.irreps_in1.dim, product.irreps_in2.dim, product.weight_numel)
    ]
    expected = product(*arguments)
    found = torch.cat(ours(*arguments), dim=1)
    torch.testing.assert_close(found, expected)
    probe = torch.randn_like(expected)
    for one, other in zip(
        torch.autograd.grad((found * probe).sum(), arguments),
        torch.autograd.grad((expected * probe).sum(), arguments),
        strict=True,
    ):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


def test_paths_that_share_an_output_are_refused():
    product = TensorProduct("2x0e", "0e+0e", "2x0e", [(0, 0, 0, "uvu", True), (0, 1, 0, "uvu", True)])
    with pytest.raises(ValueError, match="an output each"):
        PathProduct(product)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "published"), [("sevennet-0", "7net-0"), ("sevennet-l3i5", "7net-l3i5")])
def test_energy_forces_and_stress_are_those_of_the_published_calculator(name, published):
    from sevenn.calculator import SevenNetCalculator

    ours = find_potential(name).calculator
    assert any(isinstance(module, BatchedConvolution) for module in ours.model.modules())
    atoms = bulk("NaCl", "rocksalt", a=5.5)
    atoms.rattle(0.1, seed=1)
    found = []
    for calculator in (ours, SevenNetCalculator(published, device="cpu")):
        copy = atoms.copy()
        copy.calc = calculator
        found.append((copy.get_potential_energy(), copy.get_forces(), copy.get_stress()))
    for one, other in zip(*found, strict=True):
        assert np.allclose(one, other, atol=2e-5)
