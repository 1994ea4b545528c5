"""The N-body experiment: its simulation against another integrator, its network against the symmetries."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from e3nn import o3
from scipy.integrate import solve_ivp

FOLDER = Path(__file__).parents[2] / "benchmarks/nbody"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"nbody_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


simulation, network = load("simulation"), load("network")


@pytest.fixture(scope="module")
def start():
    """Systems that stay apart: like charges far from each other."""
    state = simulation.initial(np.random.default_rng(0), 4)
    return state._replace(positions=3 * state.positions, charges=np.ones_like(state.charges))


def reference(positions: np.ndarray, velocities: np.ndarray, charges: np.ndarray, time: float) -> np.ndarray:
    def slope(_: float, y: np.ndarray) -> np.ndarray:
        x, v = y.reshape(2, -1, 3)
        a = np.zeros_like(x)
        for i in range(len(x)):
            for j in range(len(x)):
                if i != j:
                    r = x[i] - x[j]
                    a[i] += charges[i] * charges[j] * r / np.linalg.norm(r) ** 3
        return np.concatenate([v, a]).ravel()

    y = np.concatenate([positions, velocities]).ravel()
    return solve_ivp(slope, (0, time), y, method="DOP853", rtol=1e-11, atol=1e-12).y[:, -1].reshape(2, -1, 3)


def test_leap_frog_agrees_with_an_integrator_of_high_order(start) -> None:
    errors = {}
    for step in (0.02, 0.01):
        end = simulation.integrate(start, round(1 / step), step)
        wanted = [reference(x, v, q, 1.0) for x, v, q in zip(*start, strict=True)]
        errors[step] = max(
            np.abs(end.positions[k] - x).max() + np.abs(end.velocities[k] - v).max()
            for k, (x, v) in enumerate(wanted)
        )
    assert errors[0.01] < 1e-4
    assert 3.5 < errors[0.02] / errors[0.01] < 4.5  # second order


def test_opposite_charges_attract_on_an_orbit_of_kepler() -> None:
    # two unit charges at distance 1 on a circle: v^2 / (1/2) = 1, period 2 pi (1/2) / v
    x = np.array([[[0.5, 0, 0], [-0.5, 0, 0]]])
    v = np.sqrt(0.5) * np.array([[[0, 1.0, 0], [0, -1.0, 0]]])
    state = simulation.State(x, v, np.array([[1.0, -1.0]]))
    period = np.pi / np.sqrt(0.5)
    end = simulation.integrate(state, 4000, period / 4000)
    np.testing.assert_allclose(end.positions, x, atol=1e-4)


def test_energy_and_momentum_stay(start) -> None:
    end = simulation.integrate(start, 1000)
    np.testing.assert_allclose(simulation.energies(end), simulation.energies(start), rtol=1e-6)
    np.testing.assert_allclose(end.velocities.sum(1), start.velocities.sum(1), atol=1e-12)


def test_a_force_is_cut_off_where_particles_meet() -> None:
    x = np.array([[0.0, 0, 0], [1e-3, 0, 0]]).T[:, :, None]
    force = simulation.forces(x, np.array([[0, -1.0], [-1.0, 0]])[:, :, None])
    np.testing.assert_array_equal(force[0, :, 0], [100.0, -100.0])


def test_a_system_does_not_depend_on_those_beside_it(monkeypatch) -> None:
    state = simulation.initial(np.random.default_rng(1), 7)
    whole = simulation.integrate(state, 50)
    monkeypatch.setattr(simulation, "CHUNK", 3)
    np.testing.assert_array_equal(simulation.integrate(state, 50).positions, whole.positions)


def test_systems_begin_as_published() -> None:
    state = simulation.initial(np.random.default_rng(2), 4000)
    assert set(np.unique(state.charges)) == {-1.0, 1.0}
    np.testing.assert_allclose(np.linalg.norm(state.velocities, axis=-1), 0.5)
    assert abs(state.positions.std() - 1) < 0.01
    assert abs(state.charges.mean()) < 0.03


@pytest.fixture
def doubles():
    """Coefficients in double precision from the start: e3nn rounds those that were built in single."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("product", network.PRODUCTS)
@pytest.mark.parametrize("lmax", [1, 2])
def test_the_network_has_the_symmetries_of_the_motion(product: str, lmax: int, doubles) -> None:
    torch.manual_seed(0)
    model = network.ParticleNetwork(product, channels=4, lmax=lmax, layers=2)
    for read in model.read:
        torch.nn.init.normal_(read.weight, std=0.1)
    state = simulation.initial(np.random.default_rng(3), 3)
    x, v, q = (torch.from_numpy(value) for value in state)
    y = model(x, v, q)
    assert (y - x - v).abs().max() > 1e-3  # it does something
    turn = -o3.rand_matrix(dtype=torch.float64)
    order = torch.randperm(5)
    shift, boost = torch.randn(2, 1, 1, 3, dtype=torch.float64)
    for other, wanted in (
        (model(x @ turn.T, v @ turn.T, q), y @ turn.T),
        (model(x + shift, v + boost, q), y + shift + boost),
        (model(x[:, order], v[:, order], q[:, order]), y[:, order]),
        (model(x, v, -q), y),
    ):
        torch.testing.assert_close(other, wanted, rtol=1e-8, atol=1e-8)
    torch.testing.assert_close(y.mean(1), (x + v).mean(1))  # nothing pushes the whole


def test_both_products_see_the_same_features() -> None:
    counts = {}
    for product in network.PRODUCTS:
        model = network.ParticleNetwork(product, channels=8)
        rest = [
            weight
            for name, weight in model.named_parameters()
            if not any(part in name for part in (".mix.", ".product."))
        ]
        counts[product] = sum(weight.numel() for weight in rest)
    assert counts["gaunt"] == counts["clebsch-gordan"]
