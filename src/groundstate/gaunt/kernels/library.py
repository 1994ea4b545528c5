"""C sources as libraries, compiled on first use and kept in the user's cache folder."""

import ctypes
import subprocess
import tempfile
import warnings
from functools import lru_cache
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path

import torch

from groundstate.c_kernels import c_kernels, compiler
from groundstate.files import atomic_path
from groundstate.gaunt.kernels.machine import cache_file

TYPES = {torch.float32: "float", torch.float64: "double"}
OPTIONS = ("-O3", "-march=native", "-ffp-contract=fast", "-shared", "-fPIC")


@lru_cache(maxsize=2)
def library(dtype: torch.dtype) -> ctypes.CDLL:
    """Return the compiled source for float32 or float64.

    Raises
    ------
    RuntimeError
        Without a compiler, or where it fails.
    """
    built = compiled(files("groundstate.gaunt.kernels") / "compiled.c", dtype)
    whole, pointer = ctypes.c_int64, ctypes.c_void_p
    built.contract.argtypes = [pointer] * 4 + [whole] + [pointer] * 2 + [whole] * 4
    return built


def usable() -> bool:
    """Say whether products are computed by the kernel in C; see ``c_kernels``.

    A compiler that fails is as none, and said in one sentence, unless a training asks for its kernel.
    """
    return c_kernels() and _builds()


@lru_cache(maxsize=1)
def _builds() -> bool:
    try:
        library(torch.float32)
    except RuntimeError as error:
        warnings.warn(f"{error}; kernels in Python are used", RuntimeWarning, stacklevel=2)
        return False
    return True


def compiled(source: Traversable, dtype: torch.dtype) -> ctypes.CDLL:
    """Return a C source of this package, compiled for float32 or float64 (its ``REAL``).

    Raises
    ------
    RuntimeError
        Without a compiler, or where it fails.
    """
    program = compiler()
    if program is None:
        raise RuntimeError("compiled kernels need a C compiler: cc, gcc or clang, or the one that CC names")
    with as_file(source) as path:
        name = f"{path.stem}_{TYPES[dtype]}.so"
        kept = cache_file(name, path.read_text(), str(Path(program).resolve()))
        built = _loaded(kept)
        return _built(program, path, kept, TYPES[dtype]) if built is None else built


def _loaded(path: Path) -> ctypes.CDLL | None:
    """Library at a path; None where it is missing or damaged."""
    try:
        return ctypes.CDLL(str(path))
    except OSError:
        return None


def _built(program: str, source: Path, path: Path, real: str) -> ctypes.CDLL:
    """Compile into the cache, or into a folder for once where the cache can't be written."""
    try:
        with atomic_path(path) as target:
            _compile(program, source, target, real)
        return ctypes.CDLL(str(path))
    except OSError:
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / path.name
            _compile(program, source, target, real)
            return ctypes.CDLL(str(target))


def _compile(program: str, source: Path, target: Path, real: str) -> None:
    command = [program, *OPTIONS, f"-DREAL={real}", str(source), "-o", str(target)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"compiled kernels: {program} failed:\n{done.stderr.strip()}")
