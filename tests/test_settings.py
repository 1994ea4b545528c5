"""What a command is told: checked, bounded, explained in one line a fault."""

import pytest
from pydantic import Field

from groundstate.errors import GroundstateError
from groundstate.settings import Settings, parse_settings


class Inner(Settings):
    """A section."""

    rate: float = Field(1.0, gt=0)
    names: tuple[str, ...] = ()


class Outer(Settings):
    """A model with sections, alone and in a table."""

    inner: Inner = Inner()
    table: dict[str, Inner] = Field({})
    count: int = 1
    limit: float | None = None


def test_defaults_and_values() -> None:
    assert parse_settings(Outer, "{}") == Outer()
    assert parse_settings(Outer, '{"inner": {"rate": 2}}').inner.rate == 2


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"iner": {}}', r"--settings: iner: unknown key; allowed here: count, inner, limit, table"),
        ('{"inner": {"rat": 1}}', r"--settings: inner.rat: unknown key; allowed here: names, rate"),
        ('{"table": {"a": {"rat": 1}}}', r"--settings: table.a.rat: unknown key; allowed here: names, rate"),
        ('{"inner": {"rate": -1}}', r"--settings: inner.rate: .*greater than 0 \(it is -1"),
        ('{"count": "many"}', r"--settings: count: .*integer.*\(it is 'many'\)"),
        ("{", r"--settings: .*JSON"),
        ("[]", r"--settings: "),
    ],
)
def test_faults_name_the_key_and_what_is_allowed(text: str, sentence: str) -> None:
    with pytest.raises(GroundstateError, match=sentence) as caught:
        parse_settings(Outer, text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", '"nan"', '"inf"', "1e999"])
@pytest.mark.parametrize("key", ["inner.rate", "limit"])
def test_every_number_is_finite(key: str, value: str) -> None:
    section, _, name = key.rpartition(".")
    text = f'{{"{section}": {{"{name}": {value}}}}}' if section else f'{{"{name}": {value}}}'
    with pytest.raises(GroundstateError, match=rf"{key}: .*finite"):
        parse_settings(Outer, text)


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Outer().count = 2
