"""What is written from the model of the configuration: its YAML file, its reference page and its JSON schema.

``python -m groundstate.config_texts`` writes them; a test keeps them in step.
"""

import json
from pathlib import Path

from pydantic import BaseModel

from groundstate.config import Config
from groundstate.files import write_text
from groundstate.sources.settings import Source, SourceFile

ROOT = Path(__file__).parents[2]


def _fields(model: type[BaseModel], values: BaseModel, prefix: str = "") -> list[tuple[str, str, str]]:
    """Rows (key, default, description) of a model and the models inside it."""
    rows = []
    for name, field in model.model_fields.items():
        key, default = prefix + name, getattr(values, name)
        if isinstance(default, BaseModel):
            rows += _fields(type(default), default, f"{key}.")
        else:
            rows.append((key, json.dumps(default, default=list), field.description or ""))
    return rows


def yaml_text() -> str:
    """Write the default configuration as YAML with every key explained."""
    lines = [
        "# The default run: minutes on two cores. `python -m groundstate.config_texts` writes this file.",
        "# Any key can also be given on the command line: snakemake --config seeds='[0,1]'",
        "# or in a file that is laid over this one: snakemake --configfile my.yaml",
    ]
    shown: list[str] = []
    for key, default, description in _fields(Config, Config.model_construct()):
        if key == "sources":
            continue
        parts = key.split(".")
        for depth, part in enumerate(parts[:-1]):
            if parts[: depth + 1] != shown[: depth + 1]:
                lines.append(f"{'' if depth else chr(10)}{'  ' * depth}{part}:")
        indent = "  " * (len(parts) - 1)
        lines += [f"{indent}# {description}", f"{indent}{parts[-1]}: {default}"]
        shown = parts[:-1]
    return "\n".join(lines) + "\n"


def readme_text() -> str:
    """Write the key reference as Markdown."""
    lines = [
        "# Configuration",
        "",
        "`config.yaml` is the default run, `full.yaml` and `test.yaml` are laid over it with `--configfile`;",
        "`sources.yaml` describes every data set. `python -m groundstate.config_texts` writes this page.",
        "A key that is not listed here, a wrong type or a value out of range stops the run before any job.",
        "",
        "| key | default | meaning |",
        "|---|---|---|",
    ]
    for key, default, description in _fields(Config, Config.model_construct()):
        if key != "sources":
            lines.append(f"| `{key}` | `{default}` | {description.replace('|', ',')} |")
    lines += ["", "## One entry of `sources`", "", "| key | meaning |", "|---|---|"]
    for name, field in Source.model_fields.items():
        lines.append(f"| `{name}` | {field.description} |")
    lines += ["", "## One entry of `files`", "", "| key | meaning |", "|---|---|"]
    for name, field in SourceFile.model_fields.items():
        lines.append(f"| `{name}` | {field.description} |")
    return "\n".join(lines) + "\n"


def schema_text() -> str:
    """Write the JSON schema of the configuration, flat: the workflow catalog follows no reference."""
    schema = Config.model_json_schema()
    definitions = schema.pop("$defs", {})
    return json.dumps(_flat(schema, definitions), indent=2, sort_keys=True) + "\n"


def _flat(value: object, definitions: dict[str, object]) -> object:
    """Write definitions out where they are referred to; what stands beside a reference stays."""
    if isinstance(value, list):
        return [_flat(one, definitions) for one in value]
    if not isinstance(value, dict):
        return value
    inner = {key: _flat(one, definitions) for key, one in value.items() if key != "$ref"}
    if "$ref" in value:
        target = _flat(definitions[value["$ref"].rpartition("/")[2]], definitions)
        return (target if isinstance(target, dict) else {}) | inner
    return _with_null(inner)


def _with_null(value: dict[str, object]) -> dict[str, object]:
    """Write "a kind, or null" as two types of one entry: the catalog shows the type of no alternative."""
    kinds = value.get("anyOf")
    if not isinstance(kinds, list) or {"type": "null"} not in kinds or len(kinds) != 2:
        return value
    kind = next(one for one in kinds if one != {"type": "null"})
    if not isinstance(kind.get("type"), str) or "enum" in kind or "const" in kind:
        return value
    rest = {key: one for key, one in value.items() if key != "anyOf"}
    return kind | rest | {"type": [kind["type"], "null"]}


GENERATED = {
    "config/config.yaml": yaml_text,
    "config/README.md": readme_text,
    "workflow/schemas/config.schema.json": schema_text,
}

if __name__ == "__main__":
    for path, make in GENERATED.items():
        write_text(ROOT / path, make())
