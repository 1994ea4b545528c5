"""Constant arrays as tensors, built once in float64 and kept per dtype and device.

They stand outside the modules: nothing to save, to copy or to cast, and ``.double()`` gives the float64
values.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch._functorch.pyfunctorch import temporarily_clear_interpreter_stack
from torch.utils._python_dispatch import _disable_current_modes


class _Store:
    """Holder of the tensors as attributes.

    A compiler reads an attribute of a global object as an input of its graph, which it neither reuses as
    working memory nor looks into; an exported program gets a copy as a literal.
    """


_STORE = _Store()
_NAMES: dict[tuple, str] = {}


def constant(
    builder: Callable[..., np.ndarray], arguments: tuple, dtype: torch.dtype | None, device: torch.device
) -> torch.Tensor:
    """Return one constant array as a tensor, rounded once; the caller must not write to it.

    Parameters
    ----------
    builder
        Module-level function that returns a float64 or an integer array.
    arguments
        Its arguments: hashable, plain values.
    dtype
        Type of the tensor; None for integers, which become int64.
    device
        Where the tensor lies.
    """
    return getattr(_STORE, _stored(builder, arguments, dtype, device))


@torch.compiler.assume_constant_result
def _stored(
    builder: Callable[..., np.ndarray], arguments: tuple, dtype: torch.dtype | None, device: torch.device
) -> str:
    """Name of the attribute that holds the array, which is built where it is missing."""
    entry = (builder, arguments, dtype, device)
    name = _NAMES.get(entry)
    if name is None:
        # a fake, traced, wrapped or inference tensor must not be kept
        with _disable_current_modes(), temporarily_clear_interpreter_stack(), torch.inference_mode(False):
            value = torch.tensor(np.ascontiguousarray(builder(*arguments)), dtype=dtype, device=device)
        name = f"{builder.__name__.strip('_')}_{len(_NAMES)}"
        setattr(_STORE, name, value)
        _NAMES[entry] = name
    return name
