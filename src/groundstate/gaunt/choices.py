"""Words that an argument may take."""

from collections.abc import Sequence

METHODS = ("auto", "fastest", "compiled", "grid", "dense", "fourier")
LAYOUTS = ("mul_ir", "ir_mul")


def check_choice(name: str, value: str, allowed: Sequence[str]) -> None:
    """Raise a ValueError that names the argument, the words allowed and the word given, unless it is one."""
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {value!r}")
