"""Whether kernels in C are used: where a C compiler is, and a training as it was begun.

A kernel in C rounds otherwise than its twin in Python, and a training amplifies that. So the choice is made
once a process, and a training keeps that of its first step.
"""

import os
import shutil
import warnings

NO_COMPILER = (
    "no C compiler (cc, gcc, clang, or the one that CC names): products are computed by kernels in Python, "
    "which take about 1.4 to 3 times as long"
)
_state: dict[str, bool | None] = {"pinned": None, "warned": False}


def compiler() -> str | None:
    """Return the path of a C compiler: the one that CC names, or cc, gcc, clang; None where there is none."""
    return next(filter(None, map(shutil.which, (os.environ.get("CC", "cc"), "gcc", "clang"))), None)


def c_kernels() -> bool:
    """Say whether kernels in C are used; one sentence, once, where there is no compiler."""
    if _state["pinned"] is not None:
        return _state["pinned"]
    if compiler() is not None:
        return True
    if not _state["warned"]:
        _state["warned"] = True
        warnings.warn(NO_COMPILER, RuntimeWarning, stacklevel=2)
    return False


def pin_c_kernels(use: bool | None) -> None:
    """Set what ``c_kernels`` says in this process; None: what the machine allows."""
    _state["pinned"] = use
