"""Exported programs and AOTInductor packages run in a process that never imports this package."""

import os
import shutil
import subprocess
import sys

import pytest
import torch
from torch import nn

from groundstate.gaunt import GauntConvolution, GauntManyBody, GauntTensorProduct

SCRIPT = """
import sys
for name in ("groundstate", "e3nn"):
    sys.modules[name] = None  # an import would fail
import torch
kind, program, given, target = sys.argv[1:]
inputs = torch.load(given)
if kind == "exported":
    run = torch.export.load(program).module()
else:
    run = torch._inductor.aoti_load_package(program)
torch.save([run(*values) for values in inputs], target)
assert not [name for name in sys.modules if name.startswith(("groundstate.", "e3nn."))]
"""


class Network(nn.Module):
    """Messages, many-body product, tensor product with odd paths: energies of the nodes, and forces."""

    def __init__(self):
        super().__init__()
        irreps = "2x0e+2x1o+2x2e"
        self.layer = GauntConvolution("2x0e", 2, irreps, mode="node_grid")
        self.many = GauntManyBody(irreps, "2x0e+2x1o", correlation=2)
        self.product = GauntTensorProduct("2x0e+2x1o", "2x0e+2x1o", "2x0e+1x1e", parity="complete")

    def forward(self, x, vectors, weight, sources, targets):
        features = self.many(self.layer(x, vectors, weight, sources, targets))
        return self.product(features, features)


def inputs(nodes, edges, seed):
    generator = torch.Generator().manual_seed(seed)
    sources, targets = torch.randint(0, nodes, (2, edges), generator=generator)
    sizes = (nodes, 2), (edges, 3), (edges, 6)
    return *(torch.randn(*size, generator=generator) for size in sizes), sources, targets


def exported(strict):
    torch.manual_seed(0)
    network = Network().requires_grad_(False)
    nodes, edges = torch.export.Dim("nodes", min=2), torch.export.Dim("edges", min=2)
    shapes = ({0: nodes}, *[{0: edges}] * 4)
    given = inputs(6, 15, seed=0)
    return network, torch.export.export(network, given, dynamic_shapes=shapes, strict=strict)


def run_elsewhere(kind, program, network, folder):
    """Three sizes in a fresh process, against the module here."""
    given = [inputs(nodes, edges, seed=nodes) for nodes, edges in ((5, 11), (7, 24), (3, 40))]
    torch.save(given, folder / "inputs.pt")
    command = [sys.executable, "-c", SCRIPT, kind, program, folder / "inputs.pt", folder / "results.pt"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)
    assert done.returncode == 0, done.stderr
    for values, found in zip(given, torch.load(folder / "results.pt"), strict=True):
        torch.testing.assert_close(found, network(*values), atol=2e-5, rtol=2e-5)


@pytest.mark.parametrize("strict", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_an_exported_program_runs_without_the_package(strict, tmp_path):
    network, program = exported(strict)
    calls = [node.target for node in program.graph.nodes if node.op == "call_function"]
    assert {call.namespace for call in calls if hasattr(call, "namespace")} == {"aten"}
    assert set(program.state_dict) == set(network.state_dict())
    torch.export.save(program, tmp_path / "network.pt2")
    run_elsewhere("exported", tmp_path / "network.pt2", network, tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("g++") is None and shutil.which("clang++") is None, reason="Inductor needs a C++ compiler"
)
def test_an_aotinductor_package_runs_without_the_package(tmp_path):
    network, program = exported(False)
    path = torch._inductor.aoti_compile_and_package(program, package_path=str(tmp_path / "network.pt2"))
    run_elsewhere("package", path, network, tmp_path)


@pytest.mark.parametrize("strict", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("mode", ["edge", "aligned"])
def test_other_modes_export_with_a_dynamic_batch(strict, mode):
    layer = GauntConvolution("2x0e+2x1o", 1, "2x0e+2x1o", mode=mode)
    batch = torch.export.Dim("batch", min=2)
    given = [torch.randn(8, size) for size in (8, 3, layer.weight_numel)]
    program = torch.export.export(layer, tuple(given), dynamic_shapes=({0: batch},) * 3, strict=strict)
    given = [torch.randn(5, size) for size in (8, 3, layer.weight_numel)]
    torch.testing.assert_close(program.module()(*given), layer(*given), atol=2e-5, rtol=2e-5)
