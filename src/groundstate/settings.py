"""What a stage is told: frozen pydantic models, passed to a command as one JSON argument."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from groundstate.errors import GroundstateError

Device = Literal["auto", "cpu", "cuda"]
DEVICES: tuple[str, ...] = get_args(Device)
MAX_THREADS = 1024  # beyond it OpenMP fails to start them
LONGEST = 200  # characters of a wrong value that a sentence repeats


class Settings(BaseModel):
    """Base of all settings: unknown keys are errors, numbers are finite, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


Model = TypeVar("Model", bound=Settings)


def explain(error: ValidationError, where: str, allowed: type[BaseModel] | None = None) -> str:
    """Write one line per fault: the key, what is wrong with it, what is allowed."""
    lines = []
    for fault in error.errors():
        key = ".".join(str(part) for part in fault["loc"]) + ": " * bool(fault["loc"])
        message = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            keys = _siblings(allowed, fault["loc"]) if allowed else []
            message = "unknown key" + (f"; allowed here: {', '.join(keys)}" if keys else "")
        elif "input" in fault and not isinstance(fault["input"], dict):
            text = repr(fault["input"])
            message += f" (it is {text if len(text) <= LONGEST else text[:LONGEST] + '...'})"
        lines.append(f"{where}: {key}{message}")
    return "\n".join(lines)


def _siblings(model: type[BaseModel] | None, location: tuple[int | str, ...]) -> list[str]:
    """Field names that are allowed where ``location`` points, following nested models and tables."""
    for part in location[:-1]:
        if model is None:
            return []
        field = model.model_fields.get(str(part))
        annotation = field.annotation if field else None
        while annotation is not None and not (
            isinstance(annotation, type) and issubclass(annotation, BaseModel)
        ):
            arguments = getattr(annotation, "__args__", ())
            annotation = next((a for a in reversed(arguments) if a is not type(None)), None)
        model = annotation or model
    return sorted(model.model_fields) if model else []


def parse_settings(model: type[Model], text: str) -> Model:
    """Read ``text`` (JSON) as ``model``.

    Raises ``GroundstateError`` that names the key and what is allowed.
    """
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise GroundstateError(explain(error, "--settings", model)) from None


def check_settings(model: type[Model], values: Mapping[str, Any] | None) -> Model:
    """Read ``values`` as ``model``.

    Raises ``GroundstateError`` that names the key and what is allowed.
    """
    try:
        return model.model_validate(dict(values or {}))
    except ValidationError as error:
        raise GroundstateError(explain(error, "settings", model)) from None


def check_numbers(*numbers: tuple[str, float | None, float]) -> None:
    """Refuse an option (its name, what it is, the least that it may be) that is too small; None is not told.

    Raises ``GroundstateError`` that names the option.
    """
    for name, value, least in numbers:
        if value is not None and not value >= least:
            raise GroundstateError(f"{name}: {value} is below {least}")


def check_choice(name: str, value: str, allowed: Sequence[str]) -> None:
    """Refuse an option that is none of those allowed.

    Raises ``GroundstateError`` that names them.
    """
    if value not in allowed:
        raise GroundstateError(f"{name}: {value!r} is not one of {', '.join(allowed)}")
