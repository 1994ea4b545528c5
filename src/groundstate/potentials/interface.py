"""One face for every source of energies: name, version, energy scheme, and an ASE calculator."""

import contextlib
import hashlib
import importlib.metadata
import io
import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path

from ase.calculators.calculator import Calculator

from groundstate.errors import GroundstateError
from groundstate.plugins import load
from groundstate.potentials import TRAINED
from groundstate.potentials.gfn2 import gfn2_calculator

MP_RAW = "mp-pbe"  # Materials Project GGA / GGA+U energies before the MP2020 corrections
MP_CORRECTED = "mp2020"  # the same after the corrections


@dataclass(frozen=True)
class Potential:
    """A source of energies; ``scheme`` says with which other energies they may share a hull.

    The calculator is built when it is first asked for, which takes seconds for a network.
    """

    name: str
    version: str
    scheme: str
    build: Callable[[], Calculator]

    def __reduce__(self) -> tuple:
        """Goes to another process without its calculator, which that process builds itself."""
        return Potential, (self.name, self.version, self.scheme, self.build)

    @property
    def identity(self) -> str:
        """Name, version and scheme in one string: part of every cache key."""
        return f"{self.name} {self.version} {self.scheme}"

    @cached_property
    def calculator(self) -> Calculator:
        """Load the ASE calculator.

        Raises ``GroundstateError`` where its package is missing or it does not load.
        """
        try:
            calculator = self.build()
        except ModuleNotFoundError as error:
            raise GroundstateError(
                f"{self.name}: needs the package {error.name}; install groundstate[stability]"
            ) from None
        except (ImportError, AttributeError, TypeError, OSError) as error:
            raise GroundstateError(f"{self.name}: the calculator does not load ({error})") from None
        if not hasattr(calculator, "get_property"):
            raise GroundstateError(f"{self.name}: gives a {type(calculator).__name__}, not an ASE calculator")
        return calculator


def _sevennet(model: str) -> Calculator:
    from groundstate.potentials.sevennet import batch_convolutions  # the only one here that needs torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # says that no GPU accelerator is installed
        from sevenn.calculator import SevenNetCalculator
        from sevenn.nn.convolution import IrrepsConvolution

        device = os.environ.get("GROUNDSTATE_DEVICE", "cpu")
        calculator = SevenNetCalculator(model, device=device)
        if device == "cpu":
            batch_convolutions(calculator.model, IrrepsConvolution)
        return calculator


def _chgnet() -> Calculator:
    with contextlib.redirect_stdout(io.StringIO()):  # the package prints the device on loading
        from chgnet.model.dynamics import CHGNetCalculator

        device = os.environ.get("GROUNDSTATE_DEVICE", "cpu")
        return CHGNetCalculator(use_device=device, on_isolated_atoms="error")


def _imported(reference: str, arguments: dict[str, object]) -> Calculator:
    make = load(reference, object, "potential")
    if not callable(make):
        raise GroundstateError(f"potential {reference}: is a {type(make).__name__} and gives no calculator")
    return make(**arguments)


def _trained(path: Path, scheme: str | None) -> Potential:
    """Take the checkpoint of ``groundstate train potential``; its content is its version."""
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise GroundstateError(
            f"{path}: cannot be read ({error.strerror}); train the potential first"
        ) from None
    build = partial(_imported, TRAINED, {"checkpoints": str(path.resolve())})
    return Potential("trained", digest, scheme or f"trained {digest}", build)


# name: (distribution, model version, scheme, builder)
POTENTIALS: dict[str, tuple[str, str, str, Callable[[], Calculator]]] = {
    "sevennet-0": ("sevenn", "11Jul2024", MP_RAW, partial(_sevennet, "7net-0")),
    "sevennet-l3i5": ("sevenn", "l3i5", MP_RAW, partial(_sevennet, "7net-l3i5")),
    "chgnet": ("chgnet", "0.3.0", MP_CORRECTED, _chgnet),
    "gfn2-xtb": ("tblite", "gfn2", "gfn2-xtb", gfn2_calculator),
}


@cache
def _shared(name: str, version: str, scheme: str, build: Callable[[], Calculator]) -> Potential:
    """Give a registered potential, once a process: a network is loaded once, whoever asks."""
    return Potential(name, version, scheme, build)


def find_potential(
    name: str, arguments: Mapping[str, object] | None = None, scheme: str | None = None
) -> Potential:
    """Look up a potential by its name, its checkpoint, or any ASE calculator as ``package.module:Callable``.

    Parameters
    ----------
    arguments
        Keyword arguments of the callable (a checkpoint path, say); registered names take none.
    scheme
        Energy scheme of an import path; by default its own, which shares a hull with nothing else.

    Raises
    ------
    GroundstateError
        Unknown name, or a package that is not installed.
    """
    if name in POTENTIALS:
        if arguments or scheme:
            raise GroundstateError(f"{name}: arguments and a scheme are for calculators given by import path")
        package, version, own_scheme, build = POTENTIALS[name]
        try:
            version = f"{importlib.metadata.version(package)}/{version}"
        except importlib.metadata.PackageNotFoundError:
            raise GroundstateError(
                f"{name}: needs the package {package}; install groundstate[stability]"
            ) from None
        return _shared(name, version, own_scheme, build)
    if name == "dft":
        raise GroundstateError(
            "dft: gives single points on relaxed crystals; keep a potential to relax and set `dft: true`"
        )
    if name.endswith(".ckpt"):
        return _trained(Path(name), scheme)
    if ":" not in name:
        raise GroundstateError(
            f"{name!r} is no potential; allowed: {', '.join(POTENTIALS)}, the .ckpt of a trained one, or "
            "package.module:Callable"
        )
    arguments = dict(arguments or {})
    shown = ", ".join(f"{key}={value}" for key, value in sorted(arguments.items()))
    return Potential(name, shown or "default arguments", scheme or name, partial(_imported, name, arguments))
