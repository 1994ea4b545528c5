"""Words that an argument may take."""

from collections.abc import Sequence

METHODS = ("auto", "grid", "fourier", "dense", "compiled")
LAYOUTS = ("mul_ir", "ir_mul")


def check_choice(name: str, value: str, allowed: Sequence[str]) -> None:
    """Refuse an unknown word by name."""
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {value!r}")
